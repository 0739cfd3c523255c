"""What a session asks of the outside world, carried out."""

from __future__ import annotations

import logging
from collections.abc import Callable

import msgspec

from vestnik.core import messages as m
from vestnik.core import ports
from vestnik.core import session as s
from vestnik.core.channel import Channel
from vestnik.core.codes import DisconnectCode, ErrorCode
from vestnik.core.errors import Disconnect, PeerError
from vestnik.core.namespaces import Namespace, Namespaces
from vestnik.core.session import Phase
from vestnik.core.subscription import Subscription, SubscriptionState
from vestnik.node.attendance import Attendance
from vestnik.node.catch_up import CatchUp
from vestnik.node.clients import Clients
from vestnik.node.connection import ClientConnection
from vestnik.node.enforcement import Enforcement
from vestnik.node.feed import Feed, ServedChannel
from vestnik.node.joining import Joining, publication_of
from vestnik.node.log_reader import LogReader

logger = logging.getLogger(__name__)

MAX_HISTORY = 1000  # publications in one answer to ``history``


class Requests:
    """One per node; see :meth:`carry_out`.

    Args:
        node: The node's name, told to clients.
        version: The server's, likewise.
        namespaces: The site's channels.
        authority, calls, broker: The ports; without ``calls`` rpc is off.
        feed, reader, clients, attendance, joining, enforcement: The node's other parts.
        set_timer: Called when a session's next deadline may have come nearer.
        now: Monotonic seconds.
        wall: Unix time.
    """

    def __init__(
        self,
        *,
        node: str,
        version: str,
        namespaces: Namespaces,
        authority: ports.Authority,
        calls: ports.Calls | None,
        broker: ports.Broker,
        feed: Feed,
        reader: LogReader,
        clients: Clients,
        attendance: Attendance,
        joining: Joining,
        enforcement: Enforcement,
        set_timer: Callable[[ClientConnection], None],
        now: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        self._node = node
        self._version = version
        self._namespaces = namespaces
        self._authority = authority
        self._calls = calls
        self._broker = broker
        self._feed = feed
        self._reader = reader
        self._clients = clients
        self._attendance = attendance
        self._joining = joining
        self._enforcement = enforcement
        self._set_timer = set_timer
        self._now = now
        self._wall = wall

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
                    self._attendance.leave(connection, request.subscription)
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

    # Signing in

    async def _sign_in(self, connection: ClientConnection, request: s.SignIn) -> None:
        session, shown, enforcement = connection.session, connection.credentials, self._enforcement
        credentials = msgspec.structs.replace(
            shown, token=request.connect.token or shown.token, data=bytes(request.connect.data)
        )
        revocations = enforcement.revocations.count
        signed_in = await self._authority.sign_in(credentials, now=self._wall())
        joining: list[tuple[Subscription, ServedChannel, CatchUp | None, m.SubscribeResult]] = []
        held: list[str] = []
        seen = enforcement.ended_subscriptions
        try:
            for name in self._channels_on_connect(connection, signed_in):
                asked = request.connect.subs.get(name, m.SubscribeRequest())
                channel, namespace = await self._require_permission(signed_in, name)
                subscription = Subscription(channel, namespace, asked, by_server=True)
                served = await self._feed.hold(name, is_logged=namespace.logged)
                held.append(name)
                joining.append((subscription, served, *await self._joining.begin(served, asked)))
            while seen != enforcement.ended_subscriptions:
                # A permission ended while this was going on: the answers may be from before that.
                seen = enforcement.ended_subscriptions
                for name in held:
                    await self._require_permission(signed_in, name)
            if session.phase is not Phase.SIGNING_IN:
                return
            if enforcement.revocations.covers(signed_in):
                raise Disconnect(DisconnectCode.INVALID_TOKEN, "invalid token: revoked")
            if enforcement.revocations.has_heard_of(signed_in.caller.user, since=revocations):
                # Nobody can tell whether the credential was looked at before that or after: it is looked at again.
                raise Disconnect(DisconnectCode.FORCE_RECONNECT)
            for _, served, catch_up, result in joining:
                if catch_up is None:
                    self._joining.begin_here(result, served)
            session.accept(
                request,
                caller=signed_in.caller,
                info=signed_in.info,
                data=signed_in.data,
                ttl=self._ttl(signed_in.expires_at),
                subscriptions={sub.channel.name: (sub, result) for sub, _, _, result in joining},
                node=self._node,
                version=self._version,
                now=self._now(),
            )
            connection.flush()
            self._clients.signed_in(connection)
            self._set_timer(connection)
            # First those that need no catching up: they hear all that is published while the others do.
            for subscription, _, catch_up, _ in sorted(joining, key=lambda entry: entry[2] is not None):
                subscription.info = session.info
                if await self._joining.follow_and_join(connection, subscription, catch_up):
                    held.remove(subscription.channel.name)
        finally:
            for name in held:
                self._feed.release(name)
        logger.debug("signed in", extra={"client": session.client, "user": session.caller.user})

    def _channels_on_connect(self, connection: ClientConnection, signed_in: ports.SignedIn) -> list[str]:
        names = [*self._namespaces.personal_channels(signed_in.caller.user), *signed_in.channels, *connection.channels]
        return list(dict.fromkeys(names))

    async def _require_permission(self, signed_in: ports.SignedIn, name: str) -> tuple[Channel, Namespace]:
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

    async def _refresh(self, connection: ClientConnection, request: s.Refresh) -> None:
        session = connection.session
        signed_in = await self._authority.sign_in(ports.Credentials(token=request.token), now=self._wall())
        if signed_in.caller.user != session.caller.user or self._enforcement.revocations.covers(signed_in):
            raise Disconnect(DisconnectCode.INVALID_TOKEN)
        if session.phase is Phase.ONLINE:
            ttl = self._ttl(signed_in.expires_at)
            session.refreshed(request, ttl=ttl, version=self._version, now=self._now())
            self._set_timer(connection)

    # Subscribing

    async def _subscribe(self, connection: ClientConnection, request: s.Subscribe) -> None:
        session, subscription = connection.session, request.subscription
        name = subscription.channel.name
        grant = await self._ask_permission(connection, request)
        served = await self._feed.hold(name, is_logged=subscription.namespace.logged)
        is_held = True
        try:
            catch_up, result = await self._joining.begin(served, request.subscribe)
            while subscription.must_recheck:
                # A permission ended while it was being asked for: the answer may be from before that.
                grant = await self._ask_permission(connection, request)
            if subscription.state is not SubscriptionState.JOINING:
                return
            ttl = self._ttl(grant.expires_at)
            subscription.expires_at = None if ttl is None else self._now() + ttl
            subscription.info = msgspec.structs.replace(session.info, chan_info=m.raw(grant.info))
            result.expires, result.ttl = ttl is not None, max(1, int(ttl)) if ttl is not None else 0
            result.data = m.raw(grant.data)
            if catch_up is None:
                self._joining.begin_here(result, served)
            session.subscribed(request, result)
            connection.flush()
            self._set_timer(connection)
            is_held = not await self._joining.follow_and_join(connection, subscription, catch_up)
        finally:
            if is_held:
                self._feed.release(name)

    async def _ask_permission(self, connection: ClientConnection, request: s.Subscribe) -> ports.Grant:
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
        connection.session.subscription_refreshed(request, ttl=self._ttl(grant.expires_at), now=self._now())
        self._set_timer(connection)

    # Publishing, calling, reading

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
        found = [publication_of(logged) for logged in piece.publications if logged.offset <= last]
        result.publications = found[::-1] if asked.reverse else found
        return result

    def _ttl(self, expires_at: float | None) -> float | None:
        return None if expires_at is None else max(0.0, expires_at - self._wall())
