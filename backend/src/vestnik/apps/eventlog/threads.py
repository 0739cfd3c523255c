"""Threads that run queries for an asyncio program, and close their database connections when they are done."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class DatabaseThreads(ThreadPoolExecutor):
    """A pool of threads, each with a database connection of its own that stays open between jobs.

    A connection that broke, say because the database was restarted, fails one job and is replaced for the next.
    ``shutdown(wait=True)``, or leaving the ``with`` block, closes the connections once the last job is done.

    Args:
        threads: How many jobs can run at the same time.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="vestnik-database", initializer=self._adopt_connection)
        self._opened: list[BaseDatabaseWrapper] = []
        self._opened_lock = threading.Lock()

    def submit(
        self, job: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        """Run ``job`` in one of the threads."""
        return super().submit(_minding_the_connection, partial(job, *args, **kwargs))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads and, if waited for, close their connections. Idempotent; also from an event loop's thread."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        if not wait:
            return
        outside_the_loop(self._close_connections)

    def _close_connections(self) -> None:
        with self._opened_lock:
            for connection in self._opened:
                connection.close()
                connection.dec_thread_sharing()
            self._opened.clear()

    def _adopt_connection(self) -> None:
        # A thread cannot be told to close its connection once it has ended, so whoever ends it must be allowed to.
        connection = connections[DEFAULT_DB_ALIAS]
        connection.inc_thread_sharing()
        with self._opened_lock:
            self._opened.append(connection)


def _minding_the_connection(job: Callable[[], Result]) -> Result:
    try:
        return job()
    finally:
        connection = connections[DEFAULT_DB_ALIAS]
        if connection.errors_occurred:
            connection.close_if_unusable_or_obsolete()


def outside_the_loop(job: Callable[[], None]) -> None:
    """Run ``job`` in a thread of its own and wait for it: Django refuses to touch a database where a loop runs."""
    thread = threading.Thread(target=job, name="vestnik-database-close")
    thread.start()
    thread.join()
