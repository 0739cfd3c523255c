"""What system checks and ``doctor`` find: one shape for both."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "warn", "error"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at.

    Attributes:
        id: Stable name, such as ``vestnik.E003``; the docs explain it under this heading.
        level: ``ok``, ``warn`` (works, but not as it should) or ``error``.
        sentence: What is so, in one sentence. Never a secret.
        hint: The exact command to run or line to change; ``""`` where nothing has to be done.
    """

    id: str
    level: Level
    sentence: str
    hint: str = ""
