"""Cursors are read back as they were made, and what is none is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from vestnik.apps.rest.pages import Page, decode_cursor, encode_cursor
from vestnik.core.errors import InvalidParameters


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (0, int),
        (2**63 - 1, int),
        ((datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC), 7), tuple[datetime, int]),
        ("имя", str),
    ],
)
def test_a_cursor_is_read_back(key: object, kind: type) -> None:
    cursor = encode_cursor(key)
    assert cursor.isascii()
    assert cursor.replace("-", "").replace("_", "").isalnum(), "it fits a query unescaped"
    assert decode_cursor(cursor, kind) == key


@pytest.mark.parametrize("cursor", ["", "x", "!", "===", "ключ", "A" * 10_000, "\x00", "bnVsbA==", "W1tbW1tbW1s", "_w"])
def test_what_is_no_cursor_is_refused_by_name(cursor: str) -> None:
    with pytest.raises(InvalidParameters) as caught:
        decode_cursor(cursor, int)
    assert list(caught.value.fields) == ["cursor"]


def test_a_cursor_of_another_list_or_with_an_impossible_number_is_refused() -> None:
    for key in ("text", 1.5, [1, 2], 2**70, -(2**70), {"a": 1}, True):
        with pytest.raises(InvalidParameters):
            decode_cursor(encode_cursor(key), int)


def test_the_last_page_says_that_it_is() -> None:
    assert msgspec.json.encode(Page([1, 2])) == b'{"results":[1,2],"next":null}'
