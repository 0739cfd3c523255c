"""Lists come in pages: ``{"results": […], "next": cursor}``, where a cursor says after which row to go on."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec

from vestnik.core.errors import InvalidParameters
from vestnik.core.values import check_values

Item = TypeVar("Item")
Key = TypeVar("Key")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """Part of a list.

    Attributes:
        results: The rows.
        next: The cursor for the rows after these, ``None`` on the last page. Opaque to clients.
    """

    results: list[Item]
    next: str | None = None


def encode_cursor(key: Any) -> str:
    """Make a cursor out of the sort key of a page's last row: an int, a datetime, or a tuple of such."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def decode_cursor(cursor: str, key: type[Key]) -> Key:
    """Read the sort key back: ``decode_cursor(cursor, int)``, ``decode_cursor(cursor, tuple[datetime, int])``.

    A cursor is not signed: whoever makes one up asks for another page of what they may see.

    Raises:
        InvalidParameters: It is none of ours; the message names ``cursor``.
    """
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        check_values(data)
        return msgspec.json.decode(data, type=key)
    except (
        binascii.Error,
        ValueError,
        msgspec.DecodeError,
        RecursionError,
        InvalidParameters,
    ) as error:
        raise InvalidParameters(cursor="not a cursor of this list") from error
