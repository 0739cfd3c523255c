"""Subscribing, resuming and living through faults: each publication once, in order, whatever happens in between."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.node import Stage, stage
from vestnik.core import messages as m
from vestnik.core.codec import JSON, PROTOBUF, Codec
from vestnik.core.errors import BackendError
from vestnik.testing.memory_log import MemoryEventLog
from vestnik.testing.memory_peer import MemoryPeer

CHANNEL = "chat:1"


async def subscribed(
    place: Stage, *, codec: Codec = JSON, user: str = "7", channel: str = CHANNEL
) -> tuple[MemoryPeer, m.SubscribeResult]:
    peer = MemoryPeer(place.node, codec=codec)
    await peer.connect(user)
    return peer, await peer.subscribe(channel)


def numbers(result: m.SubscribeResult) -> list[int]:
    return [int(bytes(publication.data)) for publication in result.publications]


def offsets(peer: MemoryPeer, channel: str = CHANNEL) -> list[int]:
    return [offset for offset, _ in peer.publications(channel)]


@pytest.mark.parametrize("codec", [JSON, PROTOBUF], ids=lambda codec: codec.name)
async def test_a_subscriber_gets_what_is_published_after_its_position(codec: Codec) -> None:
    async with stage() as place:
        place.publish(CHANNEL, 1, 2)
        peer, result = await subscribed(place, codec=codec)
        assert (result.offset, result.recoverable, result.positioned, numbers(result)) == (2, True, True, [])
        place.publish(CHANNEL, 3, 4)
        await peer.until(lambda: len(peer.pushes) == 2)
        assert peer.publications(CHANNEL) == [(3, 3), (4, 4)]


async def test_publications_of_one_moment_are_one_frame() -> None:
    async with stage() as place:
        peer, _ = await subscribed(place)
        before = len(peer.frames)
        place.publish(CHANNEL, *range(10))
        await peer.until(lambda: len(peer.pushes) == 10)
        assert len(peer.frames) == before + 1


async def test_without_hints_a_publication_arrives_with_the_next_look() -> None:
    async with stage(hints=False) as place:
        peer, _ = await subscribed(place)
        place.publish(CHANNEL, 1, 2, 3)
        await peer.until(lambda: len(peer.pushes) == 3)
        assert offsets(peer) == [1, 2, 3]


async def test_lost_doubled_and_swapped_hints_change_nothing() -> None:
    async with stage() as place:
        peer, _ = await subscribed(place)
        hints = []
        place.log.hint = hints.append
        place.publish(CHANNEL, *range(1, 9))
        for index in (3, 1, 1, 7, 0, 7, 2):
            place.broker.publish(hints[index])
        await peer.until(lambda: len(peer.pushes) >= 8)
        await asyncio.sleep(0.05)
        assert offsets(peer) == list(range(1, 9))


async def test_resuming_brings_exactly_what_was_missed() -> None:
    async with stage() as place:
        peer, result = await subscribed(place)
        place.publish(CHANNEL, 1, 2)
        await peer.until(lambda: len(peer.pushes) == 2)
        peer.drop()
        place.publish(CHANNEL, 3, 4, 5)
        again = MemoryPeer(place.node)
        await again.connect("7")
        resumed = await again.subscribe(CHANNEL, recover=True, epoch=result.epoch, offset=2)
        assert (resumed.recovered, resumed.was_recovering, resumed.offset) == (True, True, 2)
        assert numbers(resumed) == [3, 4, 5]
        place.publish(CHANNEL, 6)
        await again.until(lambda: again.pushes)
        assert offsets(again) == [6]


async def test_resuming_without_a_miss_is_recovered_and_empty() -> None:
    async with stage() as place:
        peer, result = await subscribed(place)
        resumed = await _resume(place, result.epoch, 0)
        assert (resumed.recovered, numbers(resumed), resumed.offset) == (True, [], 0)
        peer.drop()


@pytest.mark.parametrize(
    ("change", "offset"),
    [("renew", 1), ("cut", 1), ("beyond", 99)],
    ids=["another epoch", "pruned past the position", "a position that the log never had"],
)
async def test_what_cannot_be_resumed_is_said_and_begins_at_the_top(change: str, offset: int) -> None:
    async with stage() as place:
        place.publish(CHANNEL, 1, 2, 3)
        epoch = (await place.log.positions([CHANNEL]))[CHANNEL].epoch
        if change == "renew":
            place.log.renew()
        elif change == "cut":
            place.log.cut(CHANNEL, 2)
        resumed = await _resume(place, epoch, offset)
        assert (resumed.recovered, resumed.was_recovering, numbers(resumed), resumed.offset) == (False, True, [], 3)


async def test_a_client_that_is_ahead_of_this_node_is_recovered() -> None:
    """It saw offset 2 on another node, of which this one has not heard yet."""
    async with stage(hints=False, poll_interval=30.0) as place:
        peer, result = await subscribed(place)
        place.publish(CHANNEL, 1, 2, 3)
        resumed = await _resume(place, result.epoch, 2)
        assert resumed.recovered
        got = numbers(resumed)
        assert got == [3]
        await peer.until(lambda: len(peer.pushes) == 3)


async def test_a_long_absence_is_made_good_in_pages_without_a_break() -> None:
    async with stage() as place:
        peer, result = await subscribed(place)
        peer.drop()
        place.publish(CHANNEL, *range(1, 2001))
        again = MemoryPeer(place.node)
        await again.connect("7")
        resumed = await again.subscribe(CHANNEL, recover=True, epoch=result.epoch, offset=0)
        assert resumed.recovered
        place.publish(CHANNEL, 2001)
        await again.until(lambda: len(numbers(resumed)) + len(again.pushes) == 2001)
        assert numbers(resumed) + [number for _, number in again.publications(CHANNEL)] == list(range(1, 2002))


async def test_large_publications_do_not_make_one_huge_reply() -> None:
    async with stage() as place:
        _, result = await subscribed(place)
        place.log.add(CHANNEL, *(b'"%s"' % (b"x" * 60_000) for _ in range(40)))
        again = MemoryPeer(place.node)
        await again.connect("7")
        resumed = await again.subscribe(CHANNEL, recover=True, epoch=result.epoch, offset=0)
        await again.until(lambda: len(resumed.publications) + len(again.pushes) == 40)
        assert max(map(len, again.frames)) < 400_000


async def test_ten_thousand_returning_clients_are_a_handful_of_reads() -> None:
    async with stage() as place:
        place.publish(CHANNEL, *range(10))
        epoch = (await place.log.positions([CHANNEL]))[CHANNEL].epoch
        peers = [MemoryPeer(place.node) for _ in range(500)]
        for peer in peers:
            await peer.connect("7")
        before = place.log.reads
        asked = [
            peer.send(subscribe=m.SubscribeRequest(channel=CHANNEL, recover=True, epoch=epoch, offset=number % 10))
            for number, peer in enumerate(peers)
        ]
        replies = [await peer.reply(command) for peer, command in zip(peers, asked, strict=True)]
        for number, reply in enumerate(replies):
            assert reply.subscribe is not None
            assert [p.offset for p in reply.subscribe.publications] == list(range(number % 10 + 1, 11))
        assert place.log.reads - before < 20


MOMENTS = ["before positions", "after positions", "before read", "after read"]


@pytest.mark.parametrize("hints", [True, False], ids=["with hints", "without hints"])
@pytest.mark.parametrize("recover", [True, False], ids=["resuming", "anew"])
@pytest.mark.parametrize("moment", [*MOMENTS, "before leave", "after leave"])
async def test_publishing_at_any_moment_of_subscribing_neither_loses_nor_doubles(
    moment: str, recover: bool, hints: bool
) -> None:
    async with stage(hints=hints) as place:
        place.publish(CHANNEL, 1, 2, 3)
        epoch = (await place.log.positions([CHANNEL]))[CHANNEL].epoch
        next_number = 4

        def publish_one() -> None:
            nonlocal next_number
            if next_number < 12:
                place.publish(CHANNEL, next_number)
                next_number += 1

        async def interrupt(name: str) -> None:
            if name == moment:
                publish_one()
            await asyncio.sleep(0)

        async def leave() -> None:
            publish_one()
            await asyncio.sleep(0)

        peer = MemoryPeer(place.node)
        await peer.connect("7")
        place.log.interrupt = interrupt
        if moment == "before leave":
            place.doorman.before_answer = leave
        elif moment == "after leave":
            place.doorman.after_answer = leave
        result = await peer.subscribe(
            CHANNEL, recover=recover, epoch=epoch if recover else "", offset=1 if recover else 0
        )
        moment = "none any more"  # the reconciler would go on for ever
        publish_one()
        first = result.offset + 1
        await peer.until(lambda: numbers(result) + offsets(peer) == list(range(first, next_number)))
        await asyncio.sleep(0.06)
        assert numbers(result) + offsets(peer) == list(range(first, next_number))
        assert first == 2 if recover else first >= 4


async def test_personal_channels_are_subscribed_on_connect_and_resumed_with_it() -> None:
    async with stage() as place:
        channel = "notifications:#7"
        peer = MemoryPeer(place.node)
        result = await peer.connect("7")
        assert list(result.subs) == [channel]
        place.publish(channel, 1)
        await peer.until(lambda: peer.pushes)
        peer.drop()
        place.publish(channel, 2, 3)
        again = MemoryPeer(place.node)
        epoch = result.subs[channel].epoch
        resumed = await again.connect("7", subs={channel: m.SubscribeRequest(recover=True, epoch=epoch, offset=1)})
        assert resumed.subs[channel].recovered
        assert numbers(resumed.subs[channel]) == [2, 3]
        place.publish(channel, 4)
        await again.until(lambda: again.pushes)
        assert offsets(again, channel) == [4]


async def test_nobody_gets_another_users_personal_channel() -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)
        result = await peer.connect("7", subs={"notifications:#8": m.SubscribeRequest()})
        assert list(result.subs) == ["notifications:#7"]
        reply = await peer.ask(subscribe=m.SubscribeRequest(channel="notifications:#8"))
        assert reply.error is not None
        assert reply.error.code == 103


async def test_a_new_epoch_ends_the_clients_subscriptions_with_2500_and_the_servers_with_3010() -> None:
    async with stage() as place:
        place.publish(CHANNEL, 1)
        place.publish("notifications:#8", 1)
        own, _ = await subscribed(place)
        servers = MemoryPeer(place.node)
        await servers.connect("8")
        place.log.renew()
        await own.until(lambda: any(push.unsubscribe for push in own.pushes) or own.closed)
        assert await servers.wait_closed() == (3010, "insufficient state")
        # Both had a server-side subscription; what the client's own subscription was told came first.
        assert any(push.unsubscribe and push.unsubscribe.code == 2500 for push in own.pushes) or own.closed


async def test_a_database_that_fails_is_told_as_temporary_and_heals() -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)
        await peer.connect("7")
        is_down = True

        async def interrupt(name: str) -> None:
            if is_down:
                raise BackendError("the database is gone")

        place.log.interrupt = interrupt
        reply = await peer.ask(subscribe=m.SubscribeRequest(channel=CHANNEL))
        assert reply.error is not None
        assert (reply.error.code, reply.error.temporary) == (100, True)
        assert "database" not in reply.error.message
        is_down = False
        await peer.subscribe(CHANNEL)
        is_down = True
        place.log.hint = lambda hint: None
        place.publish(CHANNEL, 1)
        await asyncio.sleep(0.05)
        is_down = False
        await peer.until(lambda: peer.publications(CHANNEL) == [(1, 1)])


async def test_a_reader_that_does_not_read_holds_up_only_itself() -> None:
    async with stage() as place:
        slow, result = await subscribed(place)
        quick, _ = await subscribed(place)
        slow.drop()
        place.log.add(CHANNEL, *(b'"%s"' % (b"x" * 10_000) for _ in range(600)))
        stuck = MemoryPeer(place.node)
        await stuck.connect("7")
        stuck.buffered = 10**9
        stuck.send(subscribe=m.SubscribeRequest(channel=CHANNEL, recover=True, epoch=result.epoch, offset=0))
        await quick.until(lambda: len(quick.pushes) == 600)
        await stuck.until(lambda: stuck.publications(CHANNEL))
        assert len(stuck.pushes) < 600
        place.clock.advance(31.0)
        assert (await stuck.wait_closed())[0] == 3008


async def test_typing_and_the_like_have_no_offset() -> None:
    async with stage() as place:
        peer, _ = await subscribed(place, channel="open:1")
        other, _ = await subscribed(place, channel="open:1", user="8")
        reply = await other.ask(publish=m.PublishRequest(channel="open:1", data=m.msgspec.Raw(b'{"a":1}')))
        assert reply.publish is not None
        await peer.until(lambda: peer.pushes)
        assert peer.publications("open:1") == [(0, {"a": 1})]
        [push] = peer.pushes
        assert push.pub is not None
        assert push.pub.info is not None
        assert push.pub.info.user == "8"


async def test_history_is_read_from_the_log_both_ways() -> None:
    async with stage() as place:
        place.publish(CHANNEL, 1, 2, 3, 4, 5)
        peer, result = await subscribed(place)

        async def history(**fields: object) -> list[int]:
            reply = await peer.ask(history=m.HistoryRequest(channel=CHANNEL, **fields))  # type: ignore[arg-type]
            assert reply.history is not None, reply
            assert reply.history.offset == 5
            return [publication.offset for publication in reply.history.publications]

        since = m.StreamPosition(offset=3, epoch=result.epoch)
        assert await history() == []
        assert await history(limit=2) == [1, 2]
        assert await history(limit=-1) == [1, 2, 3, 4, 5]
        assert await history(limit=2, reverse=True) == [5, 4]
        assert await history(limit=9, since=since) == [4, 5]
        assert await history(limit=9, since=since, reverse=True) == [2, 1]
        wrong = await peer.ask(
            history=m.HistoryRequest(channel=CHANNEL, limit=1, since=m.StreamPosition(offset=1, epoch="other"))
        )
        assert wrong.error is not None
        assert wrong.error.code == 112


async def _resume(place: Stage, epoch: str, offset: int) -> m.SubscribeResult:
    peer = MemoryPeer(place.node)
    await peer.connect("7")
    return await peer.subscribe(CHANNEL, recover=True, epoch=epoch, offset=offset)


async def test_two_nodes_over_one_log_deliver_the_same() -> None:
    log = MemoryEventLog()
    async with stage(log=log, hints=False) as one, stage(log=log, hints=False) as two:
        first, _ = await subscribed(one)
        second, _ = await subscribed(two)
        one.publish(CHANNEL, *range(1, 50))
        await first.until(lambda: len(first.pushes) == 49)
        await second.until(lambda: len(second.pushes) == 49)
        assert offsets(first) == offsets(second) == list(range(1, 50))
