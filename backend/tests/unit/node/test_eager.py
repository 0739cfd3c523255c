from __future__ import annotations

import asyncio

import pytest

from vestnik.node.eager import run_eagerly


async def test_what_does_not_wait_is_done_at_once() -> None:
    done = []

    async def work() -> None:
        done.append(1)

    assert run_eagerly(work()) is None
    assert done == [1]


async def test_what_waits_goes_on_as_a_task() -> None:
    steps: list[str] = []
    gate, second = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        steps.append("begun")
        await gate.wait()
        await asyncio.sleep(0)
        steps.append("between")
        await second.wait()
        steps.append("done")

    task = run_eagerly(work())
    assert task is not None
    assert steps == ["begun"]
    gate.set()
    second.set()
    await task
    assert steps == ["begun", "between", "done"]


async def test_an_error_before_the_first_wait_is_raised_and_one_after_it_is_the_tasks() -> None:
    async def at_once() -> None:
        raise ValueError("at once")

    async def later() -> None:
        await asyncio.sleep(0)
        raise ValueError("later")

    with pytest.raises(ValueError, match="at once"):
        run_eagerly(at_once())
    task = run_eagerly(later())
    assert task is not None
    with pytest.raises(ValueError, match="later"):
        await task


async def test_cancelling_reaches_the_work_even_at_its_first_wait() -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            steps.append("cancelled")
            await asyncio.sleep(0)
            steps.append("tidied")
            raise

    task = run_eagerly(work())
    assert task is not None
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert steps == ["cancelled", "tidied"]
