"""The broker of one process keeps the contract of its port."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from vestnik.backends.memory import MemoryBroker, MemoryExchange
from vestnik.core.errors import LocalError
from vestnik.core.ports import Hint
from vestnik.testing.broker_contract import BrokerContract, Station, info_of
from vestnik.testing.clock import ManualClock


class TestMemoryBroker(BrokerContract):
    @pytest.fixture
    def make_broker(self, clock: ManualClock) -> Callable[[], MemoryBroker]:
        exchange = MemoryExchange()
        return lambda: MemoryBroker(exchange, clock=clock)


async def test_signals_are_never_delivered_from_inside_publish() -> None:
    node = Station(MemoryBroker())
    await node.broker.start(node.receive)
    node.broker.subscribe("chat:1")
    node.broker.publish(Hint("chat:1", "epoch", 1))
    assert node.arrived == []
    await node.until(lambda: bool(node.arrived))
    await node.broker.stop()


async def test_brokers_without_a_common_exchange_do_not_hear_each_other() -> None:
    one, two = Station(MemoryBroker()), Station(MemoryBroker())
    for node in (one, two):
        await node.broker.start(node.receive)
        node.broker.subscribe("chat:1")
    one.broker.publish(Hint("chat:1", "epoch", 1))
    await one.until(lambda: bool(one.arrived))
    assert two.arrived == []


async def test_publishing_before_the_start_is_refused() -> None:
    with pytest.raises(LocalError, match="chat:1"):
        MemoryBroker().publish(Hint("chat:1", "epoch", 1))


async def test_an_empty_exchange_keeps_nothing() -> None:
    clock = ManualClock()
    exchange = MemoryExchange()
    node = Station(MemoryBroker(exchange, clock=clock))
    await node.broker.start(node.receive)
    node.broker.subscribe("chat:1")
    node.broker.unsubscribe("chat:1")
    await node.broker.add_presence("chat:1", info_of("c1"))
    await node.broker.add_presence("chat:2", info_of("c1"))
    await node.broker.remove_presence("chat:1", "c1")
    clock.advance(60.0)
    assert dict(await node.broker.presence("chat:2")) == {}
    assert not exchange.brokers
    assert not exchange.presence
