"""Messages of a server as WebSocket frames, made once for all who are sent the same one."""

from __future__ import annotations

# What a message last looked like on the wire: the hub hands the same object to all subscribers, one after the other.
_last_framed: tuple[bytes, bool, bytes] = (b"", True, b"\x81\x00")


def framed(message: bytes, is_text: bool) -> bytes:
    """A whole message as one unmasked frame.

    Source: RFC 6455, section 5.2.
    """
    global _last_framed

    last, last_is_text, frame = _last_framed
    if message is not last or is_text is not last_is_text:
        frame = header(0x81 if is_text else 0x82, len(message)) + message
        _last_framed = (message, is_text, frame)
    return frame


def header(first: int, size: int) -> bytes:
    """What stands before a payload of ``size`` bytes; ``first`` holds the final bit and the opcode."""
    if size < 126:
        return bytes((first, size))
    if size < 65_536:
        return bytes((first, 126, size >> 8, size & 0xFF))
    return bytes((first, 127)) + size.to_bytes(8, "big")
