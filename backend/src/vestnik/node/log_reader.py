"""Reads of the log that are asked for together are one query."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from vestnik.core.errors import BackendError
from vestnik.core.ports import EventLog, ReadAfter, Slice
from vestnik.core.position import Position

MAX_CHANNELS_AT_ONCE = 500  # channels in one query

_Reader = tuple[ReadAfter, asyncio.Future[Slice]]


class LogReader:
    """Collects what is asked for during one turn of the loop and while a query is under way.

    When ten thousand clients come back at once and ask for the same channels, the log is read once per channel, from
    where the one that is furthest behind left off.
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._positions: dict[str, asyncio.Future[Position]] = {}
        self._reads: dict[str, list[_Reader]] = {}
        self._task: asyncio.Task[None] | None = None

    async def position(self, channel: str) -> Position:
        """The top of the channel's stream."""
        future = self._positions.get(channel)
        if future is None:
            future = self._positions[channel] = asyncio.get_running_loop().create_future()
            self._start()
        return await asyncio.shield(future)

    async def read(self, request: ReadAfter) -> Slice:
        """What ``request`` asks for, perhaps less of it: ask again from the last offset received."""
        future: asyncio.Future[Slice] = asyncio.get_running_loop().create_future()
        self._reads.setdefault(request.channel, []).append((request, future))
        self._start()
        return await future

    async def stop(self) -> None:
        """Give up what is asked for; idempotent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work(), name="vestnik log reader")

    async def _work(self) -> None:
        while self._positions or self._reads:
            await asyncio.sleep(0)  # whoever else asks during this turn comes along
            positions = dict(list(self._positions.items())[:MAX_CHANNELS_AT_ONCE])
            reads = dict(list(self._reads.items())[:MAX_CHANNELS_AT_ONCE])
            for channel in positions:
                del self._positions[channel]
            for channel in reads:
                del self._reads[channel]
            await self._answer_positions(positions)
            await self._answer_reads(reads)

    async def _answer_positions(self, asked: dict[str, asyncio.Future[Position]]) -> None:
        if not asked:
            return
        try:
            found = await self._log.positions(list(asked))
            for channel, future in asked.items():
                if not future.done():
                    future.set_result(found[channel])
        except BaseException as error:
            _fail(asked.values(), error)
            if not isinstance(error, Exception):
                raise

    async def _answer_reads(self, asked: dict[str, list[_Reader]]) -> None:
        groups = [group for readers in asked.values() for group in _grouped(readers)]
        if groups:
            await self._answer_groups(groups)

    async def _answer_groups(self, groups: list[list[_Reader]]) -> None:
        requests = [
            ReadAfter(group[0][0].channel, group[0][0].offset, max(r.limit for r, _ in group)) for group in groups
        ]
        try:
            pieces = await self._log.read(requests)
        except BaseException as error:
            if isinstance(error, BackendError) and not error.temporary and len(groups) > 1:
                # What is wrong with one channel is no matter of the others.
                for group in groups:
                    await self._answer_groups([group])
                return
            _fail([future for group in groups for _, future in group], error)
            if not isinstance(error, Exception):
                raise
            return
        for group, piece in zip(groups, pieces, strict=True):
            for wanted, future in group:
                if not future.done():
                    future.set_result(_part_of(piece, wanted))


def _grouped(readers: list[_Reader]) -> list[list[_Reader]]:
    """Readers of one channel that one page can serve, each group from the one that is furthest behind."""
    groups: list[list[_Reader]] = []
    for reader in sorted(readers, key=lambda reader: reader[0].offset):
        if groups and reader[0].offset - groups[-1][0][0].offset < groups[-1][0][0].limit // 2:
            groups[-1].append(reader)
        else:
            groups.append([reader])
    return groups


def _part_of(piece: Slice, wanted: ReadAfter) -> Slice:
    """What of a slice that was read from further back answers ``wanted``."""
    publications = [p for p in piece.publications if p.offset > wanted.offset]
    return Slice(piece.position, piece.floor, publications[: wanted.limit])


def _fail(futures: Iterable[asyncio.Future[Any]], error: BaseException) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            future.exception()  # whoever asked may be gone; that is nothing to be warned about
