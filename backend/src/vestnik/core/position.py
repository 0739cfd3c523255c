"""Where one is in a channel's stream."""

from __future__ import annotations

import msgspec


class Position(msgspec.Struct, frozen=True, omit_defaults=False):
    """An offset and the life of the stream that it counts in.

    Offsets of one epoch are 1, 2, 3 … in commit order, without gaps; 0 is "before the first". Offsets of
    different epochs cannot be compared.
    """

    epoch: str = ""
    offset: int = 0
