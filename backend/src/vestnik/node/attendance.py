"""Who listens to which channel: joining the hub, leaving it, and telling others about it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from vestnik.core.codes import DisconnectCode, UnsubscribeCode
from vestnik.core.errors import BackendError
from vestnik.core.hub import Hub
from vestnik.core.ports import Broker, JoinOrLeave
from vestnik.core.subscription import Subscription, SubscriptionState
from vestnik.node.connection import ClientConnection
from vestnik.node.feed import Feed
from vestnik.node.outage import Outage

logger = logging.getLogger(__name__)

PRESENCE_EVERY = 20.0  # seconds between renewals; a broker forgets after 60

Spawn = Callable[[Coroutine[Any, Any, None]], object]


class Attendance:
    """Subscriptions that are live. Each holds its channel in the feed from before it joins until it has left.

    Args:
        hub, feed, broker: What it moves subscribers in and out of.
        spawn: Runs what nobody waits for.
    """

    def __init__(self, hub: Hub, feed: Feed, broker: Broker, spawn: Spawn) -> None:
        self._hub = hub
        self._feed = feed
        self._broker = broker
        self._spawn = spawn
        self._outage = Outage(logger, "presence is not up to date")

    def join(self, connection: ClientConnection, subscription: Subscription) -> None:
        """Let the hub deliver. The channel is held already; from now on :meth:`leave` releases it."""
        subscription.state = SubscriptionState.LIVE
        self._hub.join(subscription.channel.name, connection, wants_join_leave=subscription.wants_join_leave)
        self._announce(subscription, joined=True)

    def leave(self, connection: ClientConnection, subscription: Subscription) -> None:
        """Take a subscription from the hub, if it is there; one that is still joining sees that it has ended."""
        channel = subscription.channel.name
        if self._hub.has(channel, connection):
            self._hub.leave(channel, connection)
            self._feed.release(channel)
            self._announce(subscription, joined=False)

    def end(self, connection: ClientConnection, subscription: Subscription, code: UnsubscribeCode) -> None:
        """Take a subscription from the hub and tell its client."""
        self.leave(connection, subscription)
        connection.session.end_subscription(subscription, code)
        connection.flush()

    def tell_gap(self, connection: ClientConnection, subscription: Subscription) -> None:
        """The client must start over: by itself for its own subscription, by a new connection for the server's."""
        if subscription.by_server:
            connection.disconnect(DisconnectCode.INSUFFICIENT_STATE)
        else:
            self.end(connection, subscription, UnsubscribeCode.INSUFFICIENT_STATE)

    def start_over(self, channel: str) -> None:
        """The channel's stream cannot be continued: all its subscribers start over."""
        for subscriber in self._hub.subscribers(channel):
            if isinstance(subscriber, ClientConnection):
                subscription = subscriber.session.subscriptions.get(channel)
                if subscription is not None:  # None: the client has just let go of it, and is about to leave the hub
                    self.tell_gap(subscriber, subscription)

    async def keep_presence(self, connections: Iterable[ClientConnection]) -> None:
        """Renew the presence of all that are live, for ever, before the broker forgets it."""
        while True:
            await asyncio.sleep(PRESENCE_EVERY)
            for connection in connections:
                for subscription in list(connection.session.subscriptions.values()):
                    is_live = subscription.state is SubscriptionState.LIVE
                    if is_live and subscription.namespace.presence and subscription.info is not None:
                        await self._tolerantly(self._broker.add_presence(subscription.channel.name, subscription.info))

    def _announce(self, subscription: Subscription, *, joined: bool) -> None:
        info, channel, namespace = subscription.info, subscription.channel.name, subscription.namespace
        if info is None:
            return
        if namespace.presence:
            change = (
                self._broker.add_presence(channel, info)
                if joined
                else self._broker.remove_presence(channel, info.client)
            )
            self._spawn(self._tolerantly(change))
        if namespace.join_leave or namespace.force_push_join_leave:
            self._broker.publish(JoinOrLeave(channel, info, joined=joined))

    async def _tolerantly(self, work: Coroutine[Any, Any, None]) -> None:
        """Presence need not last: what fails is logged and comes right with the next renewal."""
        try:
            await work
        except BackendError as error:
            self._outage.failed(error)
