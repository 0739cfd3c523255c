"""Application data: JSON that passes through unread, but not unchecked.

Data has to survive PostgreSQL (no U+0000 in text), JavaScript (integers up to 2**53 - 1, floats that are finite) and
every client's parser (no deep nesting, no half of a surrogate pair). What does not is the fault of one command, which
is refused with 107; the connection lives on.
"""

from __future__ import annotations

import math
import re

import msgspec

MAX_DATA_DEPTH = 32
"""Arrays and objects inside each other: far more than any payload has, far less than any parser's stack."""

MAX_INTEGER = 2**53 - 1
"""JavaScript reads integers exactly up to here."""

_validate = msgspec.json.Decoder(msgspec.Raw).decode

_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_NUMBER = re.compile(rb"-?[0-9]++(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_AS_SQUARE = bytes.maketrans(b"{}", b"[]")

# Only text with one of these can hold a number that is too large; searching is far quicker than reading all numbers.
_LARGE_NUMBER = re.compile(rb"[0-9](?:[0-9]{15}|[eE]\+?[0-9]{3})")

# An escape, looked for from the left so that the backslash in `\\u0000` is not taken for the start of one.
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def check_data(raw: bytes | msgspec.Raw) -> str | None:
    """Find what makes ``raw`` unfit to be handed on.

    Returns:
        A short reason, such as ``nested deeper than 32 levels``, for error 107; ``None`` for good data. Data that is
        absent (no bytes) is good.
    """
    text = bytes(raw)
    if not text:
        return None
    if text.count(b"[") + text.count(b"{") > MAX_DATA_DEPTH and is_deeper(text, MAX_DATA_DEPTH):
        return f"nested deeper than {MAX_DATA_DEPTH} levels"
    if b"\\u" in text and not _escapes_are_fit(text):
        return "holds U+0000 or half of a surrogate pair"
    if _LARGE_NUMBER.search(text) and not _numbers_are_fit(text):
        return "holds a number that JavaScript cannot represent"
    try:
        text.decode()
        _validate(text)
    except UnicodeDecodeError:
        return "is not UTF-8"
    except (msgspec.DecodeError, RecursionError):
        return "is not JSON"
    return None


def compact(raw: bytes | msgspec.Raw) -> bytes:
    """Put valid JSON on one line: frames are joined by line feeds, server-sent events end at carriage returns too.

    Inside JSON strings both characters are always escaped, so that all that is removed is white space.
    """
    text = bytes(raw)
    if b"\n" in text or b"\r" in text:
        text = text.translate(None, b"\r\n")
    return text.strip(b" \t")


def is_deeper(text: bytes, depth: int) -> bool:
    """Whether arrays and objects are nested more than ``depth`` deep; without recursion, in linear passes.

    Brackets that do not match count as deep: such text is not JSON anyway.
    """
    brackets = _STRING.sub(b"", text).translate(_AS_SQUARE, _NOT_BRACKETS)
    for _ in range(depth):
        if not brackets:
            return False
        # Takes away the innermost pairs, hence exactly one level.
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def mend_surrogates(text: bytes) -> bytes:
    """Replace the escapes of unpaired surrogates by U+0000, which ``check_data`` refuses.

    Browsers write half an emoji as such an escape. It is no Unicode text, and no decoder takes it, but it is the fault
    of one command, not of the connection.
    """
    escapes = [match for match in _ESCAPE.finditer(text) if match[1]]
    unpaired = []
    previous: re.Match[bytes] | None = None  # a leading surrogate that waits for its other half
    for match in escapes:
        unit = int(match[1], 16)
        if previous is not None and 0xDC00 <= unit < 0xE000 and match.start() == previous.end():
            previous = None
            continue
        if previous is not None:
            unpaired.append(previous)
            previous = None
        if 0xD800 <= unit < 0xDC00:
            previous = match
        elif 0xDC00 <= unit < 0xE000:
            unpaired.append(match)
    if previous is not None:
        unpaired.append(previous)
    mended = bytearray(text)
    for match in unpaired:
        mended[match.start() : match.end()] = b"\\u0000"
    return bytes(mended)


def in_plain_words(error: msgspec.ValidationError) -> str:
    """``Expected `int`, got `str` - at `$.id``` becomes ``id: expected int, got str``."""
    problem, _, path = str(error).partition(" - at `")
    problem = problem.replace("`", "")
    field = path.rstrip("`").removeprefix("key in ").removeprefix("$").removeprefix(".")
    return f"{field or 'value'}: {problem[:1].lower()}{problem[1:]}"


def _escapes_are_fit(text: bytes) -> bool:
    return not any(match[1] == b"0000" for match in _ESCAPE.finditer(mend_surrogates(text)))


def _numbers_are_fit(text: bytes) -> bool:
    for match in _NUMBER.finditer(_STRING.sub(b"", text)):
        number = match[0]
        if number.lstrip(b"-").isdigit():
            # By length first: Python refuses to read integers of thousands of digits.
            if len(number) > 17 or abs(int(number)) > MAX_INTEGER:
                return False
        elif not math.isfinite(float(number)):
            return False
    return True
