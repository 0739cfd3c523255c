from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vestnik.node.timers import TimerWheel


def test_an_item_comes_up_at_its_time_and_not_before() -> None:
    wheel: TimerWheel[str] = TimerWheel(0.25)
    wheel.set("a", 10.1)
    assert wheel.take_due(10.0) == []
    assert wheel.take_due(10.1) == []
    assert wheel.take_due(10.25) == ["a"]
    assert wheel.take_due(99.0) == []


def test_an_earlier_deadline_counts_a_later_one_need_not() -> None:
    wheel: TimerWheel[str] = TimerWheel(0.25)
    wheel.set("a", 10.0)
    wheel.set("a", 5.0)
    wheel.set("a", 20.0)
    assert wheel.take_due(5.0) == ["a"]
    assert wheel.take_due(20.0) == []


def test_a_deadline_in_the_past_comes_up_next() -> None:
    wheel: TimerWheel[str] = TimerWheel(0.25)
    assert wheel.take_due(100.0) == []
    wheel.set("a", 3.0)
    assert wheel.take_due(100.25) == ["a"]


def test_a_discarded_item_does_not_come_up() -> None:
    wheel: TimerWheel[str] = TimerWheel(0.25)
    wheel.set("a", 1.0)
    wheel.discard("a")
    wheel.discard("a")
    assert wheel.take_due(2.0) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.floats(0, 50)), max_size=40), st.lists(st.floats(0, 20), max_size=15))
def test_every_item_comes_up_once_and_in_time(deadlines: list[tuple[int, float]], steps: list[float]) -> None:
    wheel: TimerWheel[int] = TimerWheel(0.25)
    earliest: dict[int, float] = {}
    for item, at in deadlines:
        wheel.set(item, at)
        earliest[item] = min(at, earliest.get(item, at))
    now, seen = 0.0, []
    for step in [*steps, 100.0]:
        now += step
        for item in wheel.take_due(now):
            assert earliest[item] <= now
            seen.append(item)
        assert all(at > now - 0.25 for item, at in earliest.items() if item not in seen)
    assert sorted(seen) == sorted(earliest)
