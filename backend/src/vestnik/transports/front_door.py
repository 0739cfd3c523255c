"""The first request on a connection: answered here if it is plain HTTP, handed on if it opens a socket."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import cast
from urllib.parse import unquote

import msgspec

from vestnik.node.eager import run_eagerly
from vestnik.node.outage import Outage
from vestnik.transports.handshake import Refused

logger = logging.getLogger(__name__)

MAX_HEAD = 16_384  # bytes; a cookie jar and two tokens fit
MAX_HEADERS = 100
HEAD_TIMEOUT = 10.0  # seconds until the whole head must have come
LINGER = 5.0  # seconds that a peer may take to read the last that was sent to it, and to close its side

_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (/[\x21-\x7e]*) HTTP/1\.1")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
# Said twice they mean different things to a proxy and to us.
_ONCE = frozenset({"host", "content-length", "sec-websocket-key", "sec-websocket-version", "upgrade"})


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The head of an HTTP request.

    Attributes:
        method: In upper case.
        path: Decoded, without the query.
        query: The raw query string.
        headers: Lower-case names; values of a header sent twice are joined by a comma, as RFC 9110 has it.
        address: The peer's address, for the log.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    address: str

    def tokens(self, name: str) -> list[str]:
        """The comma-separated words of a header, as they were sent."""
        return [word for part in self.headers.get(name, "").split(",") if (word := part.strip())]

    @property
    def wants_websocket(self) -> bool:
        return "websocket" in (word.lower() for word in self.tokens("upgrade"))


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an HTTP request is answered with; the connection is closed after it."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = {}


TakeOver = Callable[[asyncio.Transport, bytes], None]
"""Goes on with the connection: its transport, whose reading is paused, and what came after the head."""

Decide = Callable[[Request], Awaitable[Answer | TakeOver]]


class FrontDoor(asyncio.Protocol):
    """Reads one request and has it decided on. While that takes time, nothing more is read.

    Args:
        decide: May raise :class:`Refused`.
        outage: Told of failures, which are not the client's.
    """

    def __init__(self, decide: Decide, outage: Outage) -> None:
        self._decide = decide
        self._outage = outage
        self._received = bytearray()
        self._address = ""
        self._transport: asyncio.Transport
        self._timeout: asyncio.TimerHandle
        self._decision: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = stream = cast("asyncio.Transport", transport)  # uvloop's is one without deriving from it
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._timeout = asyncio.get_running_loop().call_later(HEAD_TIMEOUT, stream.abort)

    def connection_lost(self, error: Exception | None) -> None:
        self._timeout.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 and len(self._received) <= MAX_HEAD:
            return
        self._timeout.cancel()
        self._transport.pause_reading()
        if not 0 <= end <= MAX_HEAD:
            self._answer(Answer(status=431, body=b"request head over %d bytes" % MAX_HEAD))
            return
        try:
            request = parse_head(bytes(self._received[:end]), self._address)
        except Refused as refusal:
            self._answer(refused(refusal))
            return
        tail = bytes(self._received[end + 4 :])
        self._received.clear()
        self._decision = run_eagerly(self._go_on(request, tail))

    async def _go_on(self, request: Request, tail: bytes) -> None:
        try:
            decision = await self._decide(request)
            if self._transport.is_closing():
                return
            if isinstance(decision, Answer):
                self._answer(decision, with_body=request.method != "HEAD")
            else:
                decision(self._transport, tail)
        except Refused as refusal:
            logger.warning(
                "handshake refused" if request.wants_websocket else "request refused",
                extra={
                    "status": refusal.status,
                    "reason": refusal.reason,
                    "path": request.path,
                    "origin": request.headers.get("origin", ""),
                    "address": request.address,
                },
            )
            self._answer(refused(refusal), with_body=request.method != "HEAD")
        except Exception as error:
            self._outage.failed(error, path=request.path, address=request.address)
            self._answer(refused(Refused(503, "not ready; see the server's log")))

    def _answer(self, answer: Answer, *, with_body: bool = True) -> None:
        if not self._transport.is_closing():
            self._transport.write(to_bytes(answer, with_body=with_body))
            bid_farewell(self._transport, self)


class Farewell(asyncio.Protocol):
    """Throws away what a peer still sends after the last has been said to it.

    A socket that is closed with something unread resets the connection, and the reset may overtake what was sent.
    """

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol
        self._timeout = asyncio.get_running_loop().call_later(LINGER, transport.abort)

    def data_received(self, data: bytes) -> None:
        pass

    def connection_lost(self, error: Exception | None) -> None:
        self._timeout.cancel()
        self._protocol.connection_lost(error)


def bid_farewell(transport: asyncio.Transport, protocol: asyncio.BaseProtocol) -> None:
    """Send what waits, then close; at the latest after :data:`LINGER` seconds. ``protocol`` learns of the end only."""
    if transport.is_closing() or isinstance(transport.get_protocol(), Farewell):
        return
    if transport.is_reading():
        transport.pause_reading()  # an event loop looks at the kind of protocol when reading begins
    transport.set_protocol(Farewell(transport, protocol))
    transport.resume_reading()
    transport.write_eof()


def parse_head(head: bytes, address: str) -> Request:
    """The request line and the headers, without the empty line after them.

    Raises:
        Refused: 400 for what is not HTTP/1.1, 413 for a request with a body.
    """
    lines = head.split(b"\r\n")
    line = _REQUEST_LINE.fullmatch(lines[0])
    if line is None:
        raise Refused(400, "expected an HTTP/1.1 request")
    if len(lines) - 1 > MAX_HEADERS:
        raise Refused(431, f"more than {MAX_HEADERS} headers")
    headers: dict[str, str] = {}
    for text in lines[1:]:
        raw_name, colon, raw_value = text.partition(b":")
        if not colon or not _NAME.fullmatch(raw_name) or not _VALUE.fullmatch(raw_value):
            raise Refused(400, "malformed header")
        name, value = raw_name.decode("ascii").lower(), raw_value.strip(b" \t").decode("latin-1")
        if name in headers:
            if name in _ONCE:
                raise Refused(400, f"more than one {name} header")
            # Cookies alone are separated by semicolons.
            value = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}"
        headers[name] = value
    if "host" not in headers:
        raise Refused(400, "no host header")
    if "transfer-encoding" in headers or headers.get("content-length", "0").strip("0"):
        raise Refused(413, "a request with a body is not expected here")
    path, _, query = line[2].decode("ascii").partition("?")
    return Request(method=line[1].decode("ascii"), path=unquote(path), query=query, headers=headers, address=address)


def refused(refusal: Refused) -> Answer:
    return Answer(status=refusal.status, body=refusal.reason.encode())


def to_bytes(answer: Answer, *, with_body: bool = True) -> bytes:
    """The answer on the wire."""
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        "Cache-Control: no-store",
        "Connection: close",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (answer.body if with_body else b"")
