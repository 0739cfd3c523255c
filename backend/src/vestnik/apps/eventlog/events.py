"""The base of everything that is published: a struct whose ``type`` says what happened."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from vestnik.core.orders import Order


def _now() -> datetime:
    return datetime.now(UTC)


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What happened. Subclasses name their type and carry the payload.

    Example::

        class MessageCreated(Event, frozen=True, tag="message.created"):
            message: Message

    Attributes:
        at: When it happened, aware UTC; filled in by itself.
    """

    at: datetime = msgspec.field(default_factory=_now)


Appendable = Event | Order | msgspec.Raw
"""What the log takes: an app's event, an order to the nodes, or the JSON of somebody else's payload."""


def encode(event: Appendable) -> bytes:
    """The event's JSON as it goes over the wire: one line, whatever the strings in it hold.

    Args:
        event: What happened.

    Raises:
        ValueError: ``event`` is raw and not JSON, or holds text that is not Unicode.
    """
    if isinstance(event, msgspec.Raw):
        # Frames are separated by newlines, so a payload that came from outside must not hold one.
        return msgspec.json.format(bytes(event).decode(), indent=-1).encode()
    return msgspec.json.encode(event)
