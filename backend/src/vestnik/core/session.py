"""One client's connection as a state machine without I/O and without a clock.

The driver (:mod:`vestnik.node.connection`) puts frames and the time in, and takes three things out:

- :meth:`Session.next_request`: work that needs the outside world, one at a time and in the client's order, to be
  answered with one of the ``answer``/``accept``/``refuse`` verbs;
- :meth:`Session.data_to_send`: bytes for the socket;
- :attr:`Session.closing`: the code and reason to close it with.

Publications do not pass through here: once a subscription is live the hub writes them straight to the connection.
"""

from __future__ import annotations

from collections import deque
from enum import Enum

import msgspec

from vestnik.core import messages as m
from vestnik.core.codec import Codec, MalformedFrame, check_data, compact
from vestnik.core.codes import UNSUBSCRIBE_REASONS, DisconnectCode, ErrorCode, UnsubscribeCode, should_reconnect
from vestnik.core.errors import Disconnect, LocalError, PeerError
from vestnik.core.limits import Limits, TokenBucket
from vestnik.core.namespaces import Caller, Namespaces
from vestnik.core.subscription import Subscription, SubscriptionState

MAX_METHOD_LENGTH = 128  # characters; no procedure has a longer name
MAX_REFUSED_IN_A_ROW = 1000  # commands over the rate; a client that does not listen to error 111 is closed with 3013


class Phase(Enum):
    """What a session is doing."""

    WAITING = "waiting"
    """The socket is open, ``connect`` has not come."""
    SIGNING_IN = "signing in"
    """``connect`` came, its answer is being found; further commands wait."""
    ONLINE = "online"
    CLOSED = "closed"


class Happening(Enum):
    """What moves a session from one phase to the next."""

    CONNECT = "connect command"
    SIGNED_IN = "signed in"
    TRY_AGAIN = "token expired"
    CLOSE = "close"


TRANSITIONS: dict[tuple[Phase, Happening], Phase] = {
    (Phase.WAITING, Happening.CONNECT): Phase.SIGNING_IN,
    (Phase.SIGNING_IN, Happening.SIGNED_IN): Phase.ONLINE,
    # The client fetches a new token and sends ``connect`` again, usually over a new socket.
    (Phase.SIGNING_IN, Happening.TRY_AGAIN): Phase.WAITING,
    (Phase.WAITING, Happening.CLOSE): Phase.CLOSED,
    (Phase.SIGNING_IN, Happening.CLOSE): Phase.CLOSED,
    (Phase.ONLINE, Happening.CLOSE): Phase.CLOSED,
    (Phase.CLOSED, Happening.CLOSE): Phase.CLOSED,
}


# Requests: what the driver must do and answer -----------------------------------------------------------------------


class Request(msgspec.Struct, frozen=True):
    """Work for the driver, to be answered under the command's id."""

    id: int


class SignIn(Request, frozen=True):
    """Find out who this is, then :meth:`Session.accept` or :meth:`Session.refuse` or :meth:`Session.disconnect`."""

    connect: m.ConnectRequest


class Subscribe(Request, frozen=True):
    """Ask for leave, read what was missed, then :meth:`Session.subscribed` or :meth:`Session.refuse`."""

    subscription: Subscription
    subscribe: m.SubscribeRequest


class Unsubscribe(Request, frozen=True):
    """The session has already let go of it; take it from the hub, then :meth:`Session.answer`."""

    subscription: Subscription | None


class Publish(Request, frozen=True):
    """Publish on a channel whose namespace the session found to allow it."""

    subscription: Subscription | None
    channel: str
    data: bytes


class AskPresence(Request, frozen=True):
    channel: str


class AskPresenceStats(Request, frozen=True):
    channel: str


class AskHistory(Request, frozen=True):
    history: m.HistoryRequest


class Call(Request, frozen=True):
    method: str
    data: bytes


class Refresh(Request, frozen=True):
    """Check the new token, then :meth:`Session.refreshed`, or :meth:`Session.refuse` or :meth:`Session.disconnect`."""

    token: str


class RefreshSubscription(Request, frozen=True):
    subscription: Subscription
    token: str


class Session:
    """See the module's text.

    Args:
        codec: What this connection speaks.
        namespaces: The site's channels.
        limits: Bounds of one connection.
        client: The connection's id, told to the client; unique over all nodes.
        now: Seconds of any monotonic clock; every later ``now`` is of the same clock.
        first_ping_in: Seconds from sign-in to the first ping, to be drawn at random up to the interval, so that
            clients that came at once are not pinged at once.
    """

    def __init__(
        self, *, codec: Codec, namespaces: Namespaces, limits: Limits, client: str, now: float, first_ping_in: float
    ) -> None:
        self.codec = codec
        self.client = client
        self.phase = Phase.WAITING
        self.caller = Caller(user="", client=client)
        self.info = m.ClientInfo(client=client)
        self.subscriptions: dict[str, Subscription] = {}
        self.closing: Disconnect | None = None
        self._namespaces = namespaces
        self._limits = limits
        self._commands: deque[m.Command] = deque()
        self._request: Request | None = None
        self._out: list[bytes] = []
        self._bucket = TokenBucket(limits.command_rate, limits.command_burst, now=now)
        self._refused_in_a_row = 0
        self._first_ping_in = first_ping_in
        self._connect_by = now + limits.connect_timeout
        self._ping_at: float | None = None
        self._pong_by: float | None = None
        self._expires_at: float | None = None

    # What comes from the client -----------------------------------------------------------------------------------

    def receive_frame(self, frame: bytes, *, now: float) -> None:
        """Take one frame. Next: :meth:`next_request` until it gives None, then :meth:`data_to_send`.

        A frame that cannot be understood closes the session with 3501 and a reason that names the field.
        """
        if self.phase is Phase.CLOSED:
            return
        if len(frame) > self._limits.max_frame_size:
            self.disconnect(DisconnectCode.BAD_REQUEST, f"bad request: frame over {self._limits.max_frame_size} bytes")
            return
        try:
            commands = self.codec.decode_commands(frame)
        except MalformedFrame as error:
            self.disconnect(error.code, error.reason)
            return
        for command in commands:
            self._receive(command, now)
            if self.closing:
                return

    def _receive(self, command: m.Command, now: float) -> None:
        kind = _kind_of(command)
        if kind == "":
            self._receive_pong(command)
        elif kind == "several":
            self.disconnect(DisconnectCode.BAD_REQUEST, "bad request: several requests in one command")
        elif command.id == 0 and kind != "send":
            self.disconnect(DisconnectCode.BAD_REQUEST, "bad request: id: required")
        elif kind == "connect":
            self._receive_connect(command)
        elif self.phase is Phase.WAITING:
            self.disconnect(DisconnectCode.BAD_REQUEST, f"bad request: {kind} before connect")
        elif self._is_over_rate(kind, now):
            self._refuse_over_rate(command.id)
        else:
            self._refused_in_a_row = 0
            self._commands.append(command)

    def _receive_pong(self, command: m.Command) -> None:
        if command.id:
            self.disconnect(DisconnectCode.BAD_REQUEST, "bad request: a command without a request")
        elif self._pong_by is None:
            self.disconnect(DisconnectCode.BAD_REQUEST, "bad request: a pong that was not asked for")
        else:
            self._pong_by = None

    def _receive_connect(self, command: m.Command) -> None:
        if self.phase is not Phase.WAITING:
            self.disconnect(DisconnectCode.BAD_REQUEST, "bad request: connect was already sent")
            return
        self._move(Happening.CONNECT)
        self._commands.append(command)

    def _is_over_rate(self, kind: str, now: float) -> bool:
        # A returning client sends all its subscribes with ``connect``; their number is bounded.
        waiting = len(self._commands)
        if kind == "subscribe" and self.phase is Phase.SIGNING_IN and waiting <= self._limits.max_subscriptions:
            return False
        # While one command takes long, others wait: not so many that they fill the memory.
        is_too_many = waiting >= self._limits.max_subscriptions + self._limits.command_burst
        return is_too_many or not self._bucket.admits(now=now)

    def _refuse_over_rate(self, command_id: int) -> None:
        self._refused_in_a_row += 1
        if self._refused_in_a_row > MAX_REFUSED_IN_A_ROW:
            self.disconnect(DisconnectCode.TOO_MANY_REQUESTS)
        elif command_id:
            self._reply_error(command_id, PeerError(ErrorCode.TOO_MANY_REQUESTS))

    # Requests -----------------------------------------------------------------------------------------------------

    def next_request(self) -> Request | None:
        """The next thing to do in the outside world; None while one is not answered yet, or when there is none."""
        while self._request is None and self._commands and self.phase is not Phase.CLOSED:
            command = self._commands.popleft()
            try:
                self._request = self._to_request(command)
            except PeerError as error:
                if command.id:
                    self._reply_error(command.id, error)
            if self._request is not None:
                return self._request
        return None

    def _to_request(self, command: m.Command) -> Request | None:
        """What the command asks of the outside world; None if it could be answered at once."""
        if command.connect is not None:
            _require_good_data(command.connect.data)
            return SignIn(command.id, command.connect)
        if command.rpc is not None:
            return self._call(command.id, command.rpc)
        if command.subscribe is not None:
            return self._subscribe(command.id, command.subscribe)
        if command.unsubscribe is not None:
            return self._unsubscribe(command.id, command.unsubscribe.channel)
        if command.publish is not None:
            return self._publish(command.id, command.publish)
        if command.presence is not None:
            self._require_allowed(command.presence.channel, "presence")
            return AskPresence(command.id, command.presence.channel)
        if command.presence_stats is not None:
            self._require_allowed(command.presence_stats.channel, "presence")
            return AskPresenceStats(command.id, command.presence_stats.channel)
        if command.history is not None:
            self._require_allowed(command.history.channel, "history")
            return AskHistory(command.id, command.history)
        if command.refresh is not None:
            if not command.refresh.token:
                raise PeerError(ErrorCode.BAD_REQUEST, "token: required")
            return Refresh(command.id, command.refresh.token)
        if command.sub_refresh is not None:
            return self._refresh_subscription(command.id, command.sub_refresh)
        if command.ping is not None:
            self._reply(m.Reply(id=command.id, ping=m.PingResult()))
        # Left: ``send``, a message that expects no answer; this server has no use for one, which is no error.
        return None

    def _call(self, command_id: int, request: m.RPCRequest) -> Request:
        if not request.method or len(request.method) > MAX_METHOD_LENGTH:
            raise PeerError(ErrorCode.BAD_REQUEST, f"method: expected 1 to {MAX_METHOD_LENGTH} characters")
        # What the method's own parameters cannot hold is refused by it, with the name of the field.
        return Call(command_id, request.method, bytes(request.data))

    def _subscribe(self, command_id: int, request: m.SubscribeRequest) -> Request:
        if request.channel in self.subscriptions:
            raise PeerError(ErrorCode.ALREADY_SUBSCRIBED)
        if len(self.subscriptions) >= self._limits.max_subscriptions:
            raise PeerError(ErrorCode.LIMIT_EXCEEDED, f"at most {self._limits.max_subscriptions} subscriptions")
        _require_good_data(request.data)
        channel, namespace = self._namespaces.resolve(request.channel)
        if not channel.admits(self.caller.user):
            raise PeerError(ErrorCode.PERMISSION_DENIED)
        if namespace.personal and channel.name not in self._namespaces.personal_channels(self.caller.user):
            # Others that name the user would be silent streams beside it, as many as a client likes.
            raise PeerError(ErrorCode.PERMISSION_DENIED)
        subscription = Subscription(channel, namespace, request)
        self.subscriptions[channel.name] = subscription
        return Subscribe(command_id, subscription, request)

    def _unsubscribe(self, command_id: int, channel: str) -> Request:
        if not channel:
            raise PeerError(ErrorCode.BAD_REQUEST, "channel: required")
        return Unsubscribe(command_id, self._let_go(channel))

    def _publish(self, command_id: int, request: m.PublishRequest) -> Request:
        data = _require_good_data(request.data, required=True)
        channel, namespace = self._namespaces.resolve(request.channel)
        subscription = self.subscriptions.get(channel.name)
        is_allowed = (namespace.allow_publish_for_client and channel.admits(self.caller.user)) or (
            namespace.allow_publish_for_subscriber and subscription is not None
        )
        if not is_allowed:
            raise PeerError(ErrorCode.PERMISSION_DENIED)
        return Publish(command_id, subscription, channel.name, data)

    def _require_allowed(self, name: str, what: str) -> None:
        channel, namespace = self._namespaces.resolve(name)
        if what == "presence":
            is_kept, is_allowed = namespace.presence, namespace.allow_presence_for_subscriber
        else:
            is_kept, is_allowed = namespace.logged, namespace.allow_history_for_subscriber
        if not is_kept:
            raise PeerError(ErrorCode.NOT_AVAILABLE)
        if not is_allowed or channel.name not in self.subscriptions:
            raise PeerError(ErrorCode.PERMISSION_DENIED)

    def _refresh_subscription(self, command_id: int, request: m.SubRefreshRequest) -> Request:
        subscription = self.subscriptions.get(request.channel)
        if subscription is None:
            raise PeerError(ErrorCode.PERMISSION_DENIED)
        if not request.token:
            raise PeerError(ErrorCode.BAD_REQUEST, "token: required")
        return RefreshSubscription(command_id, subscription, request.token)

    # Answers ------------------------------------------------------------------------------------------------------

    def accept(
        self,
        request: SignIn,
        *,
        caller: Caller,
        info: bytes,
        data: bytes,
        ttl: float | None,
        subscriptions: dict[str, tuple[Subscription, m.SubscribeResult]],
        node: str,
        version: str,
        now: float,
    ) -> None:
        """Sign-in succeeded: the reply goes out and commands that waited are next.

        Args:
            request: The one being answered.
            caller: Whom the connection belongs to; ``client`` is filled in here.
            info: What others learn of this user, JSON.
            data: For the client, JSON.
            ttl: Seconds until the token must be refreshed; None for never.
            subscriptions: Those made by the server, with what the client is told of each.
            node, version: Who answers.
            now: The time.
        """
        self._finish(request)
        self._move(Happening.SIGNED_IN)
        self.caller = msgspec.structs.replace(caller, client=self.client)
        self.info = m.ClientInfo(user=caller.user, client=self.client, conn_info=m.raw(info))
        for name, (subscription, _) in subscriptions.items():
            self.subscriptions[name] = subscription
        self._expires_at = None if ttl is None else now + ttl
        self._ping_at = now + self._first_ping_in
        self._reply(
            m.Reply(
                id=request.id,
                connect=m.ConnectResult(
                    client=self.client,
                    version=version,
                    expires=ttl is not None,
                    ttl=_whole_seconds(ttl),
                    data=m.raw(data),
                    subs={name: result for name, (_, result) in subscriptions.items()},
                    # Rounded up: a client that waits too long finds a dead line late, too short makes one up.
                    ping=_whole_seconds(self._limits.ping_interval),
                    pong=True,
                    session=self.client,
                    node=node,
                ),
            )
        )

    def subscribed(self, request: Subscribe, result: m.SubscribeResult) -> None:
        """Leave was given: the reply is queued. Next: catch up if something is left, then join the hub."""
        self._finish(request)
        self._reply(m.Reply(id=request.id, subscribe=result))

    def refreshed(self, request: Refresh, *, ttl: float | None, version: str, now: float) -> None:
        """The new token is good for ``ttl`` seconds."""
        self._finish(request)
        self._expires_at = None if ttl is None else now + ttl
        result = m.RefreshResult(client=self.client, version=version, expires=ttl is not None, ttl=_whole_seconds(ttl))
        self._reply(m.Reply(id=request.id, refresh=result))

    def subscription_refreshed(self, request: RefreshSubscription, *, ttl: float | None, now: float) -> None:
        """The new subscription token is good for ``ttl`` seconds."""
        self._finish(request)
        request.subscription.expires_at = None if ttl is None else now + ttl
        result = m.SubRefreshResult(expires=ttl is not None, ttl=_whole_seconds(ttl))
        self._reply(m.Reply(id=request.id, sub_refresh=result))

    def answer(self, request: Request, reply: m.Reply) -> None:
        """Any other request succeeded; ``reply.id`` must be the request's."""
        self._finish(request)
        self._reply(reply)

    def refuse(self, request: Request, error: PeerError) -> None:
        """The request failed; the client is told why."""
        self._finish(request)
        if isinstance(request, SignIn) and self.phase is Phase.SIGNING_IN:
            self._move(Happening.TRY_AGAIN)
            # What was sent behind the connect that failed is not carried out for whoever signs in next.
            self._commands.clear()
        if isinstance(request, Subscribe):
            request.subscription.state = SubscriptionState.ENDED
            if self.subscriptions.get(request.subscription.channel.name) is request.subscription:
                del self.subscriptions[request.subscription.channel.name]
        self._reply_error(request.id, error)

    def waits_for(self, request: Request) -> bool:
        """Whether the request has not been answered or refused yet."""
        return self._request is request

    def _finish(self, request: Request) -> None:
        if self._request is not request:
            raise LocalError(f"{type(request).__name__} {request.id} is not the request that waits for an answer")
        self._request = None

    # What the server does unasked -----------------------------------------------------------------------------------

    def end_subscription(self, subscription: Subscription, code: UnsubscribeCode, reason: str = "") -> None:
        """End a live subscription of the client's own and tell it. Next: take it from the hub."""
        if self._let_go(subscription.channel.name) is not None:
            push = m.Unsubscribe(code=code, reason=reason or UNSUBSCRIBE_REASONS[code])
            self.push(m.Push(channel=subscription.channel.name, unsubscribe=push))

    def push(self, push: m.Push) -> None:
        """Queue a push for this client alone."""
        if self.phase is not Phase.CLOSED:
            self._out.append(self.codec.encode_push(push))

    def disconnect(self, code: DisconnectCode, reason: str = "") -> None:
        """End the session; the first call counts. Next: send what is queued, then close with :attr:`closing`.

        A disconnect push goes out first: some servers drop the reason of a close frame, and a client without it
        takes a final code for a network fault and comes back for ever.
        """
        if self.closing is not None:
            return
        self.closing = Disconnect(code, reason)
        disconnect = m.Disconnect(code=code, reason=self.closing.reason, reconnect=should_reconnect(code))
        self._out.append(self.codec.encode_push(m.Push(disconnect=disconnect)))
        self.lost()

    def lost(self) -> None:
        """The socket is gone, or about to go. Next: take all its subscriptions from the hub. Idempotent."""
        self._move(Happening.CLOSE)
        self._commands.clear()
        for subscription in self.subscriptions.values():
            subscription.state = SubscriptionState.ENDED

    def _let_go(self, channel: str) -> Subscription | None:
        subscription = self.subscriptions.pop(channel, None)
        if subscription is not None:
            subscription.state = SubscriptionState.ENDED
        return subscription

    # Time -----------------------------------------------------------------------------------------------------------

    def next_deadline(self) -> float | None:
        """When :meth:`advance` has something to do at the latest; None when never."""
        if self.phase is Phase.CLOSED:
            return None
        if self.phase is Phase.WAITING:
            return self._connect_by
        times = [self._ping_at, self._pong_by]
        grace = self._limits.expiry_grace
        if self._expires_at is not None:
            times.append(self._expires_at + grace)
        times.extend(s.expires_at + grace for s in self.subscriptions.values() if s.expires_at is not None)
        return min((time for time in times if time is not None), default=None)

    def advance(self, *, now: float) -> list[Subscription]:
        """Do what is due. Next: take the returned subscriptions from the hub, then :meth:`data_to_send`."""
        if self.phase is Phase.CLOSED:
            return []
        if self.phase is Phase.WAITING:
            if now >= self._connect_by:
                self.disconnect(DisconnectCode.STALE, "stale: no connect command in time")
            return []
        grace = self._limits.expiry_grace
        if self._pong_by is not None and now >= self._pong_by:
            self.disconnect(DisconnectCode.NO_PONG)
            return []
        if self._expires_at is not None and now >= self._expires_at + grace:
            self.disconnect(DisconnectCode.EXPIRED)
            return []
        if self._ping_at is not None and now >= self._ping_at:
            self._out.append(self.codec.PING)
            self._pong_by = now + self._limits.pong_timeout
            self._ping_at = now + self._limits.ping_interval
        return self._end_expired(now - grace)

    def _end_expired(self, before: float) -> list[Subscription]:
        expired = [s for s in self.subscriptions.values() if s.expires_at is not None and s.expires_at <= before]
        for subscription in expired:
            if subscription.by_server:
                self.disconnect(DisconnectCode.SUBSCRIPTION_EXPIRED)
                return []
            self.end_subscription(subscription, UnsubscribeCode.EXPIRED)
        return expired

    # Out ------------------------------------------------------------------------------------------------------------

    def data_to_send(self) -> list[bytes]:
        """Encoded replies and pushes, in order, since the last call; join them into frames with the codec."""
        out, self._out = self._out, []
        return out

    def _reply(self, reply: m.Reply) -> None:
        if self.phase is not Phase.CLOSED:
            self._out.append(self.codec.encode_reply(reply))

    def _reply_error(self, command_id: int, error: PeerError) -> None:
        wire = m.Error(code=error.code, message=error.message, temporary=error.temporary)
        self._reply(m.Reply(id=command_id, error=wire))

    def _move(self, happening: Happening) -> None:
        try:
            self.phase = TRANSITIONS[self.phase, happening]
        except KeyError:
            raise LocalError(f"a session that is {self.phase.value} cannot take: {happening.value}") from None


_KINDS = tuple(name for name in m.Command.__struct_fields__ if name != "id")


def _kind_of(command: m.Command) -> str:
    """The name of the request in a command; ``""`` for none, ``"several"`` for more than one."""
    kinds = [name for name in _KINDS if getattr(command, name) is not None]
    return kinds[0] if len(kinds) == 1 else "several" if kinds else ""


def _require_good_data(raw: msgspec.Raw, *, required: bool = False) -> bytes:
    """The application's JSON, after a look at whether it may be passed on.

    Raises:
        PeerError: 107; the message says what is wrong with ``data``.
    """
    data = bytes(raw)
    if not data:
        if required:
            raise PeerError(ErrorCode.BAD_REQUEST, "data: required")
        return b""
    problem = check_data(data)
    if problem is not None:
        raise PeerError(ErrorCode.BAD_REQUEST, f"data: {problem}")
    return compact(data)


def _whole_seconds(seconds: float | None) -> int:
    """Rounded up, at least one; 0 for never."""
    return 0 if seconds is None else max(1, -int(-seconds // 1))
