"""Messages over a Daphne socket whose peer reads, does not read, or is gone: Twisted's own transport, real sockets."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from daphne.ws_protocol import WebSocketFactory, WebSocketProtocol
from twisted.internet import tcp

from vestnik.transports.daphne import MAX_DIRECT_BYTES, DaphneSocket


class Reactor:
    """Remembers who wants to write; the test decides when they may."""

    def __init__(self) -> None:
        self.writers: list[Any] = []

    def addWriter(self, writer: Any) -> None:  # noqa: N802
        if writer not in self.writers:
            self.writers.append(writer)

    def removeWriter(self, writer: Any) -> None:  # noqa: N802
        if writer in self.writers:
            self.writers.remove(writer)

    def addReader(self, reader: Any) -> None:  # noqa: N802
        pass

    removeReader = addReader  # noqa: N815


class Wire:
    """Both ends of a connection: Daphne's, and that of a peer who reads when told to."""

    def __init__(self) -> None:
        ours, self.peer = socket.socketpair()
        for end in (ours, self.peer):
            end.setblocking(False)
        self.reactor = Reactor()
        self.protocol = WebSocketFactory(SimpleNamespace()).buildProtocol(None)
        self.transport = tcp.Server(ours, self.protocol, ("127.0.0.1", 1), None, 1, self.reactor)
        self.protocol.transport = self.transport
        self.protocol.state = self.protocol.STATE_OPEN
        self.protocol.peer = "a test"
        self.protocol.send_queue = deque()
        self.protocol._perMessageCompress = None
        self.protocol.trafficStats = SimpleNamespace(
            **dict.fromkeys(
                (
                    "outgoingWebSocketMessages",
                    "outgoingWebSocketFrames",
                    "outgoingOctetsAppLevel",
                    "outgoingOctetsWebSocketLevel",
                    "outgoingOctetsWireLevel",
                ),
                0,
            )
        )
        self.protocol.trackedTimings = None
        self.protocol.logFrames = self.protocol.logOctets = False
        self.protocol.maxMessagePayloadSize = self.protocol.autoFragmentSize = 0
        self.protocol.maskServerFrames = False
        found = DaphneSocket.behind(partial(WebSocketProtocol.handle_reply, self.protocol))
        assert found is not None
        self.socket = found

    def read(self) -> bytes:
        """What has arrived."""
        received = b""
        while True:
            try:
                piece = self.peer.recv(1 << 20)
            except BlockingIOError:
                return received
            if not piece:
                return received
            received += piece

    def turn(self) -> None:
        """Let the reactor write what waits."""
        for writer in list(self.reactor.writers):
            writer.doWrite()

    def close(self) -> None:
        self.transport.socket.close()
        self.peer.close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


def framed(message: bytes, opcode: int = 0x81) -> bytes:
    size = len(message)
    if size < 126:
        return bytes((opcode, size)) + message
    if size < 65_536:
        return bytes((opcode, 126)) + size.to_bytes(2, "big") + message
    return bytes((opcode, 127)) + size.to_bytes(8, "big") + message


@pytest.mark.parametrize("size", [1, 125, 126, 255, 256, MAX_DIRECT_BYTES, MAX_DIRECT_BYTES + 1])
@pytest.mark.parametrize("is_text", [True, False])
def test_a_message_arrives_as_one_frame(wire: Wire, size: int, is_text: bool) -> None:
    message = b"x" * size
    wire.socket.send(message, is_text=is_text)
    wire.turn()
    assert wire.read() == framed(message, 0x81 if is_text else 0x82)


def test_a_message_to_a_reading_peer_waits_for_nothing(wire: Wire) -> None:
    assert wire.socket.send(b"now", is_text=True) == 0
    assert wire.read() == framed(b"now")
    assert wire.reactor.writers == []


def test_equal_text_and_binary_messages_are_told_apart(wire: Wire) -> None:
    message = b"{}"
    for is_text in (True, False, True):
        wire.socket.send(message, is_text=is_text)
    assert wire.read() == framed(message) + framed(message, 0x82) + framed(message)


def test_what_a_slow_peer_has_not_read_is_counted_and_keeps_its_order(wire: Wire) -> None:
    messages = [bytes([65 + number % 26]) * (500 + number) for number in range(2000)]
    waiting = [wire.socket.send(message, is_text=True) for message in messages]
    assert waiting[0] == 0
    assert waiting[-1] == wire.socket.waiting > 0
    assert waiting == sorted(waiting)
    received = wire.read()
    assert waiting[-1] + len(received) == sum(len(framed(message)) for message in messages)
    while wire.socket.waiting:
        wire.turn()
        received += wire.read()
    assert wire.socket.send(b"directly again", is_text=True) == 0
    assert received + wire.read() == b"".join(map(framed, [*messages, b"directly again"]))


def test_a_close_frame_comes_after_all_messages_and_nothing_after_it(wire: Wire) -> None:
    sent = [b"message %d" % number for number in range(20_000)]
    for message in sent:
        wire.socket.send(message, is_text=True)
    wire.protocol.state = wire.protocol.STATE_CLOSING  # what sendClose does first
    assert wire.socket.send(b"too late", is_text=True) == 0
    received = wire.read()
    while wire.socket.waiting:
        wire.turn()
        received += wire.read()
    assert received == b"".join(map(framed, sent))


def test_a_peer_that_is_gone_is_left_to_the_transport(wire: Wire) -> None:
    wire.peer.close()
    wire.socket.send(b"into the void", is_text=True)
    wire.socket.send(b"into the void", is_text=True)
    assert wire.transport in wire.reactor.writers  # its next write finds out, and says so


def test_another_kind_of_transport_gets_its_messages_by_the_protocol(wire: Wire) -> None:
    written: list[bytes] = []
    wire.protocol.transport = SimpleNamespace(write=written.append)
    assert wire.socket.send(b"by the protocol", is_text=True) == 0
    assert written == [framed(b"by the protocol")]
    assert wire.read() == b""


def test_what_the_protocol_holds_back_stays_first(wire: Wire) -> None:
    wire.protocol.send_queue.append((b"held back", False))
    wire.protocol.triggered = True
    wire.socket.send(b"behind it", is_text=True)
    assert wire.read() == b""
    assert [data for data, _ in wire.protocol.send_queue] == [b"held back", framed(b"behind it")]
