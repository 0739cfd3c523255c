"""Runs a coroutine up to its first wait at once, and only what is left of it as a task."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any


def run_eagerly(work: Coroutine[Any, Any, None]) -> asyncio.Task[None] | None:
    """Begin ``work`` now. Most sends never wait, and then cost neither a task nor a turn of the loop.

    Returns:
        None if it has finished; otherwise the task that goes on with it, whose owner is the caller.

    Raises:
        Exception: Whatever ``work`` raised before its first wait.
    """
    try:
        waits_for = work.send(None)
    except StopIteration:
        return None
    return asyncio.get_running_loop().create_task(_finish(work, waits_for))


async def _finish(work: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _resumed(work, waits_for)


@coroutine
def _resumed(work: Coroutine[Any, Any, None], waits_for: Any) -> Generator[Any, Any, None]:
    """Let the task wait for what ``work`` waits for, as if the task had begun it; then for what follows."""
    while True:
        try:
            yield waits_for
        except BaseException as error:
            try:
                waits_for = work.throw(error)
            except StopIteration:
                return
        else:
            break
    yield from work
