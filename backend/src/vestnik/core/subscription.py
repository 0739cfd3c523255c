"""One session's interest in one channel."""

from __future__ import annotations

from enum import Enum

from vestnik.core.channel import Channel
from vestnik.core.messages import ClientInfo, SubscribeRequest
from vestnik.core.namespaces import Namespace


class SubscriptionState(Enum):
    """How far a subscription has come."""

    JOINING = "joining"
    """Leave was asked for, or what was missed is still being read."""
    LIVE = "live"
    """The hub delivers to it."""
    ENDED = "ended"
    """Work that finishes for it now is dropped."""


class Subscription:
    """Made when the client asks (or the server subscribes it), ended by either side.

    Attributes:
        channel, namespace: What is subscribed to.
        by_server: The server made it on connect; a gap then closes the connection, for the client cannot repair it.
        wants_join_leave: Pushes about who comes and goes are for it.
        expires_at: Unix time until which it holds unless refreshed.
        info: How other subscribers see it.
        must_recheck: A permission ended while this one was being asked for: the answer may be older than that.
    """

    __slots__ = (
        "by_server",
        "channel",
        "expires_at",
        "info",
        "must_recheck",
        "namespace",
        "state",
        "wants_join_leave",
    )

    def __init__(
        self, channel: Channel, namespace: Namespace, request: SubscribeRequest, *, by_server: bool = False
    ) -> None:
        self.channel = channel
        self.namespace = namespace
        self.by_server = by_server
        self.wants_join_leave = namespace.force_push_join_leave or (namespace.join_leave and request.join_leave)
        self.expires_at: float | None = None
        self.info: ClientInfo | None = None
        self.state = SubscriptionState.JOINING
        self.must_recheck = False
