"""One timer for all deadlines of all connections."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class TimerWheel(Generic[Item]):
    """Items and when to look at them, in slots of ``resolution`` seconds.

    An item has one deadline. It comes up at or up to one slot after it, never before; whoever takes it decides whether
    there is something to do and sets it again. A deadline that moves *later* need not be set: the item comes up too
    early once, which costs less than moving it on every frame.
    """

    def __init__(self, resolution: float) -> None:
        self.resolution = resolution
        self._slots: dict[int, set[Item]] = {}
        self._slot_of: dict[Item, int] = {}
        self._next_slot: int | None = None

    def set(self, item: Item, at: float) -> None:
        """Look at ``item`` at ``at``, or earlier if that was agreed before."""
        slot = math.ceil(at / self.resolution)
        if self._next_slot is not None:
            slot = max(slot, self._next_slot)
        present = self._slot_of.get(item)
        if present is not None:
            if present <= slot:
                return
            self._slots[present].discard(item)
        self._slot_of[item] = slot
        self._slots.setdefault(slot, set()).add(item)

    def discard(self, item: Item) -> None:
        """Do not look at ``item`` any more."""
        slot = self._slot_of.pop(item, None)
        if slot is not None:
            self._slots[slot].discard(item)

    def take_due(self, now: float) -> list[Item]:
        """Remove and return the items whose time has come."""
        last = math.floor(now / self.resolution)
        first = self._next_slot if self._next_slot is not None else min(self._slots, default=last)
        due: list[Item] = []
        # After a long sleep there are fewer slots in use than have gone by.
        slots = (
            range(first, last + 1) if last - first < len(self._slots) else sorted(s for s in self._slots if s <= last)
        )
        for slot in slots:
            due.extend(self._slots.pop(slot, ()))
        for item in due:
            del self._slot_of[item]
        self._next_slot = last + 1
        return due
