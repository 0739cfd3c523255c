"""The gap rule: a publication is delivered only if its offset is the last one plus one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestnik.core.errors import LocalError
from vestnik.core.ports import Hint, Logged, Slice
from vestnik.core.position import Position
from vestnik.core.stream import MAX_EARLY, Stream


def hint(offset: int, *, epoch: str = "e", data: bytes = b"1") -> Hint:
    return Hint("chat:1", epoch, offset, data)


def piece(first: int, last: int, *, top: int | None = None, floor: int = 0, epoch: str = "e") -> Slice:
    rows = [Logged(offset, b"1") for offset in range(first, last + 1)]
    return Slice(Position(epoch, last if top is None else top), floor, rows)


def offsets(ready: object) -> list[int]:
    return [publication.offset for publication in ready]  # type: ignore[attr-defined]


def at(offset: int) -> Stream:
    return Stream("chat:1", Position("e", offset))


def test_the_next_hint_is_delivered_without_reading() -> None:
    stream = at(5)
    assert offsets(stream.take_hint(hint(6))) == [6]
    assert not stream.is_behind


def test_old_and_doubled_hints_deliver_nothing() -> None:
    stream = at(5)
    assert offsets(stream.take_hint(hint(6))) == [6]
    assert offsets(stream.take_hint(hint(6))) == []
    assert offsets(stream.take_hint(hint(2))) == []
    assert not stream.is_behind


def test_after_a_gap_nothing_is_delivered_until_the_log_was_read() -> None:
    stream = at(5)
    assert offsets(stream.take_hint(hint(8))) == []
    assert stream.is_behind
    assert offsets(stream.take_slice(piece(6, 7))) == [6, 7, 8]
    assert not stream.is_behind
    assert stream.position == Position("e", 8)


def test_swapped_hints_are_delivered_in_order() -> None:
    stream = at(5)
    assert offsets(stream.take_hint(hint(7))) == []
    assert offsets(stream.take_hint(hint(6))) == [6, 7]


def test_a_hint_without_data_is_read_from_the_log() -> None:
    stream = at(5)
    assert offsets(stream.take_hint(hint(6, data=b""))) == []
    assert stream.is_behind
    assert offsets(stream.take_slice(piece(6, 6))) == [6]


def test_a_page_that_is_not_the_last_leaves_it_behind() -> None:
    stream = at(0)
    stream.compare(Position("e", 9))
    assert stream.is_behind
    assert offsets(stream.take_slice(piece(1, 5, top=9))) == [1, 2, 3, 4, 5]
    assert stream.is_behind
    assert offsets(stream.take_slice(piece(6, 9))) == [6, 7, 8, 9]
    assert not stream.is_behind


def test_what_a_late_read_brings_again_is_not_delivered_again() -> None:
    stream = at(0)
    stream.take_hint(hint(2))
    stream.take_hint(hint(1))
    assert offsets(stream.take_slice(piece(1, 3))) == [3]


@pytest.mark.parametrize(
    "found",
    [piece(6, 9, epoch="other"), piece(9, 9, floor=8), piece(1, 2)],
    ids=["another epoch", "pruned past the cursor", "shorter than what was delivered"],
)
def test_a_stream_that_cannot_be_continued_is_broken(found: Slice) -> None:
    stream = at(5)
    assert offsets(stream.take_slice(found)) == []
    assert stream.is_broken


def test_a_hint_of_another_epoch_is_a_reason_to_ask_the_log() -> None:
    stream = at(5)
    assert offsets(stream.take_hint(hint(6, epoch="other"))) == []
    assert stream.is_behind
    assert not stream.is_broken


def test_a_hint_of_another_channel_is_a_mistake() -> None:
    with pytest.raises(LocalError):
        at(5).take_hint(Hint("chat:2", "e", 6, b"1"))


def test_early_hints_are_bounded() -> None:
    stream = at(0)
    for offset in range(2, 5 * MAX_EARLY):
        stream.take_hint(hint(offset))
    delivered = offsets(stream.take_hint(hint(1)))
    assert delivered == list(range(1, MAX_EARLY + 2))
    assert stream.is_behind


@given(st.data())
def test_whatever_happens_to_hints_every_offset_is_delivered_once_in_order(data: st.DataObject) -> None:
    """Hints may be lost, doubled and swapped, pages may be short: the reads make up for it."""
    stream, delivered, top = at(0), [], 0
    for _ in range(data.draw(st.integers(1, 25))):
        match data.draw(st.sampled_from(["commit", "hint", "read", "compare"])):
            case "commit":
                top += data.draw(st.integers(1, 4))
            case "hint" if top:
                delivered += offsets(stream.take_hint(hint(data.draw(st.integers(1, top)))))
            case "read":
                last = data.draw(st.integers(stream.offset, top))
                delivered += offsets(stream.take_slice(piece(stream.offset + 1, last, top=top)))
            case "compare":
                stream.compare(Position("e", top))
    stream.compare(Position("e", top))
    while stream.is_behind:
        delivered += offsets(stream.take_slice(piece(stream.offset + 1, top)))
    assert delivered == list(range(1, top + 1))
