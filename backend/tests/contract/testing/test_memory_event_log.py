"""The log that node tests stand in for the database keeps the contract of its port too."""

from __future__ import annotations

import pytest

from vestnik.testing.event_log_contract import EventLogContract
from vestnik.testing.memory_log import MemoryEventLog


class MemoryJournal:
    def __init__(self, log: MemoryEventLog) -> None:
        self._log = log

    async def append(self, channel: str, *payloads: bytes) -> None:
        self._log.add(channel, *payloads)

    async def append_and_roll_back(self, channel: str, *payloads: bytes) -> None:
        pass  # there is nothing to roll back: what is added is committed

    async def prune(self, channel: str, through: int) -> None:
        self._log.cut(channel, through)

    async def start_new_epoch(self) -> None:
        self._log.renew()


class TestMemoryEventLog(EventLogContract):
    @pytest.fixture
    def event_log(self) -> MemoryEventLog:
        return MemoryEventLog()

    @pytest.fixture
    def journal(self, event_log: MemoryEventLog) -> MemoryJournal:
        return MemoryJournal(event_log)
