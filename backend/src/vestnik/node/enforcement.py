"""Carries out the orders to all nodes: a permission that ends elsewhere ends on the sockets of this node too."""

from __future__ import annotations

import asyncio
import logging

from vestnik.core.codes import DisconnectCode, UnsubscribeCode
from vestnik.core.errors import BackendError
from vestnik.core.orders import CONTROL_CHANNEL, DisconnectToken, DisconnectUser, UnsubscribeUser, decode_order
from vestnik.core.ports import ReadAfter
from vestnik.core.subscription import SubscriptionState
from vestnik.node.attendance import Attendance
from vestnik.node.clients import Clients
from vestnik.node.feed import Feed, ServedChannel
from vestnik.node.log_reader import LogReader
from vestnik.node.revocations import Revocations

logger = logging.getLogger(__name__)

RECENT_ORDERS = 1000  # read at start, so that a restart does not forget what was revoked a minute ago
RETRY_AFTER = 0.25  # seconds until orders that could not be read are asked for again


class Enforcement:
    """Hears the control channel for as long as the node lives.

    Attributes:
        revocations: What a connection token that is older than it must be held against.
        ended_subscriptions: How many orders to end a subscription were heard: whoever asks for a permission and finds
            this changed when the answer has come asks again.
    """

    def __init__(
        self, *, feed: Feed, reader: LogReader, clients: Clients, attendance: Attendance, revocations_kept_for: float
    ) -> None:
        self.revocations = Revocations(revocations_kept_for)
        self.ended_subscriptions = 0
        self._feed = feed
        self._reader = reader
        self._clients = clients
        self._attendance = attendance

    async def start(self) -> None:
        """Begin to hear orders, after those that were given lately.

        Raises:
            BackendError: The log cannot be read.
        """
        await self._read_recent(await self._feed.hold(CONTROL_CHANNEL, is_logged=True))

    async def start_over(self) -> None:
        """The control channel began anew, and what was ordered in between is not known: everybody has to come back."""
        while True:
            try:
                control = await self._feed.hold(CONTROL_CHANNEL, is_logged=True)
                try:
                    await self._read_recent(control)
                finally:
                    self._feed.release(CONTROL_CHANNEL)
            except BackendError:
                await asyncio.sleep(RETRY_AFTER)
                continue
            for connection in self._clients:
                connection.disconnect(DisconnectCode.INSUFFICIENT_STATE)
            return

    def obey(self, data: bytes) -> None:
        """Carry out one order, as the log holds it."""
        match order := decode_order(data):
            case DisconnectUser():
                self.revocations.add(order)
                for connection in self._clients.of_user(order.user):
                    connection.disconnect(order.code, order.reason)
            case DisconnectToken():
                self.revocations.add(order)
                for connection in self._clients.of_token(order.token):
                    connection.disconnect(order.code, order.reason)
            case UnsubscribeUser():
                self._unsubscribe(order)
            case None:
                logger.warning("an order to the nodes is not understood; is another version running?")

    def _unsubscribe(self, order: UnsubscribeUser) -> None:
        self.ended_subscriptions += 1
        for connection in self._clients.of_user(order.user):
            subscription = connection.session.subscriptions.get(order.channel)
            if subscription is None:
                continue
            if subscription.state is SubscriptionState.JOINING:
                subscription.must_recheck = True
            else:
                self._attendance.end(connection, subscription, UnsubscribeCode.SERVER)

    async def _read_recent(self, control: ServedChannel) -> None:
        after = max(0, control.live_stream().offset - RECENT_ORDERS)
        piece = await self._reader.read(ReadAfter(CONTROL_CHANNEL, after, RECENT_ORDERS))
        for logged in piece.publications:
            order = decode_order(logged.data)
            if isinstance(order, DisconnectUser | DisconnectToken):
                self.revocations.add(order)
