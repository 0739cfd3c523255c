"""Order, heartbeats, presence, failure and leaving."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.support.node import stage
from vestnik.core import messages as m
from vestnik.core.limits import Limits
from vestnik.testing.memory_peer import MemoryPeer

CHANNEL = "chat:1"


async def test_an_unsubscribe_waits_behind_its_subscribe() -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)
        await peer.connect("7")
        gate = asyncio.Event()
        place.doorman.before_answer = gate.wait
        subscribe = peer.send(subscribe=m.SubscribeRequest(channel=CHANNEL))
        unsubscribe = peer.send(unsubscribe=m.UnsubscribeRequest(channel=CHANNEL))
        again = peer.send(subscribe=m.SubscribeRequest(channel=CHANNEL))
        gate.set()
        assert (await peer.reply(subscribe)).subscribe is not None
        assert (await peer.reply(unsubscribe)).unsubscribe is not None
        assert (await peer.reply(again)).subscribe is not None
        place.publish(CHANNEL, 1)
        await peer.until(lambda: peer.publications(CHANNEL))
        assert peer.publications(CHANNEL) == [(1, 1)]


async def test_calls_of_one_connection_keep_their_order_and_do_not_hold_up_others() -> None:
    async with stage() as place:
        waits, other = MemoryPeer(place.node), MemoryPeer(place.node)
        await waits.connect("7")
        await other.connect("8")
        first = waits.send(rpc=m.RPCRequest(method="wait"))
        second = waits.send(rpc=m.RPCRequest(method="echo", data=msgspec.Raw(b'{"n":2}')))
        assert (await other.ask(rpc=m.RPCRequest(method="echo", data=msgspec.Raw(b"1")))).rpc is not None
        assert place.calls.carried_out == ["echo"]
        place.calls.gate.set()
        await waits.reply(first)
        reply = await waits.reply(second)
        assert reply.rpc is not None
        assert bytes(reply.rpc.data) == b'{"n":2}'
        assert place.calls.carried_out == ["echo", "wait", "echo"]


async def test_a_call_that_fails_tells_nothing_of_why(caplog: pytest.LogCaptureFixture) -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)
        await peer.connect("7")
        reply = await peer.ask(rpc=m.RPCRequest(method="fail"))
        assert reply.error == m.Error(code=100, message="internal server error", temporary=True)
        assert "secret detail" in caplog.text
        unknown = await peer.ask(rpc=m.RPCRequest(method="nope"))
        assert unknown.error is not None
        assert unknown.error.code == 104
        assert peer.closed is None


async def test_an_expired_token_is_told_and_the_next_one_is_taken() -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)
        reply = await peer.ask(connect=m.ConnectRequest(token="expired"))
        assert reply.error is not None
        assert reply.error.code == 109
        await peer.connect("7")


async def test_a_connection_without_a_token_is_closed_with_3500() -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)
        peer.send(connect=m.ConnectRequest())
        assert await peer.wait_closed() == (3500, "invalid token")


async def test_heartbeats_run_for_all_connections_from_one_timer() -> None:
    async with stage() as place:
        answers, silent, never_connects = (MemoryPeer(place.node) for _ in range(3))
        await answers.connect("7")
        await silent.connect("8")
        answered = 0
        for _ in range(60):
            place.clock.advance(1.0)
            place.node.look_at_deadlines()
            if answers.pings > answered:
                answered = answers.pings
                answers.pong()
        assert await never_connects.wait_closed() == (3502, "stale: no connect command in time")
        assert await silent.wait_closed() == (3012, "no pong")
        assert silent.pings == 1
        assert answers.closed is None
        assert answered in (2, 3)
        assert place.node.stats().connections == 1


async def test_a_peer_that_is_gone_leaves_nothing_behind() -> None:
    async with stage() as place:
        before = place.node.stats()
        peer = MemoryPeer(place.node)
        await peer.connect("7/laptop")
        await peer.subscribe(CHANNEL)
        await peer.subscribe("open:1")
        peer.drop()
        peer.drop()
        await asyncio.sleep(0)
        after = place.node.stats()
        assert (after.connections, after.users, after.served_channels) == (0, 0, before.served_channels)
        assert (after.hub.channels, after.hub.subscriptions) == (0, 0)


async def test_a_peer_that_goes_while_its_subscribe_is_decided_leaves_nothing_behind() -> None:
    async with stage() as place:
        before = place.node.stats().served_channels
        peer = MemoryPeer(place.node)
        await peer.connect("7")
        gate = asyncio.Event()
        place.doorman.before_answer = gate.wait
        peer.send(subscribe=m.SubscribeRequest(channel=CHANNEL))
        await asyncio.sleep(0)
        peer.drop()
        gate.set()
        async with asyncio.timeout(5):
            while place.node.stats().requests_under_way:  # noqa: ASYNC110 there is no event to wait for
                await asyncio.sleep(0)
        after = place.node.stats()
        assert (after.served_channels, after.hub.subscriptions) == (before, 0)


async def test_who_is_here_is_known_and_announced_to_those_who_ask() -> None:
    async with stage() as place:
        watcher, comer = MemoryPeer(place.node), MemoryPeer(place.node)
        await watcher.connect("7")
        await comer.connect("8")
        await watcher.subscribe(CHANNEL, join_leave=True)
        await comer.subscribe(CHANNEL)
        await watcher.until(lambda: any(p.join and p.join.info.user == "8" for p in watcher.pushes))
        reply = await watcher.ask(presence=m.PresenceRequest(channel=CHANNEL))
        assert reply.presence is not None
        assert sorted(info.user for info in reply.presence.presence.values()) == ["7", "8"]
        stats = await watcher.ask(presence_stats=m.PresenceStatsRequest(channel=CHANNEL))
        assert stats.presence_stats == m.PresenceStatsResult(num_clients=2, num_users=2)
        comer.drop()
        await watcher.until(lambda: any(p.leave and p.leave.info.user == "8" for p in watcher.pushes))
        assert not any(p.join for p in comer.pushes)
        reply = await watcher.ask(presence=m.PresenceRequest(channel=CHANNEL))
        assert reply.presence is not None
        assert [info.user for info in reply.presence.presence.values()] == ["7"]


async def test_draining_answers_what_was_asked_and_sends_everybody_elsewhere() -> None:
    async with stage() as place:
        busy, idle = MemoryPeer(place.node), MemoryPeer(place.node)
        await busy.connect("7")
        await idle.connect("8")
        asked = busy.send(rpc=m.RPCRequest(method="wait"))
        draining = asyncio.create_task(place.node.drain(within=0.1))
        await idle.wait_closed()
        place.calls.gate.set()
        await draining
        assert (await busy.reply(asked)).rpc is not None
        assert busy.closed == idle.closed == (3001, "shutdown")
        assert place.node.is_draining


async def test_the_rate_limit_spares_the_subscribes_that_come_with_connect() -> None:
    async with stage(limits=Limits(command_burst=5, command_rate=0.0)) as place:
        peer = MemoryPeer(place.node)
        commands = [m.Command(id=1, connect=m.ConnectRequest(token="7"))]
        commands += [m.Command(id=n, subscribe=m.SubscribeRequest(channel=f"open:{n}")) for n in range(2, 302)]
        for start in range(0, len(commands), 100):
            peer.connection.receive(peer.codec.encode_commands(commands[start : start + 100]))
        for number in range(2, 302):
            assert (await peer.reply(number)).subscribe is not None


async def test_a_slow_peer_is_closed_with_a_code_that_brings_it_back() -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)
        await peer.connect("7")
        peer.connection.slow()
        assert await peer.wait_closed() == (3008, "slow")
        assert any(p.disconnect and p.disconnect.reconnect for p in peer.pushes)
