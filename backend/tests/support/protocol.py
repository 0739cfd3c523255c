"""Hypothesis strategies for everything that the protocol can say."""

from __future__ import annotations

from datetime import UTC

import msgspec
from hypothesis import strategies as st

from vestnik.core import messages
from vestnik.core.codec import MAX_INTEGER

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(text.filter(lambda key: "\0" not in key), inner, max_size=4)
    ),
    max_leaves=8,
)
"""Application data as Python values."""

raw_data = st.just(messages.ABSENT) | json_values.map(lambda value: msgspec.Raw(msgspec.json.encode(value)))


def structs(struct: type[msgspec.Struct]) -> st.SearchStrategy:
    """Any value of ``struct``, from the annotations that the codecs obey."""
    return _of_struct(msgspec.inspect.type_info(struct))


def commands() -> st.SearchStrategy[messages.Command]:
    """Commands as clients send them: one request each, now and then none."""
    return _with_one_of(messages.Command, ["id"])


def replies() -> st.SearchStrategy[messages.Reply]:
    """Replies with one result, an error or a push; now and then none, which is a ping."""
    return _with_one_of(messages.Reply, ["id"])


def _with_one_of(struct, always):
    info = msgspec.inspect.type_info(struct)
    fields = {field.name: field for field in info.fields}
    common = {name: _of(fields[name].type) for name in always}
    variants = [
        st.builds(struct, **common, **{name: _of(_without_none(field.type))})
        for name, field in fields.items()
        if name not in always
    ]
    return st.builds(struct) | st.one_of(variants)


def _of_struct(kind):
    required = {field.name: _of(field.type) for field in kind.fields if field.required}
    optional = {field.name: _of(field.type) for field in kind.fields if not field.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda fields: kind.cls(**fields))


def _of(kind):
    match kind:
        case msgspec.inspect.StructType():
            return _of_struct(kind)
        case msgspec.inspect.UnionType():
            return st.one_of([_of(option) for option in kind.types])
        case msgspec.inspect.NoneType():
            return st.none()
        case msgspec.inspect.ListType():
            return st.lists(_of(kind.item_type), max_size=3)
        case msgspec.inspect.DictType():
            return st.dictionaries(text, _of(kind.value_type), max_size=3)
        case msgspec.inspect.RawType():
            return raw_data
        case msgspec.inspect.AnyType():
            return json_values
        case msgspec.inspect.LiteralType():
            return st.sampled_from(kind.values)
        case msgspec.inspect.EnumType():
            return st.sampled_from(kind.cls)
        case msgspec.inspect.DateTimeType():
            return st.datetimes(timezones=st.just(UTC))
        case msgspec.inspect.DateType():
            return st.dates()
        case msgspec.inspect.BoolType():
            return st.booleans()
        case msgspec.inspect.StrType():
            return text
        case msgspec.inspect.IntType():
            # Fields without bounds are 64 bits wide in protobuf.
            return st.integers(-(2**63) if kind.ge is None else kind.ge, 2**63 - 1 if kind.le is None else kind.le)
    raise AssertionError(f"no strategy for {kind}")


def _without_none(kind):
    if isinstance(kind, msgspec.inspect.UnionType):
        (kind,) = (option for option in kind.types if not isinstance(option, msgspec.inspect.NoneType))
    return kind
