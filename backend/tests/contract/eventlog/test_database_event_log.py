"""The log of the database keeps the contract of its port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest

from vestnik.apps.eventlog.log import append, transaction
from vestnik.apps.eventlog.models import LoggedEvent, Stream
from vestnik.apps.eventlog.pruning import start_new_epochs
from vestnik.apps.eventlog.threads import DatabaseThreads
from vestnik.testing.event_log_contract import EventLogContract


class DatabaseJournal:
    def __init__(self, threads: DatabaseThreads) -> None:
        self._threads = threads

    async def append(self, channel: str, *payloads: bytes) -> None:
        def write() -> None:
            with transaction():
                for payload in payloads:
                    append(channel, msgspec.Raw(payload))

        await self._in_thread(write)

    async def append_and_roll_back(self, channel: str, *payloads: bytes) -> None:
        def write() -> None:
            with pytest.raises(ZeroDivisionError), transaction():
                for payload in payloads:
                    append(channel, msgspec.Raw(payload))
                raise ZeroDivisionError

        await self._in_thread(write)

    async def prune(self, channel: str, through: int) -> None:
        def remove() -> None:
            with transaction():
                LoggedEvent.objects.filter(stream__channel=channel, offset__lte=through).delete()
                Stream.objects.filter(channel=channel).update(floor=through)

        await self._in_thread(remove)

    async def start_new_epoch(self) -> None:
        await self._in_thread(lambda: start_new_epochs() and None)

    async def _in_thread(self, job: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, job)


class TestDatabaseEventLog(EventLogContract):
    @pytest.fixture
    def event_log(self, event_log: object) -> object:  # the one of conftest
        return event_log

    @pytest.fixture
    def journal(self, database_threads: DatabaseThreads) -> DatabaseJournal:
        return DatabaseJournal(database_threads)
