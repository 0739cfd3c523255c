"""No value from outside reaches a database that cannot hold it."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestnik.core.errors import InvalidParameters
from vestnik.core.procedures import decode_params
from vestnik.core.values import MAX_INTEGER, Id, Text, check_values


class Item(msgspec.Struct):
    text: Text = ""
    count: int = 0


class Params(msgspec.Struct):
    room: Id = 1
    text: Text = ""
    items: list[Item] = []
    anything: msgspec.Raw = msgspec.Raw(b"null")


def refusal(data: bytes) -> dict[str, str]:
    with pytest.raises(InvalidParameters) as caught:
        decode_params(data, Params)
    return caught.value.fields


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (rb'{"text": "a\u0000b"}', "text"),
        (rb'{"items": [{}, {"text": "\u0000"}]}', "items[1].text"),
        (rb'{"anything": {"deep": ["\u0000"]}}', "anything.deep[0]"),
        (rb'{"unknown": "\u0000"}', "unknown"),
        (rb'"\u0000"', "params"),
    ],
)
def test_u0000_is_refused_wherever_it_is(data: bytes, field: str) -> None:
    assert refusal(data) == {field: "must not hold the character U+0000"}


def test_u0000_in_a_name_is_refused() -> None:
    assert refusal(rb'{"anything": {"a\u0000b": 1}}') == {"anything": "a name holds the character U+0000"}


@pytest.mark.parametrize("number", [MAX_INTEGER + 1, -MAX_INTEGER - 2, 10**30])
def test_an_integer_over_64_bits_is_refused_wherever_it_is(number: int) -> None:
    assert refusal(b'{"items": [{"count": %d}]}' % number) == {"items[0].count": "integer out of range"}
    assert refusal(b'{"anything": %d}' % number) == {"anything": "integer out of range"}


def test_what_only_looks_like_it_is_taken() -> None:
    params = decode_params(rb'{"text": "the escape \\u0000, and 12345678901234567890"}', Params)
    assert params.text == r"the escape \u0000, and 12345678901234567890"
    assert decode_params(b'{"room": %d}' % MAX_INTEGER, Params).room == MAX_INTEGER


@pytest.mark.parametrize("name", ["self", "fields", "code", ""])
def test_a_name_that_python_uses_is_a_name_like_any_other(name: str) -> None:
    field = next(iter(refusal(json.dumps({name: "\0"}).encode())))
    assert field == (name or "params")


def test_a_name_without_end_is_not_repeated_whole() -> None:
    (field,) = refusal(json.dumps({"a" * 10_000: "\0"}).encode())
    assert len(field) == 200


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"{", "malformed JSON: "),
        (b"{} {}", "malformed JSON: "),
        (b'{"x": NaN}', "malformed JSON: "),
        (rb'{"text": "\ud800"}', "malformed JSON: "),
        (rb'{"text": "\udc00"}', "malformed JSON: "),
        (b'{"unknown": "\xff"}', "malformed JSON: invalid UTF-8"),
        (b"\xff", "malformed JSON: invalid UTF-8"),
        (b'{"x": ' + b"[" * 100_000, "malformed JSON: nested too deeply"),
        (b'{"text": "\\u0000", "x": ' + b"[" * 100_000, "malformed JSON: nested too deeply"),
        (b'{"text": "\x00"}', "malformed JSON: "),
    ],
)
def test_malformed_json_says_what_is_wrong(data: bytes, problem: str) -> None:
    assert refusal(data)["params"].startswith(problem)


def test_a_missing_field_is_named_by_its_whole_path() -> None:
    room = msgspec.defstruct("Room", [("name", str)])
    house = msgspec.defstruct("House", [("items", list[room])])
    with pytest.raises(InvalidParameters) as caught:
        decode_params(b'{"items": [{"name": "a"}, {}]}', house)
    assert caught.value.fields == {"items[1].name": "required"}


storable = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-MAX_INTEGER - 1, MAX_INTEGER) | storable,
        lambda inner: st.lists(inner) | st.dictionaries(storable, inner),
    )
)
def test_everything_else_passes(value: object) -> None:
    check_values(json.dumps(value).encode())
    check_values(msgspec.json.encode(value))
