"""Many WebSocket clients in one thread, with so little work per frame that the server is what is measured.

One ``epoll``, one buffer, sockets without an event loop around them. A frame costs a ``recv``, a look at its header and
a slice; what is in it is judged after the clock has stopped. Frames to the server are masked with the key 0, which is
valid and leaves the payload as it is, so that they are built by joining bytes.
"""

from __future__ import annotations

import base64
import os
import select
import socket
import struct
import time
from collections.abc import Callable

from harness.report import WrongResult

RECEIVE_BYTES = 262_144
NOTHING: Callable[[Line, bytes], None] = lambda line, payload: None  # noqa: E731


def client_frame(payload: bytes, opcode: int = 1) -> bytes:
    """A masked frame, key 0."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return head + bytes(4) + payload


PONG = client_frame(b"{}")


class Line:
    """One WebSocket. ``payloads`` collects its text messages until somebody takes them."""

    __slots__ = ("_rest", "count", "payloads", "socket")

    def __init__(self, connected: socket.socket, rest: bytes = b"") -> None:
        self.socket = connected
        self.payloads: list[bytes] = []
        self.count = 0
        self._rest = rest

    def send(self, frames: bytes) -> None:
        """Send ready-made frames; waits while the server does not read."""
        while frames:
            try:
                frames = frames[self.socket.send(frames) :]
            except BlockingIOError:
                select.select([], [self.socket], [], 1.0)

    def take(self, data: bytes) -> list[bytes]:
        """The text messages that are complete with ``data``. Pings of both layers are answered and not returned."""
        if self._rest:
            data = self._rest + data
        messages = []
        at, end = 0, len(data)
        while end - at >= 2:
            size = data[at + 1]
            start = at + 2
            if size == 126:
                if end - at < 4:
                    break
                size = data[at + 2] << 8 | data[at + 3]
                start = at + 4
            elif size == 127:
                if end - at < 10:
                    break
                size = int.from_bytes(data[at + 2 : at + 10], "big")
                start = at + 10
            if start + size > end:
                break
            kind, payload = data[at], data[start : start + size]
            at = start + size
            if kind == 0x81:
                if payload == b"{}":
                    self.send(PONG)
                else:
                    messages.append(payload)
            elif kind == 0x89:
                self.send(client_frame(payload, opcode=10))
            elif kind == 0x88:
                raise WrongResult(f"the server closed a connection: {payload[2:].decode(errors='replace')!r}")
            elif kind != 0x8A:
                raise WrongResult(f"a frame of an unexpected kind: {kind:#x}")
        self._rest = data[at:] if at < end else b""
        return messages


class Crowd:
    """Lines to servers, watched together.

    Attributes:
        on_message: Called with the line and the payload of each text message.
    """

    def __init__(self) -> None:
        self.on_message = NOTHING
        self._epoll = select.epoll()
        self._lines: dict[int, Line] = {}

    def __enter__(self) -> Crowd:
        return self

    def __exit__(self, *_: object) -> None:
        for line in self._lines.values():
            line.socket.close()
        self._epoll.close()

    def open(self, port: int, path: str) -> Line:
        """Connect and shake hands."""
        connected = socket.create_connection(("127.0.0.1", port), timeout=30)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = base64.b64encode(os.urandom(16)).decode()
        connected.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        answer = b""
        while b"\r\n\r\n" not in answer:
            piece = connected.recv(4096)
            if not piece:
                raise WrongResult(f"no handshake with port {port}: {answer!r}")
            answer += piece
        head, _, rest = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101"):
            raise WrongResult(f"no handshake with port {port}: {head.splitlines()[0]!r}")
        connected.setblocking(False)
        line = Line(connected, rest)
        self._lines[connected.fileno()] = line
        self._epoll.register(connected.fileno(), select.EPOLLIN)
        return line

    def close(self, line: Line) -> None:
        self._epoll.unregister(line.socket.fileno())
        del self._lines[line.socket.fileno()]
        line.socket.close()

    def poll(self, seconds: float) -> None:
        """Take what has come; wait at most that long for the first of it."""
        lines, on_message = self._lines, self.on_message
        for number, _ in self._epoll.poll(seconds):
            line = lines[number]
            try:
                data = line.socket.recv(RECEIVE_BYTES)
            except BlockingIOError:
                continue
            if not data:
                raise WrongResult("the server closed a connection")
            for message in line.take(data):
                on_message(line, message)

    def poll_until(self, is_done: Callable[[], bool], within: float, what: str) -> None:
        """Poll until something is so.

        Raises:
            WrongResult: It is not, in ``within`` seconds; says ``what`` was waited for.
        """
        deadline = time.monotonic() + within
        while not is_done():
            if time.monotonic() > deadline:
                raise WrongResult(f"{what}: not within {within:.0f} s")
            self.poll(0.2)

    def ask(self, line: Line, command: bytes, *, expecting: bytes = b"", within: float = 60.0) -> bytes:
        """Send one frame; returns what comes on the same line, up to the message that holds ``expecting``.

        Raises:
            WrongResult: It does not come in time, or an error does.
        """
        answers: list[bytes] = []
        before = self.on_message
        self.on_message = lambda one, message: answers.append(message) if one is line else before(one, message)
        try:
            line.send(client_frame(command))
            self.poll_until(lambda: any(expecting in answer for answer in answers), within, f"an answer to {command!r}")
        finally:
            self.on_message = before
        received = b"\n".join(answers)
        if b'"error"' in received:
            raise WrongResult(f"{command!r} was refused: {received!r}")
        return received
