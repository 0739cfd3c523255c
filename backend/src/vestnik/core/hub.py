"""Fan-out inside one node: encode each publication once, join what came in one tick, write once per subscriber."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import msgspec

from vestnik.core import messages as m
from vestnik.core.codec import Codec

Write = Callable[[bytes], None]

# A frame of joined pushes stays below this unless one push alone is larger: some WebSocket libraries refuse frames
# over 1 MiB, and a reader can begin with the first frame before the last has come.
MAX_JOINED_BYTES = 65_536


class Subscriber(Protocol):
    """What the hub delivers to. The same object must be given to ``join`` and ``leave``."""

    @property
    def codec(self) -> Codec: ...

    @property
    def write(self) -> Write:
        """Queues one frame; must neither block nor raise nor call the hub."""


class HubStats(msgspec.Struct, frozen=True):
    """How much a hub holds and what it has done since it was made."""

    channels: int
    subscriptions: int
    publications: int
    deliveries: int
    frames: int


class Audience:
    """The subscribers of one channel, by codec, and what they have not been sent yet."""

    __slots__ = ("batch", "groups", "join_leave", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.groups: dict[Codec, dict[Subscriber, None]] = {}
        self.join_leave: set[Subscriber] = set()
        self.batch: list[m.Publication] = []

    def __len__(self) -> int:
        return sum(map(len, list(self.groups.values())))


class Hub:
    """Channels and who listens. Not thread-safe; nothing here waits.

    A publication handed to :meth:`publish` is written by the next :meth:`flush`, to those who are subscribed then.
    Deliveries of one channel keep the order of ``publish``.
    """

    def __init__(self) -> None:
        self._audiences: dict[str, Audience] = {}
        self._waiting: dict[str, Audience] = {}
        self._publications = 0
        self._deliveries = 0
        self._frames = 0

    def join(self, channel: str, subscriber: Subscriber, *, wants_join_leave: bool = False) -> None:
        """Deliver from now on. What was published before goes to those who were there before, and only to them."""
        audience = self._audiences.get(channel)
        if audience is None:
            audience = self._audiences[channel] = Audience(channel)
        elif audience.batch:
            self._flush_audience(audience)
        audience.groups.setdefault(subscriber.codec, {})[subscriber] = None
        if wants_join_leave:
            audience.join_leave.add(subscriber)

    def leave(self, channel: str, subscriber: Subscriber) -> bool:
        """Deliver no longer, not even what is waiting. Returns whether it was the channel's last subscriber."""
        audience = self._audiences.get(channel)
        if audience is None:
            return False
        group = audience.groups.get(subscriber.codec)
        if group is not None:
            group.pop(subscriber, None)
            if not group:
                del audience.groups[subscriber.codec]
        audience.join_leave.discard(subscriber)
        if audience.groups:
            return False
        del self._audiences[channel]
        self._waiting.pop(channel, None)
        return True

    def has(self, channel: str, subscriber: Subscriber) -> bool:
        """Whether it is delivered to."""
        audience = self._audiences.get(channel)
        return audience is not None and subscriber in audience.groups.get(subscriber.codec, ())

    def subscribers(self, channel: str) -> list[Subscriber]:
        audience = self._audiences.get(channel)
        return [] if audience is None else [s for group in audience.groups.values() for s in group]

    def has_waiting(self) -> bool:
        """Whether :meth:`flush` has something to do."""
        return bool(self._waiting)

    def publish(self, channel: str, publications: Iterable[m.Publication]) -> None:
        """Queue publications for the next flush. Next: see that :meth:`flush` is called in this tick."""
        audience = self._audiences.get(channel)
        if audience is not None:
            audience.batch.extend(publications)
            if audience.batch:
                self._waiting[channel] = audience

    def announce(self, push: m.Push) -> None:
        """Tell those who want to know who comes and goes on ``push.channel``, after what is waiting there."""
        audience = self._audiences.get(push.channel)
        if audience is None or not audience.join_leave:
            return
        if audience.batch:
            self._flush_audience(audience)
        encoded: dict[Codec, bytes] = {}
        for subscriber in audience.join_leave:
            codec = subscriber.codec
            frame = encoded.get(codec)
            if frame is None:
                frame = encoded[codec] = codec.join([codec.encode_push(push)])
            subscriber.write(frame)

    def flush(self) -> None:
        """Write everything that is waiting."""
        waiting, self._waiting = self._waiting, {}
        for audience in waiting.values():
            if audience.batch:
                self._flush_audience(audience)

    def _flush_audience(self, audience: Audience) -> None:
        batch, audience.batch = audience.batch, []
        self._publications += len(batch)
        for codec, group in audience.groups.items():
            encode, channel = codec.encode_publication, audience.name
            for frame in frames(codec, [encode(channel, publication) for publication in batch]):
                self._frames += len(group)
                for subscriber in group:
                    subscriber.write(frame)
            self._deliveries += len(batch) * len(group)

    def stats(self) -> HubStats:
        """The one method that may be called from another thread: it copies before it counts."""
        return HubStats(
            channels=len(self._audiences),
            subscriptions=sum(map(len, list(self._audiences.values()))),
            publications=self._publications,
            deliveries=self._deliveries,
            frames=self._frames,
        )


def frames(codec: Codec, parts: list[bytes]) -> list[bytes]:
    """Join encoded replies and pushes, in order, into as few frames as :data:`MAX_JOINED_BYTES` allows."""
    if len(parts) == 1:
        return [codec.join(parts)]
    joined: list[bytes] = []
    some: list[bytes] = []
    size = 0
    for part in parts:
        if some and size + len(part) > MAX_JOINED_BYTES:
            joined.append(codec.join(some))
            some, size = [], 0
        some.append(part)
        size += len(part)
    if some:
        joined.append(codec.join(some))
    return joined
