"""The way of a subscription from permission to the hub: resume, reply, catch up, join."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from vestnik.core import messages as m
from vestnik.core import ports
from vestnik.core.codes import DisconnectCode
from vestnik.core.errors import BackendError, Disconnect
from vestnik.core.hub import frames
from vestnik.core.limits import Limits
from vestnik.core.position import Position
from vestnik.core.subscription import Subscription, SubscriptionState
from vestnik.node.attendance import Attendance
from vestnik.node.catch_up import CatchUp
from vestnik.node.connection import ClientConnection
from vestnik.node.feed import Feed, ServedChannel
from vestnik.node.log_reader import LogReader
from vestnik.node.outage import Outage

MAX_PAUSE = 30.0  # seconds that a resuming client may leave unread what it was sent


class Joining:
    """Used in this order, on a channel that is held: :meth:`begin`; then, without waiting in between,
    :meth:`begin_here` where there is nothing to catch up with, and the reply; then :meth:`follow_and_join`.

    Args:
        feed, reader: Where what was missed comes from.
        attendance: Where it ends.
        limits: How much may wait for a client that is catching up.
        outage: Told when the log fails.
        now: Monotonic seconds.
    """

    def __init__(
        self,
        *,
        feed: Feed,
        reader: LogReader,
        attendance: Attendance,
        limits: Limits,
        outage: Outage,
        now: Callable[[], float],
    ) -> None:
        self._feed = feed
        self._reader = reader
        self._attendance = attendance
        self._limits = limits
        self._outage = outage
        self._now = now

    async def begin(self, served: ServedChannel, asked: m.SubscribeRequest) -> tuple[CatchUp | None, m.SubscribeResult]:
        """Resume if the client asks for it. Without a :class:`CatchUp` the client begins where the hub is *then*."""
        result = m.SubscribeResult(recoverable=served.is_logged, positioned=served.is_logged)
        if not served.is_logged or not asked.recover:
            return None, result
        result.was_recovering = True
        catch_up = CatchUp(self._feed, self._reader, served, Position(asked.epoch, asked.offset))
        result.recovered = await catch_up.begin()
        if not result.recovered:
            return None, result
        result.epoch, result.offset = asked.epoch, asked.offset
        result.publications = [publication_of(logged) for logged in catch_up.first]
        return catch_up, result

    def begin_here(self, result: m.SubscribeResult, served: ServedChannel) -> None:
        """Tell the client where the hub is. Next: the reply, and join the hub, without waiting in between.

        Raises:
            BackendError: The stream broke while the client was waited for; it asks again.
        """
        if served.is_logged:
            position = served.live_stream().position
            result.epoch, result.offset = position.epoch, position.offset

    async def follow_and_join(
        self, connection: ClientConnection, subscription: Subscription, catch_up: CatchUp | None
    ) -> bool:
        """Send what was missed beyond the reply, then let the hub deliver. Returns whether it does."""
        channel = subscription.channel.name

        def is_wanted() -> bool:
            return subscription.state is SubscriptionState.JOINING and not subscription.must_recheck

        async def send(page: Sequence[ports.Logged]) -> bool:
            if is_wanted():
                parts = [connection.codec.encode_publication(channel, publication_of(logged)) for logged in page]
                for frame in frames(connection.codec, parts):
                    connection.write(frame)
                await self._until_read(connection, subscription)
            return is_wanted()

        try:
            is_level = catch_up is None or await catch_up.follow(send)
        except BackendError as error:
            # The reply is out, so that this is a gap and no refusal.
            self._outage.failed(error, client=connection.client, channel=channel)
            is_level = False
        if subscription.state is not SubscriptionState.JOINING:
            return False
        if not is_level or subscription.must_recheck:
            # Also when a permission may have ended meanwhile: the client subscribes again, and is asked for it.
            self._attendance.tell_gap(connection, subscription)
            return False
        self._attendance.join(connection, subscription)
        return True

    async def _until_read(self, connection: ClientConnection, subscription: Subscription) -> None:
        """Wait while much of what was sent is unread; a client that reads nothing for long is closed."""
        deadline = self._now() + MAX_PAUSE
        while (
            connection.transport.buffered > self._limits.max_waiting_bytes // 2
            and subscription.state is SubscriptionState.JOINING
        ):
            if self._now() >= deadline:
                raise Disconnect(DisconnectCode.SLOW)
            await asyncio.sleep(0.02)


def publication_of(logged: ports.Logged) -> m.Publication:
    """What the log holds, as it goes over the wire."""
    return m.Publication(data=m.raw(logged.data), offset=logged.offset)
