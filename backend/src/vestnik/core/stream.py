"""How far one node has delivered one logged channel, and what to do about hints that come early, late or not at all.

The rule that everything rests on: a publication is delivered only if its offset is the last one plus one. Whatever
else a hint says only means that the log must be read.
"""

from __future__ import annotations

from collections.abc import Sequence

from vestnik.core.errors import LocalError
from vestnik.core.ports import Hint, Logged, Slice
from vestnik.core.position import Position

MAX_EARLY = 256  # hints kept while the log is read; more are dropped and read from the log like any lost hint


class Stream:
    """A cursor over one channel's log.

    Attributes:
        epoch, offset: The last publication that was given out for delivery.
        is_behind: The log holds, or may hold, something after it: read it from ``offset``.
        is_broken: The stream began anew, or lost its beginning: subscribers cannot go on from where they are.
    """

    __slots__ = ("_early", "channel", "epoch", "is_behind", "is_broken", "offset")

    def __init__(self, channel: str, position: Position) -> None:
        self.channel = channel
        self.epoch = position.epoch
        self.offset = position.offset
        self.is_behind = False
        self.is_broken = False
        self._early: dict[int, Hint] = {}

    @property
    def position(self) -> Position:
        return Position(self.epoch, self.offset)

    def take_hint(self, hint: Hint) -> Sequence[Logged]:
        """What a hint lets be delivered now, in order. Next: read the log if :attr:`is_behind`."""
        if hint.channel != self.channel:
            raise LocalError(f"a hint for {hint.channel} was given to the stream of {self.channel}")
        if hint.epoch != self.epoch:
            # A late hint of an earlier life, or the first of a new one; only the log knows.
            self.is_behind = True
            return ()
        if hint.offset <= self.offset:
            return ()
        if hint.data and hint.offset == self.offset + 1:
            self.offset = hint.offset
            return [Logged(hint.offset, hint.data), *self._take_ready()]
        if hint.data and len(self._early) < MAX_EARLY:
            self._early[hint.offset] = hint
        self.is_behind = True
        return ()

    def take_slice(self, piece: Slice) -> Sequence[Logged]:
        """What a read of the log after :attr:`offset` lets be delivered now, in order.

        Next: end all subscriptions if :attr:`is_broken`; read again if still :attr:`is_behind`.
        """
        if piece.position.epoch != self.epoch or piece.floor > self.offset or piece.position.offset < self.offset:
            if piece.position.epoch == self.epoch and piece.position.offset < self.offset <= piece.floor:
                raise LocalError(f"{self.channel}: the floor {piece.floor} is above the top {piece.position.offset}")
            self.is_broken = True
            self.is_behind = False
            return ()
        ready: list[Logged] = []
        for publication in piece.publications:
            if publication.offset == self.offset + 1:
                self.offset = publication.offset
                ready.append(publication)
        ready.extend(self._take_ready())
        self.is_behind = self.offset < piece.position.offset or bool(self._early)
        return ready

    def compare(self, top: Position) -> None:
        """Learn where the log is now, as the reconciler found it; sets :attr:`is_behind`."""
        if top.epoch != self.epoch or top.offset > self.offset:
            self.is_behind = True

    def _take_ready(self) -> list[Logged]:
        ready = []
        while (hint := self._early.pop(self.offset + 1, None)) is not None:
            self.offset = hint.offset
            ready.append(Logged(hint.offset, hint.data))
        if self._early:
            self._early = {offset: hint for offset, hint in self._early.items() if offset > self.offset}
        return ready
