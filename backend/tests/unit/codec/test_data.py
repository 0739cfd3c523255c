"""Application data: what is fit to be handed on, and how it is brought onto one line."""

import json
import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.protocol import json_values
from vestnik.core.codec import MAX_DATA_DEPTH, MAX_INTEGER, check_data, compact

NUMBER = "holds a number that JavaScript cannot represent"
UNFIT_TEXT = "holds U+0000 or half of a surrogate pair"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"{}",
        b' {"a" : [1, 2.5e3, true]} ',
        b"[" * 32 + b"]" * 32,
        b'{"a":' * 32 + b"1" + b"}" * 32,
        b"9007199254740991",
        b"-9007199254740991",
        b"1e308",
        b"0.12345678901234567890123",
        b'{"1234567890123456789":"1234567890123456789 [[[[ 1e999"}',
        rb'"\\u0000"',
        rb'"\\\\ud83d"',
        rb'"\ud83d\ude00\uD83D\uDE00"',
        "«ёлки» 😀".encode().join([b'"', b'"']),
        b'"' + b"[" * 1000 + b'"',
        b"[" + b"[]," * 1000 + b"[]]",
    ],
)
def test_fit_data(raw):
    assert check_data(raw) is None
    assert check_data(msgspec.Raw(raw)) is None


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"[" * 33 + b"]" * 33, "nested deeper than 32 levels"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "nested deeper than 32 levels"),
        (b"[" * 100_000 + b"]" * 100_000, "nested deeper than 32 levels"),
        (b'["\\"",' + b"[" * 32 + b"]" * 33, "nested deeper than 32 levels"),
        (b"9007199254740992", NUMBER),
        (b"-9007199254740992", NUMBER),
        (b'{"a":[0,12345678901234567890]}', NUMBER),
        (b"1" * 10_000, NUMBER),
        (b"1e999", NUMBER),
        (b"[-1E+999]", NUMBER),
        (b"1" * 400 + b".5", NUMBER),
        (rb'"\u0000"', UNFIT_TEXT),
        (rb'{"a\u0000":1}', UNFIT_TEXT),
        (rb'"\\\u0000"', UNFIT_TEXT),
        (rb'"\ud83d"', UNFIT_TEXT),
        (rb'"\uDE00\uD83D"', UNFIT_TEXT),
        (b'"\xff"', "is not UTF-8"),
        (b'"\xed\xa0\x80"', "is not UTF-8"),
        (b"{", "is not JSON"),
        (b"1 2", "is not JSON"),
        (b" ", "is not JSON"),
        (b"NaN", "is not JSON"),
        (b'"\x00"', "is not JSON"),
        (b"plain text", "is not JSON"),
    ],
)
def test_unfit_data(raw, reason):
    assert check_data(raw) == reason


@settings(max_examples=1_000, deadline=None)
@given(st.binary(max_size=40) | st.text(alphabet='[]{}",:\\u0dD8e+-.19 \n', max_size=40).map(str.encode))
def test_the_check_agrees_with_another_parser(raw):
    """Whatever is found fit can be read by Python's own parser and written to any database; and the other way round."""
    fit = check_data(raw) is None
    assert fit == (not raw or _is_fit_for_python(raw))


class Members(list):
    """The members of an object, doubled keys included."""


def _is_fit_for_python(raw):
    def whole(literal):
        number = int(literal)
        if abs(number) > MAX_INTEGER:
            raise ValueError(literal)
        return number

    def broken(literal):
        number = float(literal)
        if not math.isfinite(number):
            raise ValueError(literal)
        return number

    def constant(literal):
        raise ValueError(literal)

    try:
        value = json.loads(
            raw.decode(), parse_int=whole, parse_float=broken, parse_constant=constant, object_pairs_hook=Members
        )
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except ValueError:
        return False
    return "\\u0000" not in text.replace("\\\\", "") and _depth(value) <= MAX_DATA_DEPTH


def _depth(value):
    if isinstance(value, Members):
        return 1 + max((_depth(member) for _, member in value), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


@given(value=json_values, indent=st.integers(0, 3) | st.none())
def test_compact_data_is_one_line_and_means_the_same(value, indent):
    pretty = json.dumps(value, indent=indent).replace("\n", "\r\n").encode()
    line = compact(pretty)
    assert b"\n" not in line
    assert b"\r" not in line
    assert json.loads(line) == json.loads(pretty)


def test_what_is_on_one_line_stays_as_it_is():
    raw = b'{"a": "\\n", "b" : 1}'
    assert compact(raw) is raw
    assert compact(msgspec.Raw(b" [\r\n1,\n2] ")) == b"[1,2]"
