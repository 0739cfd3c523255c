"""Fan-out: once encoded, once joined, once written; to whom, and in which order."""

from __future__ import annotations

import msgspec
import pytest

from vestnik.core import messages as m
from vestnik.core.codec import JSON, PROTOBUF, Codec
from vestnik.core.hub import MAX_JOINED_BYTES, Hub, frames


class Listener:
    def __init__(self, codec: Codec = JSON) -> None:
        self.codec = codec
        self.frames: list[bytes] = []
        self.write = self.frames.append

    def heard(self) -> list[int]:
        """Offsets of publications, in order of arrival."""
        replies = [reply for frame in self.frames for reply in self.codec.decode_replies(frame)]
        return [reply.push.pub.offset for reply in replies if reply.push is not None and reply.push.pub is not None]


def publication(offset: int, data: bytes = b"{}") -> m.Publication:
    return m.Publication(data=msgspec.Raw(data), offset=offset)


def test_what_comes_in_one_tick_is_one_frame_and_the_same_object_for_all() -> None:
    hub, first, second = Hub(), Listener(), Listener()
    hub.join("a", first)
    hub.join("a", second)
    hub.publish("a", [publication(1)])
    hub.publish("a", [publication(2), publication(3)])
    assert first.frames == []
    hub.flush()
    assert len(first.frames) == 1
    assert first.frames[0] is second.frames[0]
    assert first.heard() == [1, 2, 3]
    assert not hub.has_waiting()


def test_each_codec_gets_its_own_bytes() -> None:
    hub, text, binary = Hub(), Listener(JSON), Listener(PROTOBUF)
    hub.join("a", text)
    hub.join("a", binary)
    hub.publish("a", [publication(1), publication(2)])
    hub.flush()
    assert text.heard() == binary.heard() == [1, 2]
    assert text.frames != binary.frames


def test_who_joins_in_the_middle_of_a_tick_gets_only_what_comes_later() -> None:
    hub, early, late = Hub(), Listener(), Listener()
    hub.join("a", early)
    hub.publish("a", [publication(1)])
    hub.join("a", late)
    hub.publish("a", [publication(2)])
    hub.flush()
    assert early.heard() == [1, 2]
    assert late.heard() == [2]


def test_who_leaves_gets_not_even_what_is_waiting() -> None:
    hub, stays, goes = Hub(), Listener(), Listener()
    hub.join("a", stays)
    hub.join("a", goes)
    hub.publish("a", [publication(1)])
    assert hub.leave("a", goes) is False
    hub.flush()
    assert stays.heard() == [1]
    assert goes.heard() == []


def test_the_last_one_to_leave_closes_the_channel() -> None:
    hub, listener = Hub(), Listener()
    hub.join("a", listener)
    hub.publish("a", [publication(1)])
    assert hub.leave("a", listener) is True
    assert hub.leave("a", listener) is False
    hub.flush()
    assert listener.frames == []
    assert hub.stats().channels == 0


def test_channels_do_not_hear_each_other() -> None:
    hub, listener = Hub(), Listener()
    hub.join("a", listener)
    hub.publish("b", [publication(1)])
    hub.flush()
    assert listener.frames == []
    assert not hub.has("b", listener)


def test_comings_and_goings_are_told_in_order_to_those_who_ask() -> None:
    hub, asks, does_not = Hub(), Listener(), Listener()
    hub.join("a", asks, wants_join_leave=True)
    hub.join("a", does_not)
    hub.publish("a", [publication(1)])
    hub.announce(m.Push(channel="a", join=m.Join(info=m.ClientInfo(user="3", client="z"))))
    pushes = [reply.push for frame in asks.frames for reply in JSON.decode_replies(frame)]
    assert [push is not None and push.join is not None for push in pushes] == [False, True]
    assert len(does_not.frames) == 1
    assert does_not.heard() == [1]


@pytest.mark.parametrize("size", [10, 1000, 40_000, 100_000])
def test_joined_frames_stay_small_and_lose_nothing(size: int) -> None:
    hub, listener = Hub(), Listener()
    hub.join("a", listener)
    hub.publish("a", [publication(offset, b'"' + b"x" * size + b'"') for offset in range(1, 21)])
    hub.flush()
    assert listener.heard() == list(range(1, 21))
    assert all(len(frame) <= max(MAX_JOINED_BYTES, size) + 1000 for frame in listener.frames)
    assert hub.stats().deliveries == 20


def test_no_parts_are_no_frames() -> None:
    assert frames(JSON, []) == []
