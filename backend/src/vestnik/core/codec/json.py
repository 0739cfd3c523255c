"""The JSON codec: objects separated by line feeds, in WebSocket text messages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from vestnik.core.codec.base import Codec, MalformedFrame
from vestnik.core.codec.data import MAX_DATA_DEPTH, in_plain_words, is_deeper, mend_surrogates
from vestnik.core.messages import Command, Publication, Push, Reply

# Data may be as deep as that below the four levels of the protocol (command, connect, subs, subscribe). Twice as much
# is still no danger to the parser's stack, and leaves room to tell too deep data (107) from a broken frame (3501).
MAX_FRAME_DEPTH = 2 * MAX_DATA_DEPTH

_Decoded = TypeVar("_Decoded", Command, Reply)

_encode = msgspec.json.Encoder().encode
_decode_command = msgspec.json.Decoder(Command).decode
_decode_reply = msgspec.json.Decoder(Reply).decode


class JSONCodec:
    """Encodes with msgspec; fields that are not known are ignored, of a doubled key the last one counts."""

    name = "json"
    is_text = True
    PING = b"{}"

    def decode_commands(self, frame: bytes) -> list[Command]:
        return _decode_lines(frame, _decode_command)

    def encode_reply(self, reply: Reply) -> bytes:
        return _encode(reply)

    def encode_push(self, push: Push) -> bytes:
        return _encode(Reply(push=push))

    def encode_publication(self, channel: str, publication: Publication) -> bytes:
        return _encode(Reply(push=Push(channel=channel, pub=publication)))

    def join(self, parts: Sequence[bytes]) -> bytes:
        return b"\n".join(parts)

    def encode_commands(self, commands: Sequence[Command]) -> bytes:
        return b"\n".join(map(_encode, commands))

    def decode_replies(self, frame: bytes) -> list[Reply]:
        return _decode_lines(frame, _decode_reply)


def _decode_lines(frame: bytes, decode: Callable[[bytes], _Decoded]) -> list[_Decoded]:
    try:
        # msgspec does not look at the text of what it passes through or skips.
        frame.decode()
    except UnicodeDecodeError as error:
        raise MalformedFrame("not UTF-8") from error
    if frame.count(b"[") + frame.count(b"{") > MAX_FRAME_DEPTH and is_deeper(frame, MAX_FRAME_DEPTH):
        raise MalformedFrame("malformed JSON, or nested too deep")
    try:
        return [_decode_line(line, decode) for line in frame.split(b"\n") if line and not line.isspace()]
    except msgspec.ValidationError as error:
        raise MalformedFrame(in_plain_words(error)) from error
    except msgspec.DecodeError as error:
        raise MalformedFrame("malformed JSON") from error
    except (RecursionError, UnicodeDecodeError, ValueError) as error:
        raise MalformedFrame("malformed JSON") from error


def _decode_line(line: bytes, decode: Callable[[bytes], _Decoded]) -> _Decoded:
    try:
        return decode(line)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        mended = mend_surrogates(line)
        if mended == line:
            raise
        return decode(mended)


JSON: Codec = JSONCodec()
