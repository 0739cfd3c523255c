"""What Daphne can do but ASGI cannot say: a close reason, a 401 before the upgrade, how much waits to be read.

Daphne hands the application a ``send`` that is bound to its protocol object. Where that is so, this module talks to the
protocol; everywhere else, and should a later Daphne differ, the plain ASGI messages are used.
"""

from __future__ import annotations

from functools import partial
from typing import Any

try:
    from autobahn.websocket.types import ConnectionDeny
    from daphne.ws_protocol import WebSocketProtocol
except ImportError:  # served by something else, in an environment without Daphne
    WebSocketProtocol = None


class DaphneSocket:
    """One WebSocket of a Daphne server."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    @classmethod
    def behind(cls, send: Any) -> DaphneSocket | None:
        """The socket behind an ASGI ``send``; None if it is not Daphne's."""
        if WebSocketProtocol is None or not isinstance(send, partial) or not send.args:
            return None
        protocol = send.args[0]
        return cls(protocol) if isinstance(protocol, WebSocketProtocol) else None

    def refuse(self, status: int, reason: str) -> None:
        """Answer the handshake with an HTTP status. Daphne's own way always says 403."""
        protocol = self._protocol
        denial = ConnectionDeny(code=status, reason=reason)  # type: ignore[no-untyped-call]
        protocol.handshake_deferred.errback(denial)
        del protocol.handshake_deferred
        protocol.server.protocol_disconnected(protocol)

    def send(self, frame: bytes, *, is_text: bool) -> None:
        """Send one message. Never waits: what the peer does not read piles up in :attr:`waiting`."""
        protocol = self._protocol
        if protocol.state == protocol.STATE_OPEN:
            protocol.sendMessage(frame, not is_text)

    def close(self, code: int, reason: str) -> None:
        """Close with a reason, which Daphne's own way drops."""
        self._protocol.sendClose(int(code), reason)

    @property
    def waiting(self) -> int:
        """Bytes that the peer has not read."""
        transport = self._protocol.transport
        buffered = len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
        return max(0, buffered) + int(getattr(transport, "_tempDataLen", 0))
