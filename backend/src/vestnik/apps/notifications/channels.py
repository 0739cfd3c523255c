"""The channel of the feed: ``notifications:#<user>``, for that user alone."""

from __future__ import annotations

from vestnik.core.namespaces import Namespace

NAMESPACES = [Namespace(name="notifications", logged=True, personal=True)]


def channel_of(user_id: int) -> str:
    """The channel on which a user's feed is published."""
    return f"notifications:#{user_id}"
