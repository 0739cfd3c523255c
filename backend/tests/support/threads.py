"""Running things at the same time, each with its own database connection."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


def at_the_same_time(*jobs: Callable[[], Result], within: float = 60.0) -> list[Result]:
    """Run each job in a thread of its own, all starting together; returns their results in order.

    Raises:
        BaseException: What the first job that failed raised.
        TimeoutError: A job did not end ``within`` so many seconds; it may be waiting for ever.
    """
    barrier = threading.Barrier(len(jobs))
    results: dict[int, Result] = {}
    errors: dict[int, BaseException] = {}

    def run(number: int, job: Callable[[], Result]) -> None:
        try:
            barrier.wait(within)
            results[number] = job()
        except BaseException as error:  # handed to the test
            errors[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item, daemon=True) for item in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(within)
    if errors:
        raise errors[min(errors)]
    stuck: Sequence[int] = [number for number, thread in enumerate(threads) if thread.is_alive()]
    if stuck:
        raise TimeoutError(f"jobs {stuck} did not end within {within} s")
    return [results[number] for number in range(len(jobs))]
