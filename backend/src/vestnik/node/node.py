"""One process's part of the site: its connections, the channels they listen to, and what moves between them."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from vestnik.core import messages as m
from vestnik.core import ports
from vestnik.core.codec import Codec
from vestnik.core.codes import DisconnectCode
from vestnik.core.hub import Hub, HubStats
from vestnik.core.limits import Limits
from vestnik.core.namespaces import Namespaces
from vestnik.core.orders import CONTROL_CHANNEL
from vestnik.core.session import Request, Session
from vestnik.node.attendance import Attendance
from vestnik.node.clients import Clients
from vestnik.node.connection import ClientConnection
from vestnik.node.enforcement import Enforcement
from vestnik.node.feed import Feed
from vestnik.node.joining import Joining, publication_of
from vestnik.node.log_reader import LogReader
from vestnik.node.outage import Outage
from vestnik.node.requests import Requests
from vestnik.node.timers import TimerWheel

logger = logging.getLogger(__name__)

TIMER_RESOLUTION = 0.25  # seconds; heartbeats need no more, and one look serves all connections
FINISH_WITHIN = 3.0  # seconds that what a leaving client has asked for may take


class NodeStats(msgspec.Struct, frozen=True):
    """What a node holds right now; counters since it was started."""

    name: str
    connections: int
    users: int
    served_channels: int
    requests_under_way: int
    connected_total: int
    hub: HubStats


class Node:
    """See the module's text. All methods belong to the loop that :meth:`start` was awaited in, except where said.

    Args:
        namespaces: The site's channels.
        authority, calls, log, broker: The ports; see :mod:`vestnik.core.ports`. Without ``calls`` rpc is off.
        limits: Bounds of one connection.
        version: What clients are told.
        poll_interval: Seconds between looks for changes that no hint announced.
        revocations_kept_for: Seconds; at least the lifetime of a connection token.
        now: Monotonic seconds.
        wall: Unix time.
    """

    def __init__(
        self,
        *,
        namespaces: Namespaces,
        authority: ports.Authority,
        calls: ports.Calls | None,
        log: ports.EventLog,
        broker: ports.Broker,
        limits: Limits,
        version: str,
        poll_interval: float,
        revocations_kept_for: float,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.name = secrets.token_hex(4)
        self.limits = limits
        self.now = now
        self.is_draining = False
        self.outage = Outage(logger, "a backend fails on requests")
        self._namespaces = namespaces
        self._broker = broker
        self._wall = wall
        self._hub = Hub()
        self._reader = LogReader(log)
        self._feed = Feed(
            log=log,
            reader=self._reader,
            broker=broker,
            deliver=self._deliver,
            broken=self._start_over,
            poll_interval=poll_interval,
        )
        self._wheel: TimerWheel[ClientConnection] = TimerWheel(TIMER_RESOLUTION)
        self._clients = Clients()
        self._attendance = Attendance(self._hub, self._feed, broker, self.spawn)
        self._enforcement = Enforcement(
            feed=self._feed,
            reader=self._reader,
            clients=self._clients,
            attendance=self._attendance,
            revocations_kept_for=revocations_kept_for,
        )
        joining = Joining(
            feed=self._feed,
            reader=self._reader,
            attendance=self._attendance,
            limits=limits,
            outage=self.outage,
            now=now,
        )
        self._requests = Requests(
            node=self.name,
            version=version,
            namespaces=namespaces,
            authority=authority,
            calls=calls,
            broker=broker,
            feed=self._feed,
            reader=self._reader,
            clients=self._clients,
            attendance=self._attendance,
            joining=joining,
            enforcement=self._enforcement,
            set_timer=self.set_timer,
            now=now,
            wall=wall,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._clockwork: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flush_is_scheduled = False
        self._connected_total = 0

    # Life -----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to work; returns when connections can be served.

        Raises:
            BackendError: The log or the broker cannot be reached.
        """
        self._loop = asyncio.get_running_loop()
        await self._broker.start(self.receive)
        self._feed.start()
        await self._enforcement.start()
        self._clockwork = [
            asyncio.create_task(self._turn_wheel(), name="vestnik heartbeats"),
            asyncio.create_task(self._attendance.keep_presence(self._clients), name="vestnik presence"),
        ]
        logger.info("node started", extra={"node": self.name})

    async def drain(self, within: float) -> None:
        """Send every client elsewhere, spread over ``within`` seconds so that they do not all come back at once.

        What a client has asked for before its turn is still answered.
        """
        self.is_draining = True
        leaving = list(self._clients)
        random.shuffle(leaving)
        logger.info("node draining", extra={"node": self.name, "connections": len(leaving), "within": within})
        pause = within / len(leaving) if leaving else 0.0
        finishing = []
        for connection in leaving:
            finishing.append(asyncio.create_task(connection.finish(DisconnectCode.SHUTDOWN, within=FINISH_WITHIN)))
            await asyncio.sleep(pause)
        await asyncio.gather(*finishing)

    async def stop(self) -> None:
        """Close what is left and let go of everything; idempotent."""
        self.is_draining = True
        for connection in self._clients:
            connection.disconnect(DisconnectCode.SHUTDOWN)
        for task in self._clockwork:
            task.cancel()
        await asyncio.gather(*self._clockwork, return_exceptions=True)
        await self._feed.stop()
        # Actions that are under way commit or fail by themselves; nobody waits for their answers any more.
        while self._tasks:
            await asyncio.wait(self._tasks)
        await self._reader.stop()
        await self._broker.stop()
        logger.info("node stopped", extra={"node": self.name})

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run ``work`` as a task that this node owns and waits for when it stops."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._task_done)
        return task

    def _task_done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a task of the node failed", exc_info=error)

    def stats(self) -> NodeStats:
        return NodeStats(
            name=self.name,
            connections=len(self._clients),
            users=self._clients.users,
            served_channels=len(self._feed),
            requests_under_way=len(self._tasks),
            connected_total=self._connected_total,
            hub=self._hub.stats(),
        )

    # Connections ----------------------------------------------------------------------------------------------------

    def connect(
        self,
        transport: ports.Connection,
        codec: Codec,
        *,
        credentials: ports.Credentials,
        channels: Sequence[str] = (),
    ) -> ClientConnection:
        """A socket was opened. The transport then calls ``receive`` and ``lost`` on what is returned.

        Args:
            transport: The socket.
            codec: What it speaks.
            credentials: What the handshake showed.
            channels: To be subscribed on connect, because the address that was dialled says so.
        """
        now = self.now()
        session = Session(
            codec=codec,
            namespaces=self._namespaces,
            limits=self.limits,
            client=secrets.token_hex(16),
            now=now,
            first_ping_in=random.uniform(0, self.limits.ping_interval),  # noqa: S311 spreads load, guards nothing
        )
        connection = ClientConnection(self, session, transport, credentials, tuple(channels))
        self._clients.add(connection)
        self._connected_total += 1
        self.set_timer(connection)
        logger.debug("connection opened", extra={"client": session.client})
        if self.is_draining:
            connection.disconnect(DisconnectCode.SHUTDOWN)
        return connection

    def forget(self, connection: ClientConnection) -> bool:
        """The connection is over; returns False if that was known already."""
        if not self._clients.discard(connection):
            return False
        self._wheel.discard(connection)
        for subscription in connection.session.subscriptions.values():
            self._attendance.leave(connection, subscription)
        logger.debug("connection over", extra={"client": connection.client})
        return True

    async def carry_out(self, connection: ClientConnection, request: Request) -> None:
        """See :meth:`vestnik.node.requests.Requests.carry_out`."""
        await self._requests.carry_out(connection, request)

    def set_timer(self, connection: ClientConnection) -> None:
        """See to it that the session is looked at when its next deadline has come."""
        deadline = connection.session.next_deadline()
        if deadline is not None:
            self._wheel.set(connection, deadline)

    async def _turn_wheel(self) -> None:
        while True:
            await asyncio.sleep(TIMER_RESOLUTION)
            self.look_at_deadlines()

    def look_at_deadlines(self) -> None:
        """Ping whom it is time to ping, and close who has not answered, not signed in, or not refreshed in time."""
        now = self.now()
        for connection in self._wheel.take_due(now):
            try:
                for subscription in connection.session.advance(now=now):
                    self._attendance.leave(connection, subscription)
                connection.flush()
            except Exception:  # one broken connection must not stop the heart of all
                logger.exception("a heartbeat failed", extra={"client": connection.client})
            self.set_timer(connection)
        self._enforcement.revocations.forget_old(self._wall())

    # Publications -----------------------------------------------------------------------------------------------------

    def receive(self, signal: ports.Signal) -> None:
        """Take a signal from the broker, in the node's loop."""
        match signal:
            case ports.Hint():
                self._feed.take_hint(signal)
            case ports.Ephemeral():
                publication = m.Publication(data=m.raw(signal.data), info=signal.info)
                self._hub.publish(signal.channel, [publication])
                self._schedule_flush()
            case ports.JoinOrLeave():
                push = (
                    m.Push(channel=signal.channel, join=m.Join(info=signal.info))
                    if signal.joined
                    else m.Push(channel=signal.channel, leave=m.Leave(info=signal.info))
                )
                self._hub.announce(push)

    def publish(self, signal: ports.Signal) -> None:
        """Send a signal to all nodes. Callable from any thread, before ``start`` and after ``stop`` without effect."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._broker.publish, signal)

    def _deliver(self, channel: str, logged: Sequence[ports.Logged]) -> None:
        if channel == CONTROL_CHANNEL:
            for publication in logged:
                self._enforcement.obey(publication.data)
            return
        self._hub.publish(channel, [publication_of(publication) for publication in logged])
        self._schedule_flush()

    def _start_over(self, channel: str) -> None:
        if channel == CONTROL_CHANNEL:
            self._clockwork.append(asyncio.create_task(self._enforcement.start_over(), name="vestnik orders"))
        else:
            self._attendance.start_over(channel)

    def _schedule_flush(self) -> None:
        """Write at the end of this turn, so that what comes together goes out together."""
        if not self._flush_is_scheduled and self._loop is not None and self._hub.has_waiting():
            self._flush_is_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_scheduled = False
        self._hub.flush()
