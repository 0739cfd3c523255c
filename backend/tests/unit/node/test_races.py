"""What happens between two steps of subscribing, signing in and stopping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tests.support.node import Stage, stage
from vestnik.core import messages as m
from vestnik.core.errors import BackendError
from vestnik.core.orders import CONTROL_CHANNEL
from vestnik.core.ports import Credentials, SignedIn
from vestnik.testing.memory_peer import MemoryPeer

CHANNEL = "chat:1"
PERSONAL = "notifications:#7"


def numbers(result: m.SubscribeResult) -> list[int]:
    return [int(bytes(publication.data)) for publication in result.publications]


def offsets(peer: MemoryPeer, channel: str = CHANNEL) -> list[int]:
    return [offset for offset, _ in peer.publications(channel)]


async def epoch_of(place: Stage, channel: str) -> str:
    return (await place.log.positions([channel]))[channel].epoch


async def witness(place: Stage, channel: str = CHANNEL) -> MemoryPeer:
    """Somebody who holds the channel, so that its stream moves while others come."""
    peer = MemoryPeer(place.node)
    await peer.connect("9")
    await peer.subscribe(channel)
    return peer


# Signing in -----------------------------------------------------------------------------------------------------------


async def test_what_is_published_while_another_channel_is_opened_on_connect_is_not_lost() -> None:
    async with stage() as place:
        holder = MemoryPeer(place.node)
        await holder.connect("7")
        place.publish(PERSONAL, 1)
        await holder.until(lambda: holder.pushes)

        async def publish_meanwhile() -> None:
            place.doorman.after_answer = _nothing
            place.publish(PERSONAL, 2)
            await holder.until(lambda: len(holder.pushes) == 2)

        place.doorman.after_answer = publish_meanwhile
        peer = MemoryPeer(place.node, channels=[CHANNEL])  # leave for this one is asked after the personal one
        told = (await peer.connect("7")).subs[PERSONAL]
        place.publish(PERSONAL, 3)
        await peer.until(lambda: 3 in offsets(peer, PERSONAL))
        assert offsets(peer, PERSONAL) == list(range(told.offset + 1, 4))


async def test_what_is_published_while_another_channel_catches_up_on_connect_is_not_lost() -> None:
    async with stage() as place:
        holder = MemoryPeer(place.node, channels=[CHANNEL])
        await holder.connect("7")
        place.publish(PERSONAL, *range(1, 1201))
        await holder.until(lambda: len(holder.pushes) == 1200)
        epoch = await epoch_of(place, PERSONAL)
        reads = 0

        async def publish_during_the_second_page(moment: str) -> None:
            nonlocal reads
            reads += moment == "before read"
            if reads == 2 and moment == "before read":
                place.publish(CHANNEL, 1)
                await holder.until(lambda: offsets(holder, CHANNEL) == [1])

        place.log.interrupt = publish_during_the_second_page
        peer = MemoryPeer(place.node, channels=[CHANNEL])
        result = await peer.connect("7", subs={PERSONAL: m.SubscribeRequest(recover=True, epoch=epoch, offset=0)})
        assert result.subs[PERSONAL].recovered
        place.publish(CHANNEL, 2)
        await peer.until(lambda: 2 in offsets(peer))
        assert offsets(peer) == list(range(result.subs[CHANNEL].offset + 1, 3))


async def test_a_user_who_is_shut_out_while_signing_in_does_not_stay() -> None:
    """Even if the order comes within the second in which the credential was looked at."""
    async with stage() as place:
        shut_out = MemoryPeer(place.node)
        await shut_out.connect("7")

        async def shut_out_meanwhile() -> None:
            place.doorman.after_answer = _nothing
            place.disconnect_user("7")
            await shut_out.wait_closed()

        place.doorman.after_answer = shut_out_meanwhile
        peer = MemoryPeer(place.node, channels=[CHANNEL])
        peer.send(connect=m.ConnectRequest(token="7"))
        await peer.wait_closed()


async def test_a_user_who_is_shut_out_before_the_answer_to_who_it_is_arrives_does_not_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stage() as place:
        shut_out = MemoryPeer(place.node)
        await shut_out.connect("7")
        sign_in = place.doorman.sign_in

        async def slowly(credentials: Credentials, *, now: float) -> SignedIn:
            signed_in = await sign_in(credentials, now=now)
            place.disconnect_user("7")
            await shut_out.wait_closed()
            return signed_in

        monkeypatch.setattr(place.doorman, "sign_in", slowly)
        peer = MemoryPeer(place.node)
        peer.send(connect=m.ConnectRequest(token="7"))
        await peer.wait_closed()


async def test_after_an_expired_token_the_next_connect_must_come_in_time() -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)

        async def slowly() -> None:
            place.clock.advance(20.0)
            place.node.look_at_deadlines()

        place.doorman.before_answer = slowly
        reply = await peer.ask(connect=m.ConnectRequest(token="expired"))
        assert reply.error is not None
        assert reply.error.code == 109
        place.clock.advance(20.0)
        place.node.look_at_deadlines()
        assert (await peer.wait_closed())[0] == 3502


async def test_a_node_that_is_draining_takes_nobody_in() -> None:
    async with stage() as place:
        await place.node.drain(0.0)
        peer = MemoryPeer(place.node)
        assert (await peer.wait_closed())[0] == 3001


# Catching up ----------------------------------------------------------------------------------------------------------


async def _resume_long_absence(place: Stage, during: Callable[[int], None]) -> MemoryPeer:
    """Resume over three pages; ``during`` is called before each page is read, with its number."""
    epoch = await epoch_of(place, CHANNEL)
    reads = 0

    async def interrupt(moment: str) -> None:
        nonlocal reads
        if moment == "before read":
            reads += 1
            during(reads)

    peer = MemoryPeer(place.node)
    await peer.connect("7")
    place.log.interrupt = interrupt
    await peer.subscribe(CHANNEL, recover=True, epoch=epoch, offset=0)
    return peer


async def test_a_database_that_fails_after_the_reply_makes_the_client_start_over() -> None:
    async with stage() as place:
        await witness(place)
        place.publish(CHANNEL, *range(1, 1201))

        def fail_on_the_second_page(page: int) -> None:
            if page == 2:
                raise BackendError("the database is gone")

        peer = await _resume_long_absence(place, fail_on_the_second_page)
        await peer.until(lambda: [push.unsubscribe.code for push in peer.pushes if push.unsubscribe] == [2500])
        assert (await peer.ask(rpc=m.RPCRequest(method="echo"))).rpc is not None
        await peer.subscribe(CHANNEL)


async def test_a_database_that_fails_after_signing_in_makes_the_client_come_back() -> None:
    async with stage() as place:
        holder = MemoryPeer(place.node)
        await holder.connect("7")
        place.publish(PERSONAL, *range(1, 1201))
        await holder.until(lambda: len(holder.pushes) == 1200)
        epoch = await epoch_of(place, PERSONAL)
        reads = 0

        async def fail_on_the_second_page(moment: str) -> None:
            nonlocal reads
            reads += moment == "before read"
            if reads == 2:
                raise BackendError("the database is gone")

        place.log.interrupt = fail_on_the_second_page
        peer = MemoryPeer(place.node)
        await peer.connect("7", subs={PERSONAL: m.SubscribeRequest(recover=True, epoch=epoch, offset=0)})
        assert (await peer.wait_closed())[0] == 3010


async def test_the_log_is_not_read_on_for_a_client_that_has_gone() -> None:
    async with stage() as place:
        await witness(place)
        place.publish(CHANNEL, *range(1, 5001))
        pages = 0
        gone: list[MemoryPeer] = []

        def count(page: int) -> None:
            nonlocal pages
            pages = page
            if page == 3:
                gone[0].drop()

        epoch = await epoch_of(place, CHANNEL)

        async def interrupt(moment: str) -> None:
            if moment == "before read":
                count(pages + 1)

        peer = MemoryPeer(place.node)
        gone.append(peer)
        await peer.connect("7")
        place.log.interrupt = interrupt
        peer.send(subscribe=m.SubscribeRequest(channel=CHANNEL, recover=True, epoch=epoch, offset=0))
        await peer.until(lambda: peer.closed is not None)
        await asyncio.sleep(0.1)
        assert pages == 3


async def test_a_node_stops_although_a_client_is_ahead_of_the_log() -> None:
    async with stage(hints=False, poll_interval=30.0) as place:
        await witness(place)
        epoch = await epoch_of(place, CHANNEL)
        place.publish(CHANNEL, 1, 2, 3)
        peer = MemoryPeer(place.node)
        await peer.connect("7")
        is_stuck = asyncio.Event()

        async def stick(moment: str) -> None:
            if moment == "before read":
                is_stuck.set()
                await asyncio.Event().wait()

        place.log.interrupt = stick
        peer.send(subscribe=m.SubscribeRequest(channel=CHANNEL, recover=True, epoch=epoch, offset=2))
        await is_stuck.wait()
        async with asyncio.timeout(2.0):
            await place.node.stop()


# A stream that begins anew --------------------------------------------------------------------------------------------


async def _next_look() -> None:
    await asyncio.sleep(0.1)


async def test_a_stream_that_begins_anew_while_somebody_joins_is_served_on() -> None:
    async with stage() as place:
        other = await witness(place)
        peer = MemoryPeer(place.node)
        await peer.connect("7")

        async def be_asked_again() -> None:
            place.doorman.after_answer = begin_anew
            place.unsubscribe("7", CHANNEL)
            await asyncio.sleep(0.1)

        async def begin_anew() -> None:
            place.doorman.after_answer = _nothing
            place.log.renew(CHANNEL)
            await other.until(lambda: any(push.unsubscribe for push in other.pushes))

        place.doorman.after_answer = be_asked_again
        reply = await peer.ask(subscribe=m.SubscribeRequest(channel=CHANNEL))
        if reply.error is not None:
            assert reply.error.temporary
            await peer.subscribe(CHANNEL)
        place.publish(CHANNEL, 3)
        await peer.until(lambda: offsets(peer) == [1])


async def test_a_client_that_unsubscribes_as_its_stream_begins_anew_spares_nobody_else() -> None:
    async with stage() as place:
        place.publish(CHANNEL, 1)
        one, two = await witness(place), await witness(place)
        one.send(unsubscribe=m.UnsubscribeRequest(channel=CHANNEL))  # taken from the hub in the loop's next turn
        place.node._start_over(CHANNEL)
        await two.until(lambda: any(push.unsubscribe for push in two.pushes))


async def test_a_node_whose_orders_begin_anew_goes_on_hearing_them() -> None:
    async with stage() as place:
        place.disconnect_token("before")
        peer = MemoryPeer(place.node)
        await peer.connect("7/laptop")
        place.log.renew(CONTROL_CHANNEL)
        assert (await peer.wait_closed())[0] == 3010  # nobody knows what was ordered in between
        again = MemoryPeer(place.node)
        await again.connect("7/laptop")
        place.disconnect_token("laptop")
        assert (await again.wait_closed())[0] == 3500


async def _nothing() -> None:
    return
