"""What chat does when something changes elsewhere."""

from __future__ import annotations

from typing import Any

from vestnik.apps.chat import actions


def on_relations_changed(sender: Any, *, user_ids: frozenset[int], **_: Any) -> None:
    """Rooms become read-only, or writable again, while people look at them."""
    actions.tell_who_may_write(user_ids)
