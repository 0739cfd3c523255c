"""How a test client reaches a server: over a real socket, or straight into an ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

ASGIMessage = MutableMapping[str, Any]
ASGIApplication = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[ASGIMessage]], Callable[[ASGIMessage], Awaitable[None]]],
    Awaitable[None],
]


class HandshakeRefused(Exception):
    """The server answered the handshake with an HTTP status instead of an upgrade."""

    def __init__(self, status: int, body: bytes = b"") -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body

    def __str__(self) -> str:
        return f"the handshake was answered with HTTP {self.status}: {self.body[:200]!r}"


class LineClosed(Exception):
    """The server closed; ``code`` is 1006 when it did so without a close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Line(Protocol):
    """One WebSocket as a client has it."""

    async def send(self, message: str | bytes) -> None:
        """Send one message.

        Raises:
            LineClosed: The server has closed.
        """

    async def receive(self) -> str | bytes:
        """Wait for one message.

        Raises:
            LineClosed: There will be no more.
        """

    async def close(self, code: int) -> None:
        """Say goodbye."""

    async def abort(self) -> None:
        """Vanish without a goodbye, as when signal is lost."""


class SocketLine:
    """A line over the network, by the ``websockets`` library."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, url: str, *, headers: Mapping[str, str], origin: str | None, within: float) -> SocketLine:
        """Shake hands with the server at ``url``.

        Raises:
            HandshakeRefused: It answered with another status than 101.
            OSError: It cannot be reached.
        """
        try:
            connection = await connect(
                url,
                additional_headers=headers,
                origin=None if origin is None else Origin(origin),
                proxy=None,
                open_timeout=within,
                close_timeout=within,
                ping_interval=None,  # the protocol has its own keep-alive, and it is what is to be tested
                max_size=None,
                max_queue=None,
            )
        except InvalidStatus as error:
            raise HandshakeRefused(error.response.status_code, bytes(error.response.body or b"")) from error
        return cls(connection)

    async def send(self, message: str | bytes) -> None:
        try:
            await self._connection.send(message)
        except ConnectionClosed as error:
            raise self._closed(error) from error

    async def receive(self) -> str | bytes:
        try:
            return await self._connection.recv()
        except ConnectionClosed as error:
            raise self._closed(error) from error

    async def close(self, code: int) -> None:
        await self._connection.close(code)

    async def abort(self) -> None:
        self._connection.transport.abort()

    @staticmethod
    def _closed(error: ConnectionClosed) -> LineClosed:
        return LineClosed(1006, "") if error.rcvd is None else LineClosed(error.rcvd.code, error.rcvd.reason)


class AsgiLine:
    """A line straight into an ASGI application, without a server: it runs as a task of the caller's loop."""

    def __init__(self) -> None:
        self._to_app: asyncio.Queue[ASGIMessage] = asyncio.Queue()
        self._from_app: asyncio.Queue[ASGIMessage] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None
        self._closed: LineClosed | None = None

    @classmethod
    async def open(
        cls, app: ASGIApplication, url: str, *, headers: Mapping[str, str], origin: str | None, within: float
    ) -> AsgiLine:
        """Offer the application a WebSocket at ``url``, of which host, path and query count.

        Raises:
            HandshakeRefused: It did not accept.
        """
        line = cls()
        line._task = asyncio.create_task(line._run(app, _scope(url, headers, origin)))
        line._to_app.put_nowait({"type": "websocket.connect"})
        async with asyncio.timeout(within):
            answer = await line._from_app.get()
            if answer["type"] == "websocket.accept":
                return line
            body = await line._rest_of_answer(answer)
        await line._end()
        raise HandshakeRefused(answer.get("status", 403), body)

    async def send(self, message: str | bytes) -> None:
        if self._closed is not None:
            raise self._closed
        key = "text" if isinstance(message, str) else "bytes"
        self._to_app.put_nowait({"type": "websocket.receive", key: message})

    async def receive(self) -> str | bytes:
        if self._closed is not None:
            raise self._closed
        message = await self._from_app.get()
        if message["type"] == "websocket.send":
            text: str | None = message.get("text")
            return bytes(message["bytes"]) if text is None else text
        self._closed = LineClosed(message.get("code") or 1000, message.get("reason") or "")
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": self._closed.code, "reason": ""})
        raise self._closed

    async def close(self, code: int) -> None:
        if self._closed is None:
            self._closed = LineClosed(code, "")
            self._to_app.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        await self._end()

    async def abort(self) -> None:
        if self._closed is None:
            self._closed = LineClosed(1006, "")
            self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1006, "reason": ""})
        await self._end()

    async def _run(self, app: ASGIApplication, scope: ASGIMessage) -> None:
        try:
            await app(scope, self._to_app.get, self._from_app.put)
        finally:
            # What a server does when the application returns or fails.
            self._from_app.put_nowait({"type": "websocket.close", "code": 1006})

    async def _rest_of_answer(self, answer: ASGIMessage) -> bytes:
        """The body of a refusal that came as ``websocket.http.response.start``."""
        if answer["type"] != "websocket.http.response.start":
            return b""
        body: bytes = b""
        while True:
            part = await self._from_app.get()
            body += bytes(part.get("body", b""))
            if not part.get("more_body", False):
                return body

    async def _end(self) -> None:
        """Give the application a moment to end by itself; its errors are the caller's to see."""
        if self._task is not None:
            async with asyncio.timeout(5.0):
                await self._task


def _scope(url: str, headers: Mapping[str, str], origin: str | None) -> ASGIMessage:
    parts = urlsplit(url)
    host, port = parts.hostname or "testserver", parts.port or 80
    sent = {"host": parts.netloc or host, **({} if origin is None else {"origin": origin})}
    sent |= {name.lower(): value for name, value in headers.items()}
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": parts.scheme or "ws",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in sent.items()],
        "client": ("127.0.0.1", 50_000),
        "server": (host, port),
        "subprotocols": [],
        "state": {},
        "extensions": {"websocket.http.response": {}},
    }
