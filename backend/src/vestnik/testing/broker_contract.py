"""What every :class:`vestnik.core.ports.Broker` must do. Subclass the suite and say how to make yours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec
import pytest

from vestnik.core.messages import ABSENT, ClientInfo
from vestnik.core.ports import Broker, Ephemeral, Hint, JoinOrLeave, Signal
from vestnik.testing.clock import ManualClock

DEADLINE = 5.0  # seconds within which a signal must have come; a broker across a network takes milliseconds
RETRY = 0.02  # seconds between tries to get through while a subscription takes effect


class Station:
    """A node as a broker sees it: it is listened to, and remembers what arrived."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.arrived: list[Signal] = []
        self._news = asyncio.Event()

    def receive(self, signal: Signal) -> None:
        if not (isinstance(signal, Ephemeral) and signal.data == b'"probe"'):
            self.arrived.append(signal)
        self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for ``condition``, which is looked at whenever something arrives.

        Raises:
            TimeoutError: It did not come true within the deadline.
        """
        async with asyncio.timeout(DEADLINE):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def listen_on(self, channel: str) -> None:
        """Subscribe, and wait until signals get through: a subscription need not take effect at once."""
        self.broker.subscribe(channel)
        async with asyncio.timeout(DEADLINE):
            while True:
                self._news.clear()
                self.broker.publish(Ephemeral(channel, b'"probe"'))
                try:
                    await asyncio.wait_for(self._news.wait(), RETRY)
                except TimeoutError:
                    continue
                return


class BrokerContract:
    """Give it the fixtures ``make_broker`` and ``clock``.

    ``make_broker()`` returns a new broker, not yet started; all that one test makes reach each other, and share nothing
    with those of other tests. ``clock`` is the clock by which the brokers let presence expire.

    Example::

        class TestMyBroker(BrokerContract):
            @pytest.fixture
            def make_broker(self, clock):
                return lambda: MyBroker(url, clock=clock)
    """

    @pytest.fixture
    def clock(self) -> ManualClock:
        return ManualClock()

    @pytest.fixture
    def make_broker(self, clock: ManualClock) -> Callable[[], Broker]:
        raise NotImplementedError("the subclass says which broker is tested")

    @pytest.fixture
    async def station(self, make_broker: Callable[[], Broker]) -> AsyncIterator[Callable[[], Awaitable[Station]]]:
        """Makes nodes, and stops them in the end."""
        stations: list[Station] = []

        async def open_station() -> Station:
            station = Station(make_broker())
            await station.broker.start(station.receive)
            stations.append(station)
            return station

        yield open_station
        for station in stations:
            await station.broker.stop()

    async def test_a_signal_reaches_every_node_that_subscribed_the_sender_included(
        self, station: Callable[[], Awaitable[Station]]
    ) -> None:
        sender, other = await station(), await station()
        await sender.listen_on("chat:1")
        await other.listen_on("chat:1")
        hint = Hint("chat:1", "epoch", 7, b'{"type":"said"}')
        sender.broker.publish(hint)
        await sender.until(lambda: hint in sender.arrived)
        await other.until(lambda: hint in other.arrived)
        assert sender.arrived == other.arrived == [hint]

    async def test_a_sender_need_not_be_subscribed(self, station: Callable[[], Awaitable[Station]]) -> None:
        sender, other = await station(), await station()
        await other.listen_on("chat:1")
        sender.broker.publish(Hint("chat:1", "epoch", 1))
        await other.until(lambda: bool(other.arrived))
        assert sender.arrived == []

    @pytest.mark.parametrize(
        "signal",
        [
            Hint("chat:1", "epoch", 1),
            Hint("chat:1", "epoch", 2**53 - 1, '{"text":"Привет 👋"}'.encode()),
            Ephemeral("chat:1", b'{"type":"typing"}'),
            Ephemeral("chat:1", b"[]", ClientInfo(user="7", client="c")),
            JoinOrLeave("chat:1", ClientInfo(user="7", client="c"), joined=True),
            JoinOrLeave("chat:1", ClientInfo(user="7", client="c"), joined=False),
        ],
        ids=lambda signal: type(signal).__name__,
    )
    async def test_every_kind_of_signal_arrives_unaltered(
        self, station: Callable[[], Awaitable[Station]], signal: Signal
    ) -> None:
        sender, other = await station(), await station()
        await other.listen_on("chat:1")
        sender.broker.publish(signal)
        await other.until(lambda: bool(other.arrived))
        assert other.arrived == [signal]

    async def test_raw_info_of_a_client_arrives_unaltered(self, station: Callable[[], Awaitable[Station]]) -> None:
        sender, other = await station(), await station()
        await other.listen_on("chat:1")
        info = info_of("c1", name=b'{"name":"Anna"}')
        sender.broker.publish(JoinOrLeave("chat:1", info, joined=True))
        await other.until(lambda: bool(other.arrived))
        [arrived] = other.arrived
        assert isinstance(arrived, JoinOrLeave)
        assert bytes(arrived.info.conn_info) == b'{"name":"Anna"}'
        assert bytes(arrived.info.chan_info) == b""

    async def test_other_channels_are_not_heard(self, station: Callable[[], Awaitable[Station]]) -> None:
        node = await station()
        await node.listen_on("chat:1")
        node.broker.publish(Hint("chat:2", "epoch", 1))
        node.broker.publish(Hint("chat:11", "epoch", 1))
        node.broker.publish(Hint("chat:1", "epoch", 1))
        await node.until(lambda: bool(node.arrived))
        assert node.arrived == [Hint("chat:1", "epoch", 1)]

    async def test_after_unsubscribing_nothing_more_is_heard(self, station: Callable[[], Awaitable[Station]]) -> None:
        node = await station()
        await node.listen_on("chat:1")
        await node.listen_on("chat:2")
        node.broker.unsubscribe("chat:1")
        node.broker.publish(Hint("chat:1", "epoch", 1))
        node.broker.publish(Hint("chat:2", "epoch", 1))
        await node.until(lambda: bool(node.arrived))
        assert node.arrived == [Hint("chat:2", "epoch", 1)]

    async def test_subscribing_twice_delivers_once_and_ends_with_one_unsubscribe(
        self, station: Callable[[], Awaitable[Station]]
    ) -> None:
        node = await station()
        await node.listen_on("chat:1")
        await node.listen_on("chat:1")
        await node.listen_on("chat:2")
        node.broker.publish(Hint("chat:1", "epoch", 1))
        node.broker.publish(Hint("chat:2", "epoch", 1))
        await node.until(lambda: len(node.arrived) == 2)
        node.broker.unsubscribe("chat:1")
        node.broker.publish(Hint("chat:1", "epoch", 2))
        node.broker.publish(Hint("chat:2", "epoch", 2))
        await node.until(lambda: len(node.arrived) == 3)
        assert node.arrived[-1] == Hint("chat:2", "epoch", 2)

    async def test_unsubscribing_from_what_one_never_subscribed_to_does_nothing(
        self, station: Callable[[], Awaitable[Station]]
    ) -> None:
        node = await station()
        node.broker.unsubscribe("chat:1")
        await node.listen_on("chat:1")
        node.broker.publish(Hint("chat:1", "epoch", 1))
        await node.until(lambda: bool(node.arrived))

    async def test_subscribing_before_the_start_counts(self, make_broker: Callable[[], Broker]) -> None:
        node = Station(make_broker())
        node.broker.subscribe("chat:1")
        await node.broker.start(node.receive)
        try:
            await node.listen_on("chat:1")
            node.broker.publish(Hint("chat:1", "epoch", 1))
            await node.until(lambda: bool(node.arrived))
        finally:
            await node.broker.stop()

    async def test_a_receiver_that_fails_goes_on_receiving(self, make_broker: Callable[[], Broker]) -> None:
        node = Station(make_broker())

        def receive(signal: Signal) -> None:
            node.receive(signal)
            if signal == Hint("chat:1", "epoch", 1):
                raise RuntimeError("broken")

        await node.broker.start(receive)
        try:
            await node.listen_on("chat:1")
            node.broker.publish(Hint("chat:1", "epoch", 1))
            node.broker.publish(Hint("chat:1", "epoch", 2))
            await node.until(lambda: len(node.arrived) == 2)
        finally:
            await node.broker.stop()

    async def test_a_stopped_broker_receives_nothing_and_may_be_stopped_again(
        self, station: Callable[[], Awaitable[Station]]
    ) -> None:
        stopped, other = await station(), await station()
        await stopped.listen_on("chat:1")
        await other.listen_on("chat:1")
        await stopped.broker.stop()
        await stopped.broker.stop()
        other.broker.publish(Hint("chat:1", "epoch", 1))
        await other.until(lambda: bool(other.arrived))
        assert stopped.arrived == []

    async def test_many_signals_all_arrive_while_nothing_fails(self, station: Callable[[], Awaitable[Station]]) -> None:
        sender, other = await station(), await station()
        await other.listen_on("chat:1")
        hints = [Hint("chat:1", "epoch", offset, b'{"n":%d}' % offset) for offset in range(1, 1001)]
        for hint in hints:
            sender.broker.publish(hint)
        await other.until(lambda: len(other.arrived) == 1000)
        assert sorted(hint.offset for hint in other.arrived if isinstance(hint, Hint)) == list(range(1, 1001))

    async def test_presence_is_seen_from_every_node(self, station: Callable[[], Awaitable[Station]]) -> None:
        one, two = await station(), await station()
        await one.broker.add_presence("chat:1", info_of("c1"))
        await two.broker.add_presence("chat:1", info_of("c2"))
        await two.broker.add_presence("chat:2", info_of("c3"))
        for node in (one, two):
            assert dict(await node.broker.presence("chat:1")) == {"c1": info_of("c1"), "c2": info_of("c2")}

    async def test_presence_of_a_channel_that_nobody_is_in_is_empty(
        self, station: Callable[[], Awaitable[Station]]
    ) -> None:
        node = await station()
        assert dict(await node.broker.presence("chat:1")) == {}

    async def test_who_leaves_is_gone_and_leaving_twice_does_nothing(
        self, station: Callable[[], Awaitable[Station]]
    ) -> None:
        one, two = await station(), await station()
        await one.broker.add_presence("chat:1", info_of("c1"))
        await one.broker.add_presence("chat:1", info_of("c2"))
        await two.broker.remove_presence("chat:1", "c1")
        await two.broker.remove_presence("chat:1", "c1")
        await two.broker.remove_presence("chat:9", "c1")
        assert list(await one.broker.presence("chat:1")) == ["c2"]

    async def test_presence_that_is_not_repeated_is_forgotten(
        self, station: Callable[[], Awaitable[Station]], clock: ManualClock
    ) -> None:
        node = await station()
        await node.broker.add_presence("chat:1", info_of("gone"))
        await node.broker.add_presence("chat:1", info_of("here"))
        clock.advance(25.0)
        await node.broker.add_presence("chat:1", info_of("here"))
        clock.advance(34.0)
        assert set(await node.broker.presence("chat:1")) == {"gone", "here"}
        clock.advance(1.5)
        assert set(await node.broker.presence("chat:1")) == {"here"}
        clock.advance(60.0)
        assert dict(await node.broker.presence("chat:1")) == {}

    async def test_presence_that_is_repeated_shows_the_newest_information(
        self, station: Callable[[], Awaitable[Station]]
    ) -> None:
        node = await station()
        await node.broker.add_presence("chat:1", info_of("c1", name=b'"old"'))
        await node.broker.add_presence("chat:1", info_of("c1", name=b'"new"'))
        present = await node.broker.presence("chat:1")
        assert bytes(present["c1"].conn_info) == b'"new"'


def info_of(client: str, *, name: bytes = b"") -> ClientInfo:
    """Information about a client of user 7."""
    return ClientInfo(user="7", client=client, conn_info=msgspec.Raw(name) if name else ABSENT)
