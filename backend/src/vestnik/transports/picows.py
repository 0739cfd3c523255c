"""Sockets on picows: frames are read and unmasked in C, and written straight into the socket while nothing waits."""

from __future__ import annotations

import asyncio
import base64
import binascii
import codecs
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from picows import (
    WSAutoPingStrategy,
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    WSUpgradeResponse,
    WSUpgradeResponseWithListener,
)
from picows.picows import WSProtocol  # type: ignore[attr-defined]  # their stubs leave it out

from vestnik.core.codes import DisconnectCode
from vestnik.core.limits import Limits
from vestnik.node.connection import ClientConnection
from vestnik.node.node import Node
from vestnik.node.outage import Outage
from vestnik.transports.framing import framed, header
from vestnik.transports.front_door import Answer, FrontDoor, Request, TakeOver, bid_farewell
from vestnik.transports.handshake import PATHS, Admitted, Doorkeeper, Handshake, Refused

logger = logging.getLogger(__name__)

READ_BUFFER = 2_048  # bytes for a connection, whether it says anything or not; picows lets it grow
BACKLOG = 4_096  # connections that may wait to be accepted: after a restart all clients come at once
CLOSE_TIMEOUT = 5.0  # seconds until a peer that does not answer a close frame is dropped

# What a client says that was let in, after everything that matters was read from what it really said.
UPGRADE = (
    b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
)

Page = Callable[[Request], Awaitable[Answer]]


class Close:
    """Codes of RFC 6455 that a server closes with when the peer breaks the protocol of frames."""

    PROTOCOL_ERROR = 1002
    INVALID_TEXT = 1007
    TOO_LARGE = 1009


class MessageSocket(WSListener):
    """One WebSocket: frames in, whole messages out, and back. :class:`vestnik.core.ports.Connection` to the node.

    Subclasses say what becomes of a message.

    Args:
        limits: ``max_frame_size`` bounds a message, ``max_waiting_bytes`` what may wait for the peer to read it.
        is_text: What ``write`` sends.
    """

    __slots__ = (
        "_close_timer",
        "_closed_with",
        "_decoder",
        "_descriptor",
        "_fragments",
        "_fragments_are_text",
        "_fragments_size",
        "_has_ended",
        "_is_open",
        "_is_slow",
        "_is_text",
        "_limits",
        "_socket",
        "_transport",
        "_waiting",
    )

    _socket: WSTransport
    _transport: asyncio.Transport
    _waiting: Callable[[], int]
    _descriptor: int

    def __init__(self, limits: Limits, *, is_text: bool) -> None:
        self._limits = limits
        self._is_text = is_text
        self._is_open = False
        self._is_slow = False
        self._has_ended = False
        self._closed_with: int | None = None
        self._close_timer: asyncio.TimerHandle | None = None
        self._fragments: bytearray | None = None
        self._fragments_are_text = False
        self._fragments_size = 0
        self._decoder: codecs.IncrementalDecoder | None = None

    def opened(self) -> None:
        """The handshake is over."""

    def receive(self, message: bytes, is_text: bool) -> None:
        """A message of at most ``max_frame_size`` bytes has come; text is UTF-8."""
        raise NotImplementedError

    def slow(self) -> None:
        """More waits than may; called once, and while the hub may be writing."""
        raise NotImplementedError

    def ended(self) -> None:
        """Nothing can be received or sent any more."""

    # Out ------------------------------------------------------------------------------------------------------------

    @property
    def buffered(self) -> int:
        return self._waiting() if self._is_open else 0

    def write(self, frame: bytes) -> None:
        if self._is_open:
            self._write(framed(frame, self._is_text))

    def close(self, code: int, reason: str) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._closed_with = code
        # picows is told as well, for it answers a broken frame by itself.
        self._socket.send_close(code, reason.encode())  # type: ignore[arg-type]
        self._close_timer = asyncio.get_running_loop().call_later(CLOSE_TIMEOUT, self._transport.abort)

    def _write(self, data: bytes) -> None:
        if self._socket.is_close_frame_sent:
            return
        waiting = self._waiting()
        if not waiting:
            try:
                sent = os.write(self._descriptor, data)
            except OSError:
                sent = 0  # full, or gone: the event loop finds out which
            if sent == len(data):
                return
            data = data[sent:]
        self._transport.write(data)
        if waiting + len(data) > self._limits.max_waiting_bytes and not self._is_slow:
            self._is_slow = True
            self.slow()

    # In -------------------------------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._socket = transport
        wire: Any = transport.underlying_transport  # a _Wire
        self._transport = wire.transport
        self._waiting = wire.get_write_buffer_size
        self._descriptor = wire.get_extra_info("socket").fileno()
        self._is_open = True
        self.opened()

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self.leave()
        if self._close_timer is not None:
            self._close_timer.cancel()

    def leave(self) -> None:
        """The last was said, by either side. Idempotent."""
        self._is_open = False
        if not self._has_ended:
            self._has_ended = True
            self.ended()

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        kind = frame.msg_type
        if not self._is_open or transport.is_close_frame_sent:
            if kind is WSMsgType.CLOSE:
                transport.disconnect()
            return
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            self._fail(Close.PROTOCOL_ERROR, "reserved bits, and no extension was agreed on")
        elif kind is WSMsgType.TEXT or kind is WSMsgType.BINARY:
            self._receive_first(frame, kind is WSMsgType.TEXT)
        elif kind is WSMsgType.CONTINUATION:
            self._receive_fragment(frame)
        elif kind is WSMsgType.PING:
            payload = frame.get_payload_as_bytes()
            self._write(header(0x8A, len(payload)) + payload)
        elif kind is WSMsgType.CLOSE:
            self._receive_close(frame.get_payload_as_bytes())

    def pause_writing(self) -> None:
        """What waits is counted here; the event loop's own marks say nothing more."""

    resume_writing = pause_writing

    def _receive_first(self, frame: WSFrame, is_text: bool) -> None:
        if self._fragments is not None:
            self._fail(Close.PROTOCOL_ERROR, "a new message inside a fragmented one")
        elif not frame.fin:
            self._fragments = bytearray()
            self._fragments_size = 0
            self._fragments_are_text = is_text
            self._decoder = codecs.getincrementaldecoder("utf-8")() if is_text else None
            self._receive_fragment(frame)
        else:
            message = frame.get_payload_as_bytes()
            if is_text and not _is_utf8(message):
                self._fail(Close.INVALID_TEXT, "text that is not UTF-8")
            else:
                self.receive(message, is_text)

    def _receive_fragment(self, frame: WSFrame) -> None:
        if self._fragments is None:
            self._fail(Close.PROTOCOL_ERROR, "a continuation of nothing")
            return
        # An empty fragment counts as a byte: a message cannot go on for ever.
        self._fragments_size += max(1, frame.payload_size)
        if self._fragments_size > self._limits.max_frame_size:
            self._fail(Close.TOO_LARGE, f"message over {self._limits.max_frame_size} bytes")
            return
        payload = frame.get_payload_as_bytes()
        if self._decoder is not None:
            try:
                self._decoder.decode(payload, final=bool(frame.fin))
            except UnicodeDecodeError:
                self._fail(Close.INVALID_TEXT, "text that is not UTF-8")
                return
        self._fragments += payload
        if frame.fin:
            message, self._fragments, self._decoder = bytes(self._fragments), None, None
            self.receive(message, self._fragments_are_text)

    def _receive_close(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else 1000
        # picows has checked the length, the reason and most codes.
        if not (1000 <= code < 1004 or 1007 <= code < 1015 or 3000 <= code < 5000):
            self._fail(Close.PROTOCOL_ERROR, "a close code that nobody may send")
            return
        self._is_open = False
        self._closed_with = code
        self._socket.send_close(code)  # type: ignore[arg-type]
        self._socket.disconnect()

    def _fail(self, code: int, reason: str) -> None:
        """The peer does not keep to the protocol of frames: what it sends from now on is not looked at."""
        self.close(code, reason)
        logger.info("a peer broke the WebSocket protocol", extra={"code": code, "reason": reason})
        self._socket.disconnect()


class ClientSocket(MessageSocket):
    """A socket on which the site's protocol is spoken."""

    __slots__ = ("_address", "_admitted", "_connection", "_node")

    _connection: ClientConnection

    def __init__(self, node: Node, admitted: Admitted, address: str) -> None:
        super().__init__(node.limits, is_text=admitted.codec.is_text)
        self._node = node
        self._admitted: Admitted | None = admitted
        self._address = address

    def opened(self) -> None:
        admitted, self._admitted = self._admitted, None
        assert admitted is not None
        self._connection = self._node.connect(
            self, admitted.codec, credentials=admitted.credentials, channels=admitted.channels
        )
        client, name = self._connection.client, admitted.codec.name
        logger.info("connected", extra={"client": client, "address": self._address, "codec": name})

    def receive(self, message: bytes, is_text: bool) -> None:
        if self._is_text and not is_text:
            reason = "inappropriate protocol: expected text frames"
            self._connection.disconnect(DisconnectCode.INAPPROPRIATE_PROTOCOL, reason)
        else:
            self._connection.receive(message)

    def slow(self) -> None:
        self._connection.slow()

    def ended(self) -> None:
        connection = self._connection
        connection.lost()
        closing = connection.session.closing
        logger.info(
            "disconnected",
            extra={
                "client": connection.client,
                "user": connection.session.caller.user,
                "code": closing.code if closing else self._closed_with,
                "reason": closing.reason if closing else "closed by the peer",
            },
        )


class EchoSocket(MessageSocket):
    """Sends each message back as it came: for suites that test how a server treats frames."""

    __slots__ = ()

    def __init__(self, limits: Limits) -> None:
        super().__init__(limits, is_text=True)

    def receive(self, message: bytes, is_text: bool) -> None:
        self._write(header(0x81 if is_text else 0x82, len(message)) + message)

    def slow(self) -> None:
        asyncio.get_running_loop().call_soon(self.close, DisconnectCode.SLOW, "slow")


class SocketServer:
    """Listens for sockets, and for plain requests on the same port.

    Args:
        node: Already started.
        doorkeeper: Decides on handshakes.
        pages: What is answered at other paths, such as ``/healthz``.
        test_echo: Whether ``/echo`` is a socket that returns every message; for tests only.
    """

    def __init__(
        self, node: Node, doorkeeper: Doorkeeper, *, pages: Mapping[str, Page] | None = None, test_echo: bool = False
    ) -> None:
        self._node = node
        self._doorkeeper = doorkeeper
        self._pages = dict(pages or {})
        self._test_echo = test_echo
        self._log = _FrameLog(logger, {})
        self._outage = Outage(logger, "handshakes fail")

    async def listen(self, **where: Any) -> asyncio.Server:
        """Begin to accept; ``where`` is as for ``loop.create_server``: host and port, or a socket."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: FrontDoor(self._decide, self._outage), backlog=BACKLOG, **where)

    async def _decide(self, request: Request) -> Answer | TakeOver:
        page = self._pages.get(request.path)
        if page is not None:
            _require_method(request, "GET", "HEAD")
            return await page(request)
        if not request.wants_websocket:
            if self._is_socket_path(request.path):
                _require_method(request, "GET")
                return Answer(status=426, body=b"this address is a WebSocket", headers={"Upgrade": "websocket"})
            raise Refused(404, "nothing at this path")
        _require_method(request, "GET")
        key = _key_of(request)
        if self._test_echo and request.path == "/echo":
            return lambda transport, tail: self._open(transport, key, None, EchoSocket(self._node.limits), tail)
        admitted = await self._doorkeeper.admit(_handshake_of(request), is_draining=self._node.is_draining)
        listener = ClientSocket(self._node, admitted, request.address)
        return lambda transport, tail: self._open(transport, key, admitted.subprotocol, listener, tail)

    def _is_socket_path(self, path: str) -> bool:
        return PATHS.fullmatch(path) is not None or (self._test_echo and path == "/echo")

    def _open(
        self, transport: asyncio.Transport, key: bytes, subprotocol: str | None, listener: MessageSocket, tail: bytes
    ) -> None:
        """Put picows in charge of a connection whose handshake was read and decided on here."""
        response = WSUpgradeResponse.create_101_response(
            {"Sec-WebSocket-Protocol": subprotocol} if subprotocol is not None else None
        )

        def listener_for(_: WSUpgradeRequest) -> WSUpgradeResponseWithListener:
            return WSUpgradeResponseWithListener(response, listener)

        protocol: Any = WSProtocol(
            None,  # host, for clients
            None,  # path, for clients
            False,  # it is no client
            listener_for,
            self._log,
            True,  # an exception of ours closes the socket
            None,  # the handshake is over; nothing to time out
            False,  # the site's protocol has its own pings
            0.0,
            0.0,
            WSAutoPingStrategy.PING_WHEN_IDLE,
            False,  # pongs count as waiting bytes, hence are sent here
            self._node.limits.max_frame_size,
            None,
            READ_BUFFER,
        )
        transport.set_protocol(protocol)
        protocol.connection_made(_Wire(transport, protocol, listener))
        _feed(protocol, UPGRADE % key)
        _feed(protocol, tail)
        if not isinstance(transport.get_protocol(), WSProtocol) or transport.is_closing():
            return  # the peer's first frame was its last
        transport.resume_reading()


class _Wire:
    """A transport as picows uses it, except that closing lets the peer read what was sent last."""

    __slots__ = (
        "_listener",
        "_protocol",
        "abort",
        "get_extra_info",
        "get_write_buffer_size",
        "transport",
        "write",
        "writelines",
    )

    def __init__(self, transport: asyncio.Transport, protocol: asyncio.BaseProtocol, listener: MessageSocket) -> None:
        self.transport = transport
        self._protocol = protocol
        self._listener = listener
        self.abort = transport.abort
        self.get_extra_info = transport.get_extra_info
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.write = transport.write
        self.writelines = transport.writelines

    def close(self) -> None:
        self._listener.leave()
        bid_farewell(self.transport, self._protocol)


class _FrameLog(logging.LoggerAdapter[logging.Logger]):
    """What picows has to say of a connection: a peer that breaks the protocol is not an error of this server."""

    info = warning = error = logging.LoggerAdapter.debug  # what fails here comes by ``exception``


def _feed(protocol: Any, data: bytes) -> None:
    """Hand bytes to a buffered protocol, as an event loop does."""
    while data:
        buffer = protocol.get_buffer(len(data))
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        protocol.buffer_updated(size)
        data = data[size:]


def _require_method(request: Request, *allowed: str) -> None:
    if request.method not in allowed:
        raise Refused(405, f"expected {' or '.join(allowed)}")


def _key_of(request: Request) -> bytes:
    """The handshake's key.

    Raises:
        Refused: What came is not a handshake of RFC 6455.
    """
    if "upgrade" not in (word.lower() for word in request.tokens("connection")):
        raise Refused(400, "no `Connection: Upgrade`; does a proxy drop it?")
    if request.headers.get("sec-websocket-version") != "13":
        raise Refused(426, "expected `Sec-WebSocket-Version: 13`")
    key = request.headers.get("sec-websocket-key", "")
    try:
        is_good = len(base64.b64decode(key, validate=True)) == 16
    except (binascii.Error, ValueError):
        is_good = False
    if not is_good:
        raise Refused(400, "expected a `Sec-WebSocket-Key` of 16 bytes in base64")
    return key.encode("ascii")


def _handshake_of(request: Request) -> Handshake:
    return Handshake(
        path=request.path,
        query=request.query,
        headers=request.headers,
        subprotocols=tuple(request.tokens("sec-websocket-protocol")),
        address=request.address,
    )


def _is_utf8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
