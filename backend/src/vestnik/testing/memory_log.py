"""An event log in memory: for tests that need to stand between two steps of a node."""

from __future__ import annotations

import asyncio
import secrets
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from vestnik.core.ports import Hint, Logged, ReadAfter, Slice
from vestnik.core.position import Position


class _MemoryStream:
    def __init__(self) -> None:
        self.epoch = secrets.token_hex(4)
        self.floor = 0
        self.rows: list[Logged] = []

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.floor + len(self.rows))


async def _nothing(what: str) -> None:
    await asyncio.sleep(0)


class MemoryEventLog:
    """A :class:`vestnik.core.ports.EventLog` that can be written to directly.

    Attributes:
        hint: Called after each append, as the broker would be; by default nobody hears of it.
        interrupt: Awaited before and after each look at the data, with the name of the moment; a test that appends in
            it, fails in it or waits in it stands at every ``await`` of whoever reads.
        reads: How many times ``read`` was called, and ``positions`` as well.
    """

    def __init__(self) -> None:
        self._streams: defaultdict[str, _MemoryStream] = defaultdict(_MemoryStream)
        self._has_changed = True
        self.hint: Callable[[Hint], None] = lambda hint: None
        self.interrupt: Callable[[str], Awaitable[None]] = _nothing
        self.reads = 0

    async def positions(self, channels: Collection[str]) -> Mapping[str, Position]:
        await self.interrupt("before positions")
        self.reads += 1
        found = {channel: self._streams[channel].position for channel in channels}
        await self.interrupt("after positions")
        return found

    async def read(self, requests: Sequence[ReadAfter]) -> Sequence[Slice]:
        await self.interrupt("before read")
        self.reads += 1
        found = []
        for request in requests:
            stream = self._streams.get(request.channel)
            if stream is None:
                found.append(Slice(Position(), 0, ()))
                continue
            rows = [row for row in stream.rows if row.offset > request.offset][: request.limit]
            found.append(Slice(stream.position, stream.floor, rows))
        await self.interrupt("after read")
        return found

    async def changed(self) -> bool:
        has_changed, self._has_changed = self._has_changed, False
        return has_changed

    def add(self, channel: str, *payloads: bytes) -> None:
        """Commit the payloads and hint."""
        stream = self._streams[channel]
        for payload in payloads:
            logged = Logged(stream.position.offset + 1, payload)
            stream.rows.append(logged)
            self._has_changed = True
            self.hint(Hint(channel, stream.epoch, logged.offset, payload))

    def cut(self, channel: str, through: int) -> None:
        """Prune up to and including an offset."""
        stream = self._streams[channel]
        stream.rows = [row for row in stream.rows if row.offset > through]
        stream.floor = max(stream.floor, through)

    def renew(self, *channels: str) -> None:
        """Give the streams of the channels, or else every stream, a new epoch, as after restoring a backup."""
        for channel in channels or list(self._streams):
            self._streams[channel].epoch = secrets.token_hex(4)
        self._has_changed = True
