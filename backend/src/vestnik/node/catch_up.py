"""Brings one subscriber from where it left off to where the hub is, without a gap and without a repetition."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from vestnik.core.errors import BackendError, LocalError
from vestnik.core.ports import Logged, ReadAfter
from vestnik.core.position import Position
from vestnik.node.feed import PAGE, Feed, ServedChannel
from vestnik.node.log_reader import LogReader

logger = logging.getLogger(__name__)

# The reply to a subscribe is one message, and some WebSocket libraries refuse messages over 1 MiB. What does not fit
# follows as ordinary pushes.
MAX_REPLY_BYTES = 262_144


class CatchUp:
    """From ``since`` to the hub.

    The hub's cursor moves on while the log is read. Publications after it are left out here, because the hub will
    deliver them; those up to it are fetched until none is missing. Only then, and without waiting in between, may the
    subscriber join the hub: ``is_level`` is true at that moment.
    """

    def __init__(self, feed: Feed, reader: LogReader, served: ServedChannel, since: Position) -> None:
        self._feed = feed
        self._reader = reader
        self._served = served
        self._stream = served.live_stream()
        self._epoch = since.epoch
        self._cursor = since.offset
        self.first: Sequence[Logged] = ()

    @property
    def is_level(self) -> bool:
        """Whether the subscriber has everything that the hub has delivered."""
        return self._cursor == self._stream.offset

    @property
    def is_broken(self) -> bool:
        """Whether the stream began anew meanwhile."""
        return self._served.stream is not self._stream

    async def begin(self) -> bool:
        """Find out whether the log still covers the position, and read :attr:`first`, what goes into the reply.

        Returns:
            Whether nothing is lost; if not, the subscriber starts from where the hub is.
        """
        if self._epoch != self._stream.epoch:
            return False
        if self._cursor > self._stream.offset:
            since = Position(self._epoch, self._cursor)
            if not await self._feed.level(self._served, since) or self.is_broken:
                return False
        if self.is_level:
            return True
        try:
            page = await self._next_page()
        except BackendError as error:
            if error.temporary:
                raise
            logger.warning("a stream cannot be resumed: %s", error, extra={"channel": self._served.name})
            page = None
        if page is None:
            return False
        self.first = page
        return True

    async def follow(self, send: Callable[[Sequence[Logged]], Awaitable[bool]]) -> bool:
        """Hand page after page to ``send`` until :attr:`is_level`, or until it returns that no more is wanted.

        Returns:
            False if it is not level: not wanted, not in the log any more, or the stream began anew.
        """
        while not self.is_level:
            page = await self._next_page()
            if page is None or not await send(page):
                return False
        return not self.is_broken

    async def _next_page(self) -> Sequence[Logged] | None:
        piece = await self._reader.read(ReadAfter(self._served.name, self._cursor, PAGE))
        if self.is_broken or not piece.covers(Position(self._epoch, self._cursor)):
            return None
        page: list[Logged] = []
        size = 0
        for publication in piece.publications:
            size += len(publication.data)
            if publication.offset > self._stream.offset or (page and size > MAX_REPLY_BYTES):
                break
            if publication.offset != self._cursor + 1:
                raise LocalError(f"{self._served.name}: the log gave {publication.offset} after {self._cursor}")
            page.append(publication)
            self._cursor = publication.offset
        return page
