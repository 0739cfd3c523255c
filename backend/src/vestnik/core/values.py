"""What any value from outside must be, so that every database can hold it: the rule, and the types that state it.

``Text`` and ``Id`` are for the fields of parameter structs; the rule itself is applied to all JSON that
:func:`vestnik.core.procedures.decode_params` decodes, whatever the struct says.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from vestnik.core.errors import InvalidParameters

MAX_INTEGER = 2**63 - 1  # what a 64-bit column holds

Id = Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)]
"""The id of a row."""

Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]
"""Text of any length; a field with a limit adds ``msgspec.Meta(max_length=…)`` to it."""

# PostgreSQL refuses U+0000 in text, and an escape is the only way to write one in JSON; the decoder itself refuses
# lone surrogates. Most bodies match neither pattern, and are decoded once only.
_SUSPECT = re.compile(rb"\\u0000|[0-9]{19}")
_MAX_PATH = 200  # characters of a path that a refusal repeats


def text_problem(text: str) -> str:
    """What makes ``text`` impossible to store, in words for the peer; ``""`` if nothing does."""
    return "must not hold the character U+0000" if "\x00" in text else ""


def check_values(data: bytes) -> None:
    """Refuse JSON with text or an integer that a database cannot hold: U+0000, more than 64 bits.

    Raises:
        InvalidParameters: Names the field by its path, such as ``items[2].text``.
        UnicodeDecodeError: ``data`` is not UTF-8; msgspec does not look at what it skips.
        msgspec.DecodeError: ``data`` is not JSON.
    """
    str(data, "utf-8")
    if _SUSPECT.search(data) is not None:
        _check(msgspec.json.decode(data), "")


def _refuse(path: str, problem: str) -> None:
    raise InvalidParameters(**{path[:_MAX_PATH] or "params": problem})


def _check(value: Any, path: str) -> None:
    if isinstance(value, str):
        if problem := text_problem(value):
            _refuse(path, problem)
    elif isinstance(value, int):
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            _refuse(path, "integer out of range")
    elif isinstance(value, dict):
        for key, item in value.items():
            if text_problem(key):
                _refuse(path, "a name holds the character U+0000")
            _check(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check(item, f"{path}[{index}]")
