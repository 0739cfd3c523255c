"""The binary codec, ``centrifuge-protobuf``: messages that each follow their length as a varint, in binary frames.

The converters between generated messages and our structs are put together once, from the structs' own annotations:
a field that is added to a struct and to ``client.proto`` needs no code here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.unknown_fields import UnknownFieldSet as _UnknownFieldSet

from vestnik.core.codec.base import Codec, MalformedFrame
from vestnik.core.messages import Command, Publication, Push, Reply
from vestnik.core.protobuf import client_pb2

_Decoded = TypeVar("_Decoded", Command, Reply)
_Convert = Callable[[Any], Any]
_Descriptor = Any  # of a message or a field; the runtime's implementations of them have no type in common

UnknownFieldSet: Any = _UnknownFieldSet  # its stubs do not know that it can be iterated

_MAX_VARINT_BYTES = 5  # more than the length of any frame that fits a memory


class ProtobufCodec:
    """Says in protobuf what :class:`vestnik.core.codec.json.JSONCodec` says in JSON; application data stays JSON."""

    name = "protobuf"
    is_text = False
    PING = b"\x00"

    def decode_commands(self, frame: bytes) -> list[Command]:
        return [_read_command(_parse(client_pb2.Command, part)) for part in _split(frame)]

    def encode_reply(self, reply: Reply) -> bytes:
        return _delimited(_write_reply(reply).SerializeToString())

    def encode_push(self, push: Push) -> bytes:
        return self.encode_reply(Reply(push=push))

    def encode_publication(self, channel: str, publication: Publication) -> bytes:
        return self.encode_reply(Reply(push=Push(channel=channel, pub=publication)))

    def join(self, parts: Sequence[bytes]) -> bytes:
        return b"".join(parts)

    def encode_commands(self, commands: Sequence[Command]) -> bytes:
        return b"".join(_delimited(_write_command(command).SerializeToString()) for command in commands)

    def decode_replies(self, frame: bytes) -> list[Reply]:
        return [_read_reply(_parse(client_pb2.Reply, part)) for part in _split(frame)]


# Frames ----------------------------------------------------------------------------------------------------------


def _split(frame: bytes) -> list[bytes]:
    parts = []
    position = 0
    while position < len(frame):
        length, start = _read_varint(frame, position)
        position = start + length
        if position > len(frame):
            raise MalformedFrame(f"truncated: a message of {length} bytes, of which {len(frame) - start} are there")
        parts.append(frame[start:position])
    return parts


def _read_varint(frame: bytes, position: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(frame[position : position + _MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise MalformedFrame("malformed length of a message")


def _delimited(message: bytes) -> bytes:
    length = len(message)
    prefix = bytearray()
    while length > 0x7F:
        prefix.append(length & 0x7F | 0x80)
        length >>= 7
    prefix.append(length)
    return bytes(prefix) + message


def _parse(message_type: Any, part: bytes) -> Any:
    try:
        return message_type.FromString(part)
    except DecodeError as error:
        raise MalformedFrame("malformed protobuf") from error


# From messages to structs ----------------------------------------------------------------------------------------


def _struct_reader(struct: msgspec.inspect.StructType, descriptor: _Descriptor, path: str) -> _Convert:
    build = struct.cls
    readers = {
        field.encode_name: _field_reader(
            field.type, descriptor.fields_by_name[field.name], _join_path(path, field.name)
        )
        for field in struct.fields
    }
    required = [field.name for field in struct.fields if field.required]
    numbers = descriptor.fields_by_number

    def read(message: Any) -> Any:
        for unknown in UnknownFieldSet(message):
            # The runtime takes a field of the wrong wire type for one that it does not know.
            if unknown.field_number in numbers:
                raise MalformedFrame(f"{_join_path(path, numbers[unknown.field_number].name)}: wrong wire type")
        values = {}
        for field, value in message.ListFields():
            reader = readers.get(field.name)
            if reader is not None:
                values[field.name] = reader(value)
        for name in required:
            if name not in values:
                raise MalformedFrame(f"{_join_path(path, name)}: required")
        return build(**values)

    return read


def _field_reader(kind: msgspec.inspect.Type, field: _Descriptor, path: str) -> _Convert:
    kind = _without_none(kind)
    match kind:
        case msgspec.inspect.StructType():
            return _struct_reader(kind, field.message_type, path)
        case msgspec.inspect.ListType():
            read_item = _field_reader(kind.item_type, field, f"{path}[...]")
            return lambda values: [read_item(value) for value in values]
        case msgspec.inspect.DictType():
            read_value = _field_reader(kind.value_type, field.message_type.fields_by_name["value"], f"{path}[...]")
            return lambda values: {key: read_value(value) for key, value in values.items()}
        case msgspec.inspect.IntType():
            return _integer_reader(kind, path)
        case msgspec.inspect.RawType():
            return msgspec.Raw
        case _:
            return _as_it_is


def _integer_reader(kind: msgspec.inspect.IntType, path: str) -> _Convert:
    least, most = kind.ge, kind.le

    def read(value: int) -> int:
        if least is not None and value < least:
            raise MalformedFrame(f"{path}: expected int >= {least}")
        if most is not None and value > most:
            raise MalformedFrame(f"{path}: expected int <= {most}")
        return value

    return read


# From structs to messages ----------------------------------------------------------------------------------------


def _struct_writer(struct: msgspec.inspect.StructType, descriptor: _Descriptor) -> _Convert:
    build = GetMessageClass(descriptor)
    writers = [
        (field.name, field.default, _field_writer(field.type, descriptor.fields_by_name[field.name]))
        for field in struct.fields
    ]

    def write(value: Any) -> Any:
        fields = {}
        for name, default, writer in writers:
            field = getattr(value, name)
            if field is not default:
                fields[name] = writer(field)
        return build(**fields)

    return write


def _field_writer(kind: msgspec.inspect.Type, field: _Descriptor) -> _Convert:
    kind = _without_none(kind)
    match kind:
        case msgspec.inspect.StructType():
            return _struct_writer(kind, field.message_type)
        case msgspec.inspect.ListType():
            write_item = _field_writer(kind.item_type, field)
            return lambda values: [write_item(value) for value in values]
        case msgspec.inspect.DictType():
            write_value = _field_writer(kind.value_type, field.message_type.fields_by_name["value"])
            return lambda values: {key: write_value(value) for key, value in values.items()}
        case msgspec.inspect.RawType():
            return bytes
        case _:
            return _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _without_none(kind: msgspec.inspect.Type) -> msgspec.inspect.Type:
    if isinstance(kind, msgspec.inspect.UnionType):
        (kind,) = (option for option in kind.types if not isinstance(option, msgspec.inspect.NoneType))
    return kind


def _join_path(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _inspected(struct: type[msgspec.Struct]) -> msgspec.inspect.StructType:
    kind = msgspec.inspect.type_info(struct)
    assert isinstance(kind, msgspec.inspect.StructType)
    return kind


_read_command = _struct_reader(_inspected(Command), client_pb2.Command.DESCRIPTOR, "")
_write_command = _struct_writer(_inspected(Command), client_pb2.Command.DESCRIPTOR)
_read_reply = _struct_reader(_inspected(Reply), client_pb2.Reply.DESCRIPTOR, "")
_write_reply = _struct_writer(_inspected(Reply), client_pb2.Reply.DESCRIPTOR)

PROTOBUF: Codec = ProtobufCodec()
