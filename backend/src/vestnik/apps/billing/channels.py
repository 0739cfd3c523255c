"""The channel of billing: ``invoices:#<user>``, what concerns that user alone."""

from __future__ import annotations

from vestnik.core.namespaces import Namespace

NAMESPACES = [Namespace(name="invoices", logged=True, personal=True)]


def channel_of(user_id: int) -> str:
    """The channel on which a user learns of invoices."""
    return f"invoices:#{user_id}"
