"""A conversation in the client protocol, as a browser would have it: connect, call, listen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from vestnik.core.errors import VestnikError
from vestnik.doctor.address import Address
from vestnik.doctor.network import PATIENCE, open_socket

Reply = dict[str, Any]  # as it came: a server that is not ours may say anything


class Refused(VestnikError):
    """The server said no to a command, or closed the connection with a code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.code} {self.reason}"


class NotTheProtocol(VestnikError):
    """What answers speaks WebSocket, but not the Centrifuge client protocol."""


class Dialogue:
    """An open connection with commands that are answered in order."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._unread: list[Reply] = []
        self._last_id = 0

    def command(self, name: str, request: Reply) -> Reply:
        """Send one command and return its result.

        Raises:
            Refused: With the error's code, or that of the disconnect.
            TimeoutError: No reply came within :data:`PATIENCE`.
            NotTheProtocol: Something else came.
        """
        self._last_id += 1
        number = self._last_id
        self._connection.send(msgspec.json.encode({"id": number, name: request}).decode())
        reply = self.wait_for(lambda reply: reply.get("id") == number, within=PATIENCE)
        if isinstance(error := reply.get("error"), dict):
            raise Refused(int(error.get("code", 0)), str(error.get("message", "")))
        result = reply.get(name)
        if not isinstance(result, dict):
            raise NotTheProtocol(f"the reply to {name} holds no {name}")
        return result

    def wait_for(self, is_wanted: Callable[[Reply], bool], *, within: float) -> Reply:
        """The first reply or push that is wanted; the others are dropped, pings are answered.

        Raises:
            Refused: The server disconnected instead.
            TimeoutError: Nothing wanted came in time.
        """
        deadline = time.monotonic() + within
        while True:
            while self._unread:
                reply = self._unread.pop(0)
                if not reply:
                    self._connection.send("{}")
                    continue
                disconnect = (reply.get("push") or {}).get("disconnect")
                if disconnect is not None:
                    raise Refused(int(disconnect.get("code", 0)), str(disconnect.get("reason", "")))
                if is_wanted(reply):
                    return reply
            try:
                frame = self._connection.recv(timeout=max(0.0, deadline - time.monotonic()))
            except ConnectionClosed as error:
                closed = error.rcvd
                raise Refused(closed.code if closed else 1006, closed.reason if closed else "closed") from error
            self._unread = _replies(frame)


def _replies(frame: str | bytes) -> list[Reply]:
    try:
        return [msgspec.json.decode(line, type=dict[str, Any]) for line in frame.splitlines() if line.strip()]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotTheProtocol("the server sent something that is not a JSON object a line") from error


@contextlib.contextmanager
def signed_in(address: Address, *, origin: str, token: str) -> Iterator[tuple[Dialogue, Reply]]:
    """A dialogue after ``connect``, and the server's reply to that.

    Raises:
        Refused, NotTheProtocol, TimeoutError: As :meth:`Dialogue.command`.
        OSError, EOFError, WebSocketException: There is no WebSocket; see :func:`network.open_socket`.
    """
    with open_socket(address, origin=origin) as connection:
        dialogue = Dialogue(connection)
        connect = {"name": "doctor", **({"token": token} if token else {})}
        yield dialogue, dialogue.command("connect", connect)
