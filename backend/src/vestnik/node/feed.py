"""Keeps the channels that this node serves level with the log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from vestnik.core.errors import BackendError
from vestnik.core.ports import Broker, EventLog, Hint, Logged, ReadAfter
from vestnik.core.position import Position
from vestnik.core.stream import Stream
from vestnik.node.log_reader import LogReader
from vestnik.node.outage import Outage

logger = logging.getLogger(__name__)

PAGE = 500  # publications in one read of one channel
RETRY_AFTER = 0.25  # seconds until a failed read is tried again
RECONCILE_EVERY = 1.0  # seconds after which positions are compared although nothing seems to have changed
CHANNELS_AT_ONCE = 500  # channels in one query

Deliver = Callable[[str, Sequence[Logged]], None]
Broken = Callable[[str], None]


class ServedChannel:
    """A channel that somebody on this node is, or is about to be, subscribed to.

    Attributes:
        name: The channel.
        stream: How far it was delivered; None while the log is asked, and for channels that are not logged.
    """

    __slots__ = ("_opened", "holders", "is_logged", "name", "stream", "was_hinted")

    def __init__(self, name: str, *, is_logged: bool) -> None:
        self.name = name
        self.is_logged = is_logged
        self.holders = 0
        self.stream: Stream | None = None
        self.was_hinted = False
        self._opened: asyncio.Task[None] | None = None

    def live_stream(self) -> Stream:
        """The stream of a logged channel that is held.

        Raises:
            BackendError: It broke just now; whoever wants to subscribe asks again.
        """
        if self.stream is None:
            raise BackendError(f"the stream of {self.name} is being opened anew")
        return self.stream


class Feed:
    """Served channels, their cursors, and the two tasks that move them when hints do not.

    Args:
        log, reader, broker: Where publications and hints come from.
        deliver: Called with publications of a channel, in order, each once.
        broken: Called when subscribers of a channel cannot go on from where they are.
        poll_interval: Seconds between looks for changes that no hint announced.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        reader: LogReader,
        broker: Broker,
        deliver: Deliver,
        broken: Broken,
        poll_interval: float,
    ) -> None:
        self._log = log
        self._reader = reader
        self._broker = broker
        self._deliver = deliver
        self._broken = broken
        self._poll_interval = poll_interval
        self._served: dict[str, ServedChannel] = {}
        self._behind: set[ServedChannel] = set()
        self._has_behind = asyncio.Event()
        self._caught_up = asyncio.Condition()
        self._is_stopped = False
        self._reading = Outage(logger, "the event log cannot be read")
        self._comparing = Outage(logger, "the event log cannot be compared")
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._catch_up(), name="vestnik catch-up"),
            asyncio.create_task(self._reconcile(), name="vestnik reconciler"),
        ]

    async def stop(self) -> None:
        """Idempotent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._is_stopped = True
        async with self._caught_up:
            self._caught_up.notify_all()

    def __len__(self) -> int:
        return len(self._served)

    async def hold(self, name: str, *, is_logged: bool) -> ServedChannel:
        """Begin to serve a channel, or go on; each ``hold`` must be followed by one :meth:`release`.

        When it returns, hints for the channel are being received, and ``stream`` of a logged channel stands at a
        position from which :attr:`deliver` will get everything later.

        Raises:
            BackendError: The log cannot be read; nothing is held then.
        """
        served = self._served.get(name)
        if served is None:
            served = self._served[name] = ServedChannel(name, is_logged=is_logged)
            # First the hints, then the position: what is committed in between is either in the log or hinted.
            self._broker.subscribe(name)
        served.holders += 1
        try:
            while is_logged and served.stream is None:
                if served._opened is None:
                    served._opened = asyncio.create_task(self._open(served), name="vestnik open channel")
                await asyncio.shield(served._opened)
        except BaseException:
            self.release(name)
            raise
        return served

    def release(self, name: str) -> None:
        """Undo one :meth:`hold`."""
        served = self._served[name]
        served.holders -= 1
        if served.holders == 0:
            del self._served[name]
            self._behind.discard(served)
            self._broker.unsubscribe(name)

    def take_hint(self, hint: Hint) -> None:
        """A hint came; deliver what it allows and have the rest read."""
        served = self._served.get(hint.channel)
        if served is None:
            return
        if served.stream is None:
            served.was_hinted = True
            return
        ready = served.stream.take_hint(hint)
        if ready:
            self._deliver(served.name, ready)
        if served.stream.is_behind:
            self._mark_behind(served)

    async def level(self, served: ServedChannel, at_least: Position) -> bool:
        """Move the channel's cursor up to ``at_least``, because a client has seen it elsewhere already.

        Returns:
            Whether the log reaches that far.

        Raises:
            BackendError: The log cannot be read, or nobody reads it any more.
        """
        stream = served.live_stream()
        while stream.epoch == at_least.epoch and stream.offset < at_least.offset:
            top = await self._reader.position(served.name)
            if top.epoch != stream.epoch or top.offset < at_least.offset:
                break
            stream.compare(top)
            self._mark_behind(served)
            async with self._caught_up:
                if self._is_stopped:
                    raise BackendError(f"cannot catch up with {served.name}: the node is stopping")
                if stream.offset < at_least.offset and not stream.is_broken:
                    await self._caught_up.wait()
            stream = served.live_stream()
        return stream.epoch == at_least.epoch and stream.offset >= at_least.offset

    async def _open(self, served: ServedChannel) -> None:
        served.was_hinted = False
        try:
            position = await self._reader.position(served.name)
        finally:
            served._opened = None
        served.stream = Stream(served.name, position)
        if served.was_hinted:
            served.stream.is_behind = True
            self._mark_behind(served)

    def _mark_behind(self, served: ServedChannel) -> None:
        self._behind.add(served)
        self._has_behind.set()

    async def _catch_up(self) -> None:
        """Read the log for the channels that are behind, many in one query, until they are level."""
        while True:
            await self._has_behind.wait()
            self._has_behind.clear()
            some = [served for served in self._behind if served.stream is not None][:CHANNELS_AT_ONCE]
            self._behind.difference_update(some)
            if not some:
                self._behind.clear()
                continue
            try:
                await self._read(some)
                self._reading.worked()
            except Exception as error:
                self._reading.failed(error, channels=len(some))
                self._behind.update(served for served in some if served.holders)
                await asyncio.sleep(RETRY_AFTER)
            if self._behind:
                self._has_behind.set()
            async with self._caught_up:
                self._caught_up.notify_all()

    async def _read(self, some: Sequence[ServedChannel]) -> None:
        streams = [served.live_stream() for served in some]
        try:
            pieces = await self._log.read([ReadAfter(s.channel, s.offset, PAGE) for s in streams])
        except BackendError as error:
            if error.temporary:
                raise
            await self._read_apart(some, error)
            return
        has_moved = False
        for served, stream, piece in zip(some, streams, pieces, strict=True):
            if served.stream is not stream or not served.holders:
                continue
            ready = stream.take_slice(piece)
            if ready:
                has_moved = True
                self._deliver(served.name, ready)
            if stream.is_broken:
                self._break(served)
            elif stream.is_behind:
                self._behind.add(served)
        if not has_moved and self._behind:
            # A hint came before what it speaks of can be read: not a reason to ask without pause.
            await asyncio.sleep(RETRY_AFTER)

    async def _read_apart(self, some: Sequence[ServedChannel], error: BackendError) -> None:
        """What is wrong with one channel must not hold up the others."""
        if len(some) > 1:
            for served in some:
                if served.stream is not None:
                    await self._read([served])
            return
        [served] = some
        logger.error("a stream cannot be read: %s", error, extra={"channel": served.name})
        if served.stream is not None:
            self._break(served)

    def _break(self, served: ServedChannel) -> None:
        logger.warning("a stream began anew; its subscribers start over", extra={"channel": served.name})
        served.stream = None
        self._broken(served.name)

    async def _reconcile(self) -> None:
        """Compare cursors with the log, so that a lost hint costs no more than a look's interval."""
        loop = asyncio.get_running_loop()
        next_at_latest = loop.time()
        while True:
            await asyncio.sleep(self._poll_interval)
            try:
                if await self._log.changed() or loop.time() >= next_at_latest:
                    await self._compare()
                    next_at_latest = loop.time() + RECONCILE_EVERY
                self._comparing.worked()
            except Exception as error:
                self._comparing.failed(error)
                next_at_latest = loop.time()
                await asyncio.sleep(RETRY_AFTER)

    async def _compare(self) -> None:
        names = [served.name for served in self._served.values() if served.stream is not None]
        for start in range(0, len(names), CHANNELS_AT_ONCE):
            tops = await self._log.positions(names[start : start + CHANNELS_AT_ONCE])
            for name, top in tops.items():
                served = self._served.get(name)
                if served is None or served.stream is None:
                    continue
                served.stream.compare(top)
                if served.stream.is_behind:
                    self._mark_behind(served)
