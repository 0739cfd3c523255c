"""What the core and the node need from outside, each as a specification.

An implementation is right when it passes the contract suite of its port in :mod:`vestnik.testing`. All coroutines may
be cancelled at any ``await``; unless said otherwise a failure of what lies behind a port is a
:class:`vestnik.core.errors.BackendError`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from vestnik.core.channel import Channel
from vestnik.core.messages import ClientInfo
from vestnik.core.namespaces import Caller, Namespace
from vestnik.core.position import Position

# Bytes ---------------------------------------------------------------------------------------------------------


class Connection(Protocol):
    """One socket as the node sees it. Called from the node's thread only; nothing here blocks or raises."""

    def write(self, frame: bytes) -> None:
        """Queue one frame (text for JSON, binary for protobuf) behind those already queued; after ``close`` a no-op."""

    def close(self, code: int, reason: str) -> None:
        """Send what is queued, then the close frame. ``reason`` has at most 123 bytes of UTF-8. Idempotent."""

    @property
    def buffered(self) -> int:
        """Bytes that wait because the peer does not read. The node closes with 3008 past its bound."""


# Who and what --------------------------------------------------------------------------------------------------


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """What a client shows to be let in.

    Attributes:
        token: From the ``connect`` command, or else from the handshake; ``""`` when there is none.
        user: A user that the transport has already authenticated (session cookie or a checked header), or ``""``.
        user_token: The id of the credential by which the transport did so, or ``""``.
        data: The ``data`` of the ``connect`` command, raw JSON.
        headers: Handshake headers, lower-case names.
    """

    token: str = ""
    user: str = ""
    user_token: str = ""
    data: bytes = b""
    headers: Mapping[str, str] = {}


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who a connection belongs to.

    Attributes:
        caller: The user (and the credential whose revocation ends the connection); ``client`` is still empty.
        issued_at: Unix time as of which the credential was known to be good: when a token was signed, or when the
            database was asked. What was revoked later closes the connection.
        expires_at: Unix time at which the client must have refreshed its token; ``None`` for never.
        info: What other subscribers learn of this user in presence and join, as raw JSON.
        data: Sent back in the reply to ``connect``, as raw JSON.
        channels: Channels that the server subscribes this connection to, beside the personal ones.
    """

    caller: Caller
    issued_at: float
    expires_at: float | None = None
    info: bytes = b""
    data: bytes = b""
    channels: Sequence[str] = ()


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Leave to subscribe.

    Attributes:
        expires_at: Unix time until which it holds, unless refreshed; ``None`` for as long as the connection.
        info: What other subscribers learn of this subscription, as raw JSON.
        data: Sent back in the reply to ``subscribe``, as raw JSON.
    """

    expires_at: float | None = None
    info: bytes = b""
    data: bytes = b""


class Authority(Protocol):
    """Who may come in and who may do what. All answers reflect the database as it is now."""

    async def sign_in(self, credentials: Credentials, *, now: float) -> SignedIn:
        """Find out who connects or refreshes.

        Raises:
            PeerError: 109 when the token was good but has expired: the client fetches a new one and tries again.
            Disconnect: 3500 when it is no token of ours, or the user is gone.
        """

    async def may_subscribe(
        self, caller: Caller, channel: Channel, namespace: Namespace, *, token: str, data: bytes, now: float
    ) -> Grant:
        """Decide on a subscription. ``channel.admits(caller.user)`` was already checked.

        Raises:
            PeerError: 103 for no, 109 for an expired subscription token.
        """


class Calls(Protocol):
    """Carries out remote procedures; see :class:`vestnik.core.procedures.Procedures`."""

    async def call(self, caller: Caller, method: str, data: bytes) -> bytes:
        """Run the method; returns JSON. What it has acknowledged is committed.

        Raises:
            PeerError: As the procedure says.
        """


# The event log -------------------------------------------------------------------------------------------------


class Logged(msgspec.Struct, frozen=True):
    """A publication as the log holds it: ``data`` is JSON, ready for the wire."""

    offset: int
    data: bytes


class ReadAfter(msgspec.Struct, frozen=True):
    """Asks for at most ``limit`` publications of ``channel`` with an offset above ``offset``, ascending."""

    channel: str
    offset: int
    limit: int


class Slice(msgspec.Struct, frozen=True):
    """A piece of a stream.

    Attributes:
        position: The top of the stream when it was read; offset 0 and epoch ``""`` for a channel never published to.
        floor: Everything above this offset is still there, what is at or below it was pruned.
        publications: Ascending, without gaps, starting right after the asked offset (or after ``floor`` if higher).
    """

    position: Position
    floor: int
    publications: Sequence[Logged]

    def covers(self, since: Position) -> bool:
        """Whether nothing published after ``since`` is missing from the log."""
        return since.epoch == self.position.epoch and self.floor <= since.offset <= self.position.offset


class EventLog(Protocol):
    """Reads the log. Within one epoch offsets only grow, without gaps, in commit order; a read never returns what is
    not committed."""

    async def positions(self, channels: Collection[str]) -> Mapping[str, Position]:
        """Tops of the given channels, in one query; a channel that was never published to is at ``Position("", 0)``.

        So that a client can resume a stream that is still empty, implementations create the stream on first asking
        and give it its epoch.
        """

    async def read(self, requests: Sequence[ReadAfter]) -> Sequence[Slice]:
        """One slice per request, in the same order, in as few queries as there are."""

    async def changed(self) -> bool:
        """Whether anything may have been appended since the last call, by whatever process. Cheap; may err to True."""


# The broker ----------------------------------------------------------------------------------------------------


class Hint(msgspec.Struct, frozen=True, tag="hint"):
    """Something was committed to the log. ``data`` is the publication's JSON, or ``b""`` if it has to be read."""

    channel: str
    epoch: str
    offset: int
    data: bytes = b""


class Ephemeral(msgspec.Struct, frozen=True, tag="pub"):
    """A publication without offset that is not kept."""

    channel: str
    data: bytes
    info: ClientInfo | None = None


class JoinOrLeave(msgspec.Struct, frozen=True, tag="join"):
    """Somebody came to, or went from, a channel."""

    channel: str
    info: ClientInfo
    joined: bool


Signal = Hint | Ephemeral | JoinOrLeave
Receive = Callable[[Signal], None]


class Broker(Protocol):
    """Carries signals between nodes, at most once, in no order that one may rely on.

    A node receives its own signals too. A lost :class:`Hint` costs time, never correctness.
    """

    async def start(self, receive: Receive) -> None:
        """Begin to call ``receive``, in the node's thread, for channels that this node has subscribed to."""

    async def stop(self) -> None:
        """Let go of everything; idempotent."""

    def subscribe(self, channel: str) -> None:
        """This node wants the channel's signals. Takes effect soon, at the latest with the next reconnect."""

    def unsubscribe(self, channel: str) -> None:
        """… no longer."""

    def publish(self, signal: Signal) -> None:
        """Send to every node that has subscribed to ``signal.channel``. Callable from the node's thread only."""

    async def add_presence(self, channel: str, info: ClientInfo) -> None:
        """``info.client`` is subscribed to the channel. To be repeated at least every 25 s; forgotten after 60 s."""

    async def remove_presence(self, channel: str, client: str) -> None:
        """… is so no longer."""

    async def presence(self, channel: str) -> Mapping[str, ClientInfo]:
        """Who is subscribed, by client id, over all nodes."""
