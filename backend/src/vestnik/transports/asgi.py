"""The ASGI application that serves the socket, under Daphne, uvicorn or any other ASGI server."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from vestnik.core.codec import Codec
from vestnik.core.codes import DisconnectCode
from vestnik.node.connection import ClientConnection
from vestnik.node.eager import run_eagerly
from vestnik.node.node import Node
from vestnik.node.outage import Outage
from vestnik.transports.daphne import DaphneSocket, before_shutdown
from vestnik.transports.handshake import Admitted, Doorkeeper, Handshake, Refused

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SHUTDOWN_GRACE = 3.0  # seconds that what is under way may take when the server stops; Daphne allows ten
SHUTDOWN_SPREAD = 2.0  # seconds over which clients are sent elsewhere, so that they do not all come back at once
CLOSE_TIMEOUT = 5.0  # seconds until a peer that does not take note of a close is left to the server to drop


class AsgiConnection:
    """One socket of an ASGI server: a queue of frames and at most one ``send`` under way.

    Args:
        send: ASGI's.
        is_text: Whether frames are text messages.
        max_waiting: Bytes that may wait; past that ``on_slow`` is called, once.

    Attributes:
        on_slow: Called when too much waits; must not write.
        on_close: Called when the server closes.
    """

    def __init__(self, send: Send, *, is_text: bool, max_waiting: int) -> None:
        self._send = send
        self._daphne = DaphneSocket.behind(send)
        self._is_text = is_text
        self._max_waiting = max_waiting
        self._queue: deque[bytes] = deque()
        self._waiting = 0
        self._is_sending = False
        self._sender: asyncio.Task[None] | None = None
        self._close: tuple[int, str] | None = None
        self._is_slow = False
        self.on_slow: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None

    @property
    def is_daphne(self) -> bool:
        return self._daphne is not None

    @property
    def buffered(self) -> int:
        if self._daphne is not None:
            return self._daphne.waiting
        return self._waiting

    def write(self, frame: bytes) -> None:
        if self._close is not None:
            return
        if self._daphne is not None:
            waiting = self._daphne.send(frame, is_text=self._is_text)
        else:
            self._queue.append(frame)
            self._waiting += len(frame)
            self._start_sending()
            waiting = self._waiting
        if waiting > self._max_waiting and not self._is_slow:
            self._is_slow = True
            self.on_slow()

    def close(self, code: int, reason: str) -> None:
        if self._close is not None:
            return
        self._close = (code, reason)
        self.on_close()
        if self._daphne is not None:
            self._daphne.close(code, reason)
        elif self._is_slow:
            # What waits will not be read in time; the close frame would wait behind it.
            self._queue.clear()
            self._start_sending()
        else:
            self._start_sending()

    def lost(self) -> None:
        """The socket is gone: nothing can be sent any more."""
        self._close = self._close or (1006, "")
        self._queue.clear()
        if self._sender is not None:
            self._sender.cancel()

    def _start_sending(self) -> None:
        if not self._is_sending:
            self._is_sending = True
            self._sender = run_eagerly(self._send_queued())

    async def _send_queued(self) -> None:
        try:
            while self._queue:
                frame = self._queue.popleft()
                if self._is_text:
                    await self._send({"type": "websocket.send", "text": frame.decode()})
                else:
                    await self._send({"type": "websocket.send", "bytes": frame})
                self._waiting -= len(frame)
            if self._close is not None:
                code, reason = self._close
                await self._send({"type": "websocket.close", "code": code, "reason": reason})
        except Exception as error:
            # Servers differ in what they raise when the peer has gone; ``receive`` tells about that.
            logger.debug("a frame could not be sent: %s", error)
            self._queue.clear()
            self._waiting = 0
        finally:
            self._is_sending = False


class SocketApplication:
    """ASGI application for ``websocket`` scopes.

    Args:
        node: Called on the first handshake and then kept; starts the node in the server's loop.
        doorkeeper: Decides on handshakes.
        max_waiting: Bytes that may wait for a client that does not read.
    """

    def __init__(self, node: Callable[[], Awaitable[Node]], doorkeeper: Doorkeeper, *, max_waiting: int) -> None:
        self._node = node
        self._doorkeeper = doorkeeper
        self._max_waiting = max_waiting
        self._drains_with_daphne = False
        self._outage = Outage(logger, "handshakes fail")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            raise ValueError(f"SocketApplication serves websocket, not {scope['type']}")
        await receive()  # websocket.connect
        handshake = handshake_of(scope)
        try:
            node = await self._node()
            admitted = await self._doorkeeper.admit(handshake, is_draining=node.is_draining)
        except Refused as refusal:
            logger.warning(
                "handshake refused",
                extra={
                    "status": refusal.status,
                    "reason": refusal.reason,
                    "path": handshake.path,
                    "origin": handshake.headers.get("origin", ""),
                    "address": handshake.address,
                },
            )
            await refuse(scope, send, refusal)
            return
        except Exception as error:
            self._outage.failed(error, path=handshake.path, address=handshake.address)
            await refuse(scope, send, Refused(503, "not ready; see the server's log"))
            return
        await send({"type": "websocket.accept", "subprotocol": admitted.subprotocol})
        await self._serve(node, admitted, receive, send, handshake)

    async def _serve(self, node: Node, admitted: Admitted, receive: Receive, send: Send, handshake: Handshake) -> None:
        codec = admitted.codec
        transport = AsgiConnection(send, is_text=codec.is_text, max_waiting=self._max_waiting)
        if transport.is_daphne and not self._drains_with_daphne:
            self._drains_with_daphne = True
            before_shutdown(lambda: node.drain(within=SHUTDOWN_SPREAD))
        connection = node.connect(transport, codec, credentials=admitted.credentials, channels=admitted.channels)
        transport.on_slow = connection.slow
        logger.info("connected", extra={"client": connection.client, "address": handshake.address, "codec": codec.name})
        code: int | None = None
        try:
            async with asyncio.timeout(None) as patience:
                loop = asyncio.get_running_loop()
                transport.on_close = lambda: patience.reschedule(loop.time() + CLOSE_TIMEOUT)
                while True:
                    message = await receive()
                    if message["type"] == "websocket.disconnect":
                        code = message.get("code")
                        break
                    take_message(connection, codec, message)
        except TimeoutError:
            logger.info("a peer took no note of the close", extra={"client": connection.client})
        except asyncio.CancelledError:
            # The server is stopping: this is all that Daphne tells an application about it.
            transport.on_close = lambda: None  # nobody waits for the peer any more
            await connection.finish(DisconnectCode.SHUTDOWN, within=SHUTDOWN_GRACE)
            await asyncio.sleep(0.05)  # Twisted writes in a later turn of the loop
            code = DisconnectCode.SHUTDOWN
            raise
        finally:
            connection.lost()
            transport.lost()
            closing = connection.session.closing
            logger.info(
                "disconnected",
                extra={
                    "client": connection.client,
                    "user": connection.session.caller.user,
                    "code": closing.code if closing else code,
                    "reason": closing.reason if closing else "closed by the peer",
                },
            )


class LifespanApplication:
    """ASGI application for the ``lifespan`` scope.

    Args:
        start: Awaited before the server accepts connections; what it raises keeps the server from starting.
        stop: Awaited after it has closed them.
    """

    def __init__(self, start: Callable[[], Awaitable[object]], stop: Callable[[], Awaitable[object]]) -> None:
        self._start = start
        self._stop = stop

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start()
                except Exception as error:
                    logger.exception("not ready to serve")
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return


def take_message(connection: ClientConnection, codec: Codec, message: MutableMapping[str, Any]) -> None:
    """Hand one ``websocket.receive`` to the session."""
    text, data = message.get("text"), message.get("bytes")
    if codec.is_text and text is None:
        connection.disconnect(DisconnectCode.INAPPROPRIATE_PROTOCOL, "inappropriate protocol: expected text frames")
    elif text is not None:
        try:
            frame = text.encode()
        except UnicodeEncodeError:
            connection.disconnect(DisconnectCode.BAD_REQUEST, "bad request: not UTF-8")
            return
        connection.receive(frame)
    elif data is not None:
        connection.receive(data)


def handshake_of(scope: Scope) -> Handshake:
    """The parts of an ASGI scope that matter here."""
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    client = scope.get("client") or ("", 0)
    return Handshake(
        path=scope["path"],
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=headers,
        subprotocols=tuple(scope.get("subprotocols") or ()),
        address=str(client[0]),
    )


async def refuse(scope: Scope, send: Send, refusal: Refused) -> None:
    """Answer a handshake with an HTTP status, as far as the server can."""
    daphne = DaphneSocket.behind(send)
    if daphne is not None:
        daphne.refuse(refusal.status, refusal.reason)
    elif "websocket.http.response" in (scope.get("extensions") or {}):
        body = refusal.reason.encode()
        await send(
            {
                "type": "websocket.http.response.start",
                "status": refusal.status,
                "headers": [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")],
            }
        )
        await send({"type": "websocket.http.response.body", "body": body})
    else:
        await send({"type": "websocket.close", "code": 1008, "reason": refusal.reason[:123]})
