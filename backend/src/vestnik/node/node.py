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
from vestnik.core import session as s
from vestnik.core.channel import Channel
from vestnik.core.codec import Codec
from vestnik.core.codes import DisconnectCode, ErrorCode, UnsubscribeCode
from vestnik.core.errors import BackendError, Disconnect, PeerError
from vestnik.core.hub import Hub, HubStats, frames
from vestnik.core.limits import Limits
from vestnik.core.namespaces import Namespace, Namespaces
from vestnik.core.orders import CONTROL_CHANNEL, DisconnectToken, DisconnectUser, Order, UnsubscribeUser, decode_order
from vestnik.core.position import Position
from vestnik.core.session import Phase, Session
from vestnik.core.subscription import Subscription, SubscriptionState
from vestnik.node.catch_up import CatchUp
from vestnik.node.connection import ClientConnection
from vestnik.node.feed import Feed, ServedChannel
from vestnik.node.log_reader import LogReader
from vestnik.node.outage import Outage
from vestnik.node.revocations import Revocations
from vestnik.node.timers import TimerWheel

logger = logging.getLogger(__name__)

TIMER_RESOLUTION = 0.25  # seconds; heartbeats need no more, and one look serves all connections
PRESENCE_EVERY = 20.0  # seconds between renewals; a broker forgets after 60
MAX_HISTORY = 1000  # publications in one answer to ``history``
RECENT_ORDERS = 1000  # read at start, so that a restart does not forget what was revoked a minute ago
FINISH_WITHIN = 3.0  # seconds that what a leaving client has asked for may take
MAX_PAUSE = 30.0  # seconds that a resuming client may leave unread what it was sent


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
        self._authority = authority
        self._calls = calls
        self._log = log
        self._broker = broker
        self._version = version
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
        self._connections: set[ClientConnection] = set()
        self._by_user: dict[str, set[ClientConnection]] = {}
        self._by_token: dict[str, set[ClientConnection]] = {}
        self._revocations = Revocations(revocations_kept_for)
        self._presence_outage = Outage(logger, "presence is not up to date")
        self._tasks: set[asyncio.Task[None]] = set()
        self._clockwork: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flush_is_scheduled = False
        self._connected_total = 0
        self._unsubscribe_orders = 0

    # Life -----------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to work; returns when connections can be served.

        Raises:
            BackendError: The log or the broker cannot be reached.
        """
        self._loop = asyncio.get_running_loop()
        await self._broker.start(self.receive)
        self._feed.start()
        control = await self._feed.hold(CONTROL_CHANNEL, is_logged=True)
        await self._read_recent_orders(control)
        self._clockwork = [
            asyncio.create_task(self._turn_wheel(), name="vestnik heartbeats"),
            asyncio.create_task(self._renew_presence(), name="vestnik presence"),
        ]
        logger.info("node started", extra={"node": self.name})

    async def drain(self, within: float) -> None:
        """Send every client elsewhere, spread over ``within`` seconds so that they do not all come back at once.

        What a client has asked for before its turn is still answered.
        """
        self.is_draining = True
        leaving = list(self._connections)
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
        for connection in list(self._connections):
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
            connections=len(self._connections),
            users=len(self._by_user),
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
        self._connections.add(connection)
        self._connected_total += 1
        self.set_timer(connection)
        logger.debug("connection opened", extra={"client": session.client})
        if self.is_draining:
            connection.disconnect(DisconnectCode.SHUTDOWN)
        return connection

    def forget(self, connection: ClientConnection) -> bool:
        """The connection is over; returns False if that was known already."""
        if connection not in self._connections:
            return False
        self._connections.discard(connection)
        self._wheel.discard(connection)
        session = connection.session
        for index, key in ((self._by_user, session.caller.user), (self._by_token, session.caller.token)):
            if key in index:
                index[key].discard(connection)
                if not index[key]:
                    del index[key]
        for subscription in session.subscriptions.values():
            self._leave(connection, subscription)
        logger.debug("connection over", extra={"client": connection.client})
        return True

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
                    self._leave(connection, subscription)
                connection.flush()
            except Exception:  # one broken connection must not stop the heart of all
                logger.exception("a heartbeat failed", extra={"client": connection.client})
            self.set_timer(connection)
        self._revocations.forget_old(self._wall())

    # Requests -------------------------------------------------------------------------------------------------------

    async def carry_out(self, connection: ClientConnection, request: s.Request) -> None:
        """Do what a request asks and answer it on the session.

        Raises:
            PeerError: The request is to be refused with it.
            Disconnect: The connection is to be closed with it.
        """
        session = connection.session
        match request:
            case s.SignIn():
                await self._sign_in(connection, request)
            case s.Subscribe():
                await self._subscribe(connection, request)
            case s.Unsubscribe():
                if request.subscription is not None:
                    self._leave(connection, request.subscription)
                session.answer(request, m.Reply(id=request.id, unsubscribe=m.UnsubscribeResult()))
            case s.Publish():
                self._publish(connection, request)
            case s.Call():
                data = await self._call(connection, request)
                session.answer(request, m.Reply(id=request.id, rpc=m.RPCResult(data=m.raw(data))))
            case s.AskPresence():
                presence = dict(await self._broker.presence(request.channel))
                session.answer(request, m.Reply(id=request.id, presence=m.PresenceResult(presence=presence)))
            case s.AskPresenceStats():
                infos = (await self._broker.presence(request.channel)).values()
                result = m.PresenceStatsResult(num_clients=len(infos), num_users=len({info.user for info in infos}))
                session.answer(request, m.Reply(id=request.id, presence_stats=result))
            case s.AskHistory():
                history = await self._history(request.history)
                session.answer(request, m.Reply(id=request.id, history=history))
            case s.Refresh():
                await self._refresh(connection, request)
            case s.RefreshSubscription():
                await self._refresh_subscription(connection, request)

    async def _sign_in(self, connection: ClientConnection, request: s.SignIn) -> None:
        session, shown = connection.session, connection.credentials
        credentials = msgspec.structs.replace(
            shown, token=request.connect.token or shown.token, data=bytes(request.connect.data)
        )
        revocations = self._revocations.count
        signed_in = await self._authority.sign_in(credentials, now=self._wall())
        caller = msgspec.structs.replace(signed_in.caller, client=session.client)
        joining: list[tuple[Subscription, ServedChannel, CatchUp | None, m.SubscribeResult]] = []
        held: list[str] = []
        seen = self._unsubscribe_orders
        try:
            for name in self._channels_on_connect(connection, signed_in):
                asked = request.connect.subs.get(name, m.SubscribeRequest())
                channel, namespace = await self._require_leave(signed_in, name)
                subscription = Subscription(channel, namespace, asked, by_server=True)
                served = await self._feed.hold(name, is_logged=subscription.namespace.logged)
                held.append(name)
                joining.append((subscription, served, *await self._begin(served, subscription, asked)))
            while seen != self._unsubscribe_orders:
                # A permission ended while this was going on: the answers may be from before that.
                seen = self._unsubscribe_orders
                for name in held:
                    await self._require_leave(signed_in, name)
            if session.phase is not Phase.SIGNING_IN:
                return
            if self._revocations.covers(signed_in):
                raise Disconnect(DisconnectCode.INVALID_TOKEN, "invalid token: revoked")
            if self._revocations.has_heard_of(caller.user, since=revocations):
                # Nobody can tell whether the credential was looked at before that or after: it is looked at again.
                raise Disconnect(DisconnectCode.FORCE_RECONNECT)
            for _, served, catch_up, result in joining:
                if catch_up is None:
                    self._begin_here(result, served)
            session.accept(
                request,
                caller=caller,
                info=signed_in.info,
                data=signed_in.data,
                ttl=self._ttl(signed_in.expires_at),
                subscriptions={sub.channel.name: (sub, result) for sub, _, _, result in joining},
                node=self.name,
                version=self._version,
                now=self.now(),
            )
            connection.flush()
            self._index(connection)
            self.set_timer(connection)
            # First those that need no catching up: they hear all that is published while the others do.
            for subscription, _, catch_up, _ in sorted(joining, key=lambda entry: entry[2] is not None):
                subscription.info = session.info
                if await self._follow_and_join(connection, subscription, catch_up):
                    held.remove(subscription.channel.name)
        finally:
            for name in held:
                self._feed.release(name)
        logger.debug("signed in", extra={"client": session.client, "user": caller.user})

    def _channels_on_connect(self, connection: ClientConnection, signed_in: ports.SignedIn) -> list[str]:
        names = [*self._namespaces.personal_channels(signed_in.caller.user), *signed_in.channels, *connection.channels]
        return list(dict.fromkeys(names))

    async def _require_leave(self, signed_in: ports.SignedIn, name: str) -> tuple[Channel, Namespace]:
        """Check that the server may subscribe this user to a channel; what was not chosen here is asked for.

        Raises:
            Disconnect: 3507; whoever dialled that address has no business there.
        """
        channel, namespace = self._namespaces.resolve(name)
        if not channel.admits(signed_in.caller.user):
            raise Disconnect(DisconnectCode.PERMISSION_DENIED)
        try:
            if not namespace.personal and name not in signed_in.channels:
                await self._authority.may_subscribe(
                    signed_in.caller, channel, namespace, token="", data=b"", now=self._wall()
                )
        except PeerError as error:
            raise Disconnect(DisconnectCode.PERMISSION_DENIED) from error
        return channel, namespace

    def _index(self, connection: ClientConnection) -> None:
        caller = connection.session.caller
        for index, key in ((self._by_user, caller.user), (self._by_token, caller.token)):
            if key:
                index.setdefault(key, set()).add(connection)

    async def _subscribe(self, connection: ClientConnection, request: s.Subscribe) -> None:
        session, subscription = connection.session, request.subscription
        name = subscription.channel.name
        grant = await self._leave_for(connection, request)
        served = await self._feed.hold(name, is_logged=subscription.namespace.logged)
        is_held = True
        try:
            catch_up, result = await self._begin(served, subscription, request.subscribe)
            while subscription.must_recheck:
                # A permission ended while leave was being asked for: the answer may be from before that.
                grant = await self._leave_for(connection, request)
            if subscription.state is not SubscriptionState.JOINING:
                return
            ttl = self._ttl(grant.expires_at)
            subscription.expires_at = None if ttl is None else self.now() + ttl
            subscription.info = msgspec.structs.replace(session.info, chan_info=m.raw(grant.info))
            result.expires, result.ttl = ttl is not None, max(1, int(ttl)) if ttl is not None else 0
            result.data = m.raw(grant.data)
            if catch_up is None:
                self._begin_here(result, served)
            session.subscribed(request, result)
            connection.flush()
            self.set_timer(connection)
            is_held = not await self._follow_and_join(connection, subscription, catch_up)
        finally:
            if is_held:
                self._feed.release(name)

    async def _leave_for(self, connection: ClientConnection, request: s.Subscribe) -> ports.Grant:
        subscription = request.subscription
        subscription.must_recheck = False
        return await self._authority.may_subscribe(
            connection.session.caller,
            subscription.channel,
            subscription.namespace,
            token=request.subscribe.token,
            data=bytes(request.subscribe.data),
            now=self._wall(),
        )

    async def _begin(
        self, served: ServedChannel, subscription: Subscription, asked: m.SubscribeRequest
    ) -> tuple[CatchUp | None, m.SubscribeResult]:
        """Resume if the client asks for it. Without a :class:`CatchUp` the client begins where the hub is *then*."""
        result = m.SubscribeResult(recoverable=subscription.is_recoverable, positioned=subscription.is_positioned)
        if not served.is_logged or not asked.recover:
            return None, result
        result.was_recovering = True
        catch_up = CatchUp(self._feed, self._reader, served, Position(asked.epoch, asked.offset))
        result.recovered = await catch_up.begin()
        if not result.recovered:
            return None, result
        result.epoch, result.offset = asked.epoch, asked.offset
        result.publications = [_publication(logged) for logged in catch_up.first]
        return catch_up, result

    def _begin_here(self, result: m.SubscribeResult, served: ServedChannel) -> None:
        """Tell the client where the hub is. Next: the reply, and join the hub, without waiting in between.

        Raises:
            BackendError: The stream broke while the client was waited for; it asks again.
        """
        if served.is_logged:
            position = served.live_stream().position
            result.epoch, result.offset = position.epoch, position.offset

    async def _follow_and_join(
        self, connection: ClientConnection, subscription: Subscription, catch_up: CatchUp | None
    ) -> bool:
        """Send what was missed beyond the reply, then let the hub deliver. Returns whether it does."""
        channel = subscription.channel.name

        def is_wanted() -> bool:
            return subscription.state is SubscriptionState.JOINING and not subscription.must_recheck

        async def send(page: Sequence[ports.Logged]) -> bool:
            if is_wanted():
                parts = [connection.codec.encode_publication(channel, _publication(logged)) for logged in page]
                for frame in frames(connection.codec, parts):
                    connection.write(frame)
                await self._until_read(connection, subscription)
            return is_wanted()

        try:
            is_level = catch_up is None or await catch_up.follow(send)
        except BackendError as error:
            # The reply is out, so that this is a gap and no refusal.
            self.outage.failed(error, client=connection.client, channel=channel)
            is_level = False
        if subscription.state is not SubscriptionState.JOINING:
            return False
        if not is_level or subscription.must_recheck:
            # Also when a permission may have ended meanwhile: the client subscribes again, and is asked for leave.
            self._tell_gap(connection, subscription)
            return False
        subscription.state = SubscriptionState.LIVE
        self._hub.join(channel, connection, wants_join_leave=subscription.wants_join_leave)
        self._say_who_came(subscription)
        return True

    async def _until_read(self, connection: ClientConnection, subscription: Subscription) -> None:
        """Wait while much of what was sent is unread; a client that reads nothing for long is closed."""
        deadline = self.now() + MAX_PAUSE
        while (
            connection.transport.buffered > self.limits.max_waiting_bytes // 2
            and subscription.state is SubscriptionState.JOINING
        ):
            if self.now() >= deadline:
                raise Disconnect(DisconnectCode.SLOW)
            await asyncio.sleep(0.02)

    def _publish(self, connection: ClientConnection, request: s.Publish) -> None:
        _, namespace = self._namespaces.resolve(request.channel)
        if namespace.logged:
            # What is logged belongs to a change in the database; only an action makes it.
            raise PeerError(ErrorCode.NOT_AVAILABLE)
        info = request.subscription.info if request.subscription is not None else None
        self._broker.publish(ports.Ephemeral(request.channel, request.data, info or connection.session.info))
        connection.session.answer(request, m.Reply(id=request.id, publish=m.PublishResult()))

    async def _call(self, connection: ClientConnection, request: s.Call) -> bytes:
        if self._calls is None:
            raise PeerError(ErrorCode.NOT_AVAILABLE)
        return await self._calls.call(connection.session.caller, request.method, request.data)

    async def _history(self, asked: m.HistoryRequest) -> m.HistoryResult:
        top = await self._reader.position(asked.channel)
        result = m.HistoryResult(epoch=top.epoch, offset=top.offset)
        limit = MAX_HISTORY if asked.limit < 0 else min(asked.limit, MAX_HISTORY)
        since = asked.since
        if since is not None and since.epoch not in ("", top.epoch):
            raise PeerError(ErrorCode.UNRECOVERABLE_POSITION)
        if limit == 0:
            return result
        if asked.reverse:
            last = top.offset if since is None else min(since.offset - 1, top.offset)
            after = max(0, last - limit)
        else:
            last = top.offset
            after = 0 if since is None else since.offset
        piece = await self._reader.read(ports.ReadAfter(asked.channel, after, limit))
        found = [_publication(logged) for logged in piece.publications if logged.offset <= last]
        result.publications = found[::-1] if asked.reverse else found
        return result

    async def _refresh(self, connection: ClientConnection, request: s.Refresh) -> None:
        session = connection.session
        signed_in = await self._authority.sign_in(ports.Credentials(token=request.token), now=self._wall())
        if signed_in.caller.user != session.caller.user or self._revocations.covers(signed_in):
            raise Disconnect(DisconnectCode.INVALID_TOKEN)
        if session.phase is Phase.ONLINE:
            ttl = self._ttl(signed_in.expires_at)
            session.refreshed(request, ttl=ttl, version=self._version, now=self.now())
            self.set_timer(connection)

    async def _refresh_subscription(self, connection: ClientConnection, request: s.RefreshSubscription) -> None:
        subscription = request.subscription
        grant = await self._authority.may_subscribe(
            connection.session.caller,
            subscription.channel,
            subscription.namespace,
            token=request.token,
            data=b"",
            now=self._wall(),
        )
        connection.session.subscription_refreshed(request, ttl=self._ttl(grant.expires_at), now=self.now())
        self.set_timer(connection)

    def _ttl(self, expires_at: float | None) -> float | None:
        return None if expires_at is None else max(0.0, expires_at - self._wall())

    # Subscriptions --------------------------------------------------------------------------------------------------

    def _leave(self, connection: ClientConnection, subscription: Subscription) -> None:
        """Take a subscription from the hub, if it is there; one that is still joining sees that it has ended."""
        channel = subscription.channel.name
        if not self._hub.has(channel, connection):
            return
        self._hub.leave(channel, connection)
        self._feed.release(channel)
        self._say_who_left(subscription)

    def _tell_gap(self, connection: ClientConnection, subscription: Subscription) -> None:
        """The client must start over: by itself for its own subscription, by a new connection for the server's."""
        if subscription.by_server:
            connection.disconnect(DisconnectCode.INSUFFICIENT_STATE)
            return
        self._leave(connection, subscription)
        connection.session.end_subscription(subscription, UnsubscribeCode.INSUFFICIENT_STATE)
        connection.flush()

    def _start_over(self, channel: str) -> None:
        if channel == CONTROL_CHANNEL:
            self.spawn(self._start_orders_over())
            return
        for connection in self._connections_on(channel):
            subscription = connection.session.subscriptions.get(channel)
            if subscription is not None:  # None: the client has just let go of it, and is about to leave the hub
                self._tell_gap(connection, subscription)

    async def _start_orders_over(self) -> None:
        """What was ordered in between is not known: everybody comes back and is asked again."""
        while not self.is_draining:
            try:
                control = await self._feed.hold(CONTROL_CHANNEL, is_logged=True)
            except BackendError:
                await asyncio.sleep(TIMER_RESOLUTION)
                continue
            try:
                await self._read_recent_orders(control)
            except BackendError:
                await asyncio.sleep(TIMER_RESOLUTION)
                continue
            finally:
                self._feed.release(CONTROL_CHANNEL)
            for connection in list(self._connections):
                connection.disconnect(DisconnectCode.INSUFFICIENT_STATE)
            return

    def _connections_on(self, channel: str) -> list[ClientConnection]:
        return [subscriber for subscriber in self._hub.subscribers(channel) if isinstance(subscriber, ClientConnection)]

    def _say_who_came(self, subscription: Subscription) -> None:
        info, channel, namespace = subscription.info, subscription.channel.name, subscription.namespace
        if info is None:
            return
        if namespace.presence:
            self.spawn(self._tolerantly(self._broker.add_presence(channel, info)))
        if namespace.join_leave or namespace.force_push_join_leave:
            self._broker.publish(ports.JoinOrLeave(channel, info, joined=True))

    def _say_who_left(self, subscription: Subscription) -> None:
        info, channel, namespace = subscription.info, subscription.channel.name, subscription.namespace
        if info is None:
            return
        if namespace.presence:
            self.spawn(self._tolerantly(self._broker.remove_presence(channel, info.client)))
        if namespace.join_leave or namespace.force_push_join_leave:
            self._broker.publish(ports.JoinOrLeave(channel, info, joined=False))

    async def _renew_presence(self) -> None:
        while True:
            await asyncio.sleep(PRESENCE_EVERY)
            for connection in list(self._connections):
                for subscription in list(connection.session.subscriptions.values()):
                    is_live = subscription.state is SubscriptionState.LIVE
                    if is_live and subscription.namespace.presence and subscription.info is not None:
                        await self._tolerantly(self._broker.add_presence(subscription.channel.name, subscription.info))

    async def _tolerantly(self, work: Coroutine[Any, Any, None]) -> None:
        """Presence need not last: what fails is logged and comes right with the next renewal."""
        try:
            await work
        except BackendError as error:
            self._presence_outage.failed(error)

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
                self._obey(decode_order(publication.data))
            return
        self._hub.publish(channel, [_publication(publication) for publication in logged])
        self._schedule_flush()

    def _schedule_flush(self) -> None:
        """Write at the end of this turn, so that what comes together goes out together."""
        if not self._flush_is_scheduled and self._loop is not None and self._hub.has_waiting():
            self._flush_is_scheduled = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_is_scheduled = False
        self._hub.flush()

    # Orders -----------------------------------------------------------------------------------------------------------

    async def _read_recent_orders(self, control: ServedChannel) -> None:
        top = control.live_stream().offset
        after = max(0, top - RECENT_ORDERS)
        piece = await self._reader.read(ports.ReadAfter(CONTROL_CHANNEL, after, RECENT_ORDERS))
        for logged in piece.publications:
            order = decode_order(logged.data)
            if isinstance(order, DisconnectUser | DisconnectToken):
                self._revocations.add(order)

    def _obey(self, order: Order | None) -> None:
        match order:
            case DisconnectUser():
                self._revocations.add(order)
                for connection in list(self._by_user.get(order.user, ())):
                    connection.disconnect(order.code, order.reason)
            case DisconnectToken():
                self._revocations.add(order)
                for connection in list(self._by_token.get(order.token, ())):
                    connection.disconnect(order.code, order.reason)
            case UnsubscribeUser():
                self._unsubscribe_user(order)
            case None:
                logger.warning("an order to the nodes is not understood; is another version running?")

    def _unsubscribe_user(self, order: UnsubscribeUser) -> None:
        self._unsubscribe_orders += 1
        for connection in list(self._by_user.get(order.user, ())):
            subscription = connection.session.subscriptions.get(order.channel)
            if subscription is None:
                continue
            if subscription.state is SubscriptionState.JOINING:
                subscription.must_recheck = True
                continue
            self._leave(connection, subscription)
            connection.session.end_subscription(subscription, UnsubscribeCode.SERVER)
            connection.flush()


def _publication(logged: ports.Logged) -> m.Publication:
    return m.Publication(data=m.raw(logged.data), offset=logged.offset)
