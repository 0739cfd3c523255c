"""The ASGI application between a server that behaves, or does not, and a node."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.node import Stage, stage
from vestnik.core.errors import BackendError
from vestnik.core.ports import Credentials
from vestnik.node.node import Node
from vestnik.transports.asgi import SocketApplication
from vestnik.transports.handshake import Doorkeeper, Handshake

SCOPE = {"type": "websocket", "path": "/ws", "headers": [(b"host", b"school.example")], "query_string": b""}


async def nobody(handshake: Handshake) -> Credentials:
    return Credentials()


class Server:
    """Runs the application for one socket, as an ASGI server would."""

    def __init__(self, node: Callable[[], Awaitable[Node]]) -> None:
        self.inbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.sent: list[dict[str, Any]] = []
        application = SocketApplication(node, Doorkeeper(nobody, ()), max_waiting=1000)
        self.inbox.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(application(dict(SCOPE), self.inbox.get, self._send))

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5.0):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def served() -> AsyncIterator[tuple[Stage, Server]]:
    async with stage() as place:

        async def node() -> Node:
            return place.node

        server = Server(node)
        await server.until(lambda: server.sent)
        server.inbox.put_nowait({"type": "websocket.receive", "text": '{"id":1,"connect":{"token":"7"}}'})
        await server.until(lambda: len(server.sent) == 2)
        yield place, server


async def test_a_server_that_cancels_its_applications_still_closes_with_a_code_and_a_reason() -> None:
    async with served() as (_, server):
        server.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await server.task
        assert server.sent[-1] == {"type": "websocket.close", "code": 3001, "reason": "shutdown"}
        assert json.loads(server.sent[-2]["text"])["push"]["disconnect"]["code"] == 3001


async def test_handshakes_that_fail_for_the_database_are_503_and_no_flood(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("vestnik"), "propagate", True)

    async def fail() -> Node:
        raise BackendError("the database is gone")

    application = SocketApplication(fail, Doorkeeper(nobody, ()), max_waiting=1000)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    for _ in range(100):
        await application({**SCOPE, "extensions": {"websocket.http.response": {}}}, receive, send)
    assert {message["status"] for message in sent if "status" in message} == {503}
    assert not any(b"database" in message.get("body", b"") for message in sent)
    [record] = {id(record): record for record in caplog.records if record.name == "vestnik.transports.asgi"}.values()
    assert record.exc_info is None
