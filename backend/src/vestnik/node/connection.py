"""Drives one session: frames and time in, requests to the node, bytes out to the transport."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from vestnik.core import ports
from vestnik.core.codec import Codec
from vestnik.core.codes import DisconnectCode, ErrorCode
from vestnik.core.errors import BackendError, Disconnect, PeerError
from vestnik.core.hub import frames
from vestnik.core.session import Phase, Request, Session
from vestnik.node.outage import Outage

logger = logging.getLogger(__name__)


class Keeper(Protocol):
    """What a connection needs of the node that keeps it.

    Attributes:
        outage: Told when a backend fails on a request.
    """

    @property
    def outage(self) -> Outage: ...

    @property
    def now(self) -> Callable[[], float]:
        """Monotonic seconds."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` as a task of the node's."""

    async def carry_out(self, connection: ClientConnection, request: Request) -> None:
        """Do what the session asks of the outside world, and answer it."""

    def set_timer(self, connection: ClientConnection) -> None:
        """The session's next deadline may have come nearer."""

    def forget(self, connection: ClientConnection) -> bool:
        """The connection is over; returns False if that was known already."""


class ClientConnection:
    """One client of a node. The transport calls :meth:`receive` and :meth:`lost`; the node does the rest.

    Attributes:
        session: The protocol's side of it.
        transport: The socket's side of it.
        credentials: What the handshake showed.
        channels: Channels to be subscribed on connect because of the address that was dialled.
        write: Queues one frame for the socket; the hub calls it directly.
    """

    __slots__ = ("_node", "_task", "channels", "client", "codec", "credentials", "session", "transport", "write")

    def __init__(
        self,
        node: Keeper,
        session: Session,
        transport: ports.Connection,
        credentials: ports.Credentials,
        channels: tuple[str, ...],
    ) -> None:
        self._node = node
        self._task: asyncio.Task[None] | None = None
        self.session = session
        self.transport = transport
        self.credentials = credentials
        self.channels = channels
        self.client = session.client
        self.codec: Codec = session.codec
        self.write: Callable[[bytes], None] = transport.write

    def receive(self, frame: bytes) -> None:
        """Take one frame from the socket. Never raises, never waits."""
        self.session.receive_frame(frame, now=self._node.now())
        self._go_on()

    def lost(self) -> None:
        """The socket is closed. What is under way is finished, its outcome dropped. Idempotent."""
        self.session.lost()
        self._node.forget(self)

    def slow(self) -> None:
        """More waits for the peer than the limit allows: it is closed and resumes from the log.

        Called by the transport while the hub may be writing, hence acts in the next turn of the loop.
        """
        asyncio.get_running_loop().call_soon(self.disconnect, DisconnectCode.SLOW)

    def disconnect(self, code: DisconnectCode, reason: str = "") -> None:
        """Tell the client, then close the socket."""
        self.session.disconnect(code, reason)
        self.flush()

    async def finish(self, code: DisconnectCode, *, within: float) -> None:
        """Let what was asked for be answered, for at most ``within`` seconds, then disconnect."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=within)
        self.disconnect(code)

    def flush(self) -> None:
        """Write what the session has to say; close the socket if it is to be closed."""
        parts = self.session.data_to_send()
        if parts:
            for frame in frames(self.codec, parts):
                self.write(frame)
        closing = self.session.closing
        if closing is not None:
            if self._node.forget(self):
                logger.debug(
                    "connection closed by the server",
                    extra={"client": self.client, "code": int(closing.code), "reason": closing.reason},
                )
            self.transport.close(closing.code, closing.reason)

    def _go_on(self) -> None:
        if self._task is None:
            request = self.session.next_request()
            if request is not None:
                self._task = self._node.spawn(self._work(request))
        self.flush()

    async def _work(self, request: Request | None) -> None:
        try:
            while request is not None:
                await self._carry_out(request)
                self.flush()
                request = self.session.next_request()
        finally:
            self._task = None

    async def _carry_out(self, request: Request) -> None:
        try:
            await self._node.carry_out(self, request)
        except PeerError as error:
            self._refuse(request, error)
        except Disconnect as error:
            self.session.disconnect(error.code, error.reason)
        except BackendError as error:
            self._node.outage.failed(error, client=self.client, request=_name(request))
            self._refuse_for_now(request)
        except Exception:
            logger.exception("a request failed", extra={"client": self.client, "request": _name(request)})
            self._refuse_for_now(request)

    def _refuse(self, request: Request, error: PeerError) -> None:
        self.session.refuse(request, error)
        # A client that was not signed in has to try again within the time that is set for ``connect``.
        self._node.set_timer(self)

    def _refuse_for_now(self, request: Request) -> None:
        """Our fault: error 100, after which the client tries again; if that cannot be said, it has to come back."""
        if self.session.phase is Phase.SIGNING_IN or not self.session.waits_for(request):
            self.session.disconnect(DisconnectCode.SERVER_ERROR)
        else:
            self._refuse(request, PeerError(ErrorCode.INTERNAL))


def _name(request: Request) -> str:
    return type(request).__name__
