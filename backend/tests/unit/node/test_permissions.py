"""Permissions end on live sockets, also in the middle of what is being asked."""

from __future__ import annotations

import asyncio

import pytest

from tests.support.node import stage
from vestnik.core import messages as m
from vestnik.core.codes import DisconnectCode
from vestnik.testing.memory_peer import MemoryPeer

CHANNEL = "chat:1"


async def test_who_may_not_subscribe_hears_nothing() -> None:
    async with stage() as place:
        place.doorman.members[CHANNEL] = {"7"}
        member, stranger = MemoryPeer(place.node), MemoryPeer(place.node)
        await member.connect("7")
        await stranger.connect("8")
        await member.subscribe(CHANNEL)
        reply = await stranger.ask(subscribe=m.SubscribeRequest(channel=CHANNEL))
        assert reply.error is not None
        assert reply.error.code == 103
        place.publish(CHANNEL, 1)
        await member.until(lambda: member.pushes)
        assert stranger.pushes == []


async def test_a_removed_member_stops_receiving_at_once() -> None:
    async with stage() as place:
        place.doorman.members[CHANNEL] = {"7", "8"}
        stays, goes = MemoryPeer(place.node), MemoryPeer(place.node)
        await stays.connect("7")
        await goes.connect("8")
        await stays.subscribe(CHANNEL)
        await goes.subscribe(CHANNEL)
        place.doorman.members[CHANNEL] = {"7"}
        place.unsubscribe("8", CHANNEL)
        place.publish(CHANNEL, 1)
        await stays.until(lambda: stays.publications(CHANNEL))
        await goes.until(lambda: any(push.unsubscribe for push in goes.pushes))
        assert goes.publications(CHANNEL) == []
        [push] = [push.unsubscribe for push in goes.pushes if push.unsubscribe]
        assert push.code == 2000
        assert goes.closed is None


@pytest.mark.parametrize("hints", [True, False])
async def test_orders_reach_a_node_that_hears_no_hints(hints: bool) -> None:
    async with stage(hints=hints) as place:
        peer = MemoryPeer(place.node)
        await peer.connect("7/laptop")
        place.disconnect_token("laptop")
        assert await peer.wait_closed() == (3500, "signed out")


async def test_a_member_removed_while_leave_is_asked_for_is_asked_again() -> None:
    async with stage() as place:
        place.doorman.members[CHANNEL] = {"7"}
        peer = MemoryPeer(place.node)
        await peer.connect("7")

        async def removed_meanwhile() -> None:
            if place.doorman.members[CHANNEL] == {"7"}:
                place.doorman.members[CHANNEL] = {"nobody"}
                place.unsubscribe("7", CHANNEL)
                await asyncio.sleep(0.1)

        place.doorman.after_answer = removed_meanwhile
        reply = await peer.ask(subscribe=m.SubscribeRequest(channel=CHANNEL))
        assert reply.error is not None
        assert reply.error.code == 103
        place.publish(CHANNEL, 1)
        await asyncio.sleep(0.05)
        assert peer.pushes == []


async def test_a_dialled_channel_is_checked_like_any_other() -> None:
    async with stage() as place:
        place.doorman.members[CHANNEL] = {"7"}
        member, stranger = MemoryPeer(place.node, channels=[CHANNEL]), MemoryPeer(place.node, channels=[CHANNEL])
        result = await member.connect("7")
        assert CHANNEL in result.subs
        stranger.send(connect=m.ConnectRequest(token="8"))
        assert await stranger.wait_closed() == (3507, "permission denied")
        place.publish(CHANNEL, 1)
        await member.until(lambda: member.publications(CHANNEL))


async def test_a_dialled_channel_lost_while_signing_in_is_asked_for_again() -> None:
    async with stage() as place:
        place.doorman.members[CHANNEL] = {"7"}
        peer = MemoryPeer(place.node, channels=[CHANNEL])

        async def removed_meanwhile() -> None:
            if place.doorman.members[CHANNEL] == {"7"}:
                place.doorman.members[CHANNEL] = {"nobody"}
                place.unsubscribe("7", CHANNEL)
                await asyncio.sleep(0.1)

        place.doorman.after_answer = removed_meanwhile
        peer.send(connect=m.ConnectRequest(token="7"))
        assert await peer.wait_closed() == (3507, "permission denied")


async def test_signing_out_closes_the_connections_of_that_credential_only() -> None:
    async with stage() as place:
        laptop, phone, other = MemoryPeer(place.node), MemoryPeer(place.node), MemoryPeer(place.node)
        await laptop.connect("7/laptop")
        await phone.connect("7/phone")
        await other.connect("8/laptop-of-8")
        place.disconnect_token("laptop")
        assert (await laptop.wait_closed())[0] == DisconnectCode.INVALID_TOKEN
        assert phone.closed is None
        assert other.closed is None
        place.disconnect_user("7")
        assert (await phone.wait_closed())[0] == DisconnectCode.INVALID_TOKEN
        assert other.closed is None


async def test_a_connection_token_made_before_the_sign_out_opens_nothing_after_it() -> None:
    async with stage() as place:
        witness = MemoryPeer(place.node)
        await witness.connect("9")
        place.disconnect_token("laptop")
        place.disconnect_user("8")
        place.disconnect_user("9")
        await witness.wait_closed()
        with_revoked = MemoryPeer(place.node)
        with_revoked.send(connect=m.ConnectRequest(token="7/laptop"))
        assert await with_revoked.wait_closed() == (3500, "invalid token: revoked")
        place.doorman.issued_at = 0.0
        issued_before = MemoryPeer(place.node)
        issued_before.send(connect=m.ConnectRequest(token="8/other"))
        assert (await issued_before.wait_closed())[0] == 3500
        place.doorman.issued_at = None
        signed_in_again = MemoryPeer(place.node)
        await signed_in_again.connect("8/new")


async def test_a_restarted_node_remembers_what_was_revoked_lately() -> None:
    async with stage() as place:
        place.disconnect_token("laptop")
        async with stage(log=place.log) as restarted:
            peer = MemoryPeer(restarted.node)
            peer.send(connect=m.ConnectRequest(token="7/laptop"))
            assert (await peer.wait_closed())[0] == 3500


async def test_a_token_revoked_while_its_owner_signs_in_lets_nobody_in() -> None:
    async with stage() as place:
        witness = MemoryPeer(place.node)
        await witness.connect("7/laptop")

        async def revoked_meanwhile() -> None:
            place.doorman.before_answer = _nothing
            place.disconnect_token("laptop")
            await witness.wait_closed()

        place.doorman.before_answer = revoked_meanwhile
        peer = MemoryPeer(place.node)
        peer.send(connect=m.ConnectRequest(token="7/laptop"))
        assert (await peer.wait_closed())[0] == 3500


async def test_a_refresh_cannot_change_who_one_is() -> None:
    async with stage() as place:
        peer = MemoryPeer(place.node)
        result = await peer.connect("7/short")
        assert (result.expires, result.ttl) == (True, 60)
        reply = await peer.ask(refresh=m.RefreshRequest(token="7/short"))
        assert reply.refresh is not None
        assert reply.refresh.ttl == 60
        peer.send(refresh=m.RefreshRequest(token="8"))
        assert (await peer.wait_closed())[0] == 3500


async def _nothing() -> None:
    return
