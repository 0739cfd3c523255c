"""The protobuf codec: field numbers are the published ones, frames are read strictly."""

import re

import msgspec
import pytest
from centrifuge.codecs import _varint_decode
from centrifuge.protocol import client_pb2 as published
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.json_format import MessageToDict, ParseDict
from hypothesis import given, settings

from tests.support.protocol import commands, replies
from tools.generate import protobuf as generated
from tools.generate.artefact import ROOT
from vestnik.core import messages
from vestnik.core.codec import PROTOBUF, MalformedFrame
from vestnik.core.codec.protobuf import _delimited
from vestnik.core.messages import Command, PublishRequest, Reply, RPCRequest
from vestnik.core.protobuf import client_pb2 as ours


@pytest.mark.parametrize("artefact", generated.artefacts(), ids=lambda artefact: artefact.name)
def test_generated_code_is_fresh(artefact):
    assert not artefact.is_stale(), "run `python -m tools.generate`"


# Field numbers -----------------------------------------------------------------------------------------------------


def _shape(field):
    return field.name, field.type, field.is_repeated, field.message_type.name if field.message_type else None


def _all_shapes(file):
    return {
        name: {number: _shape(field) for number, field in message.fields_by_number.items()}
        for name, message in file.DESCRIPTOR.message_types_by_name.items()
    }


def test_fields_are_those_of_centrifuge_python():
    assert _all_shapes(ours) == _all_shapes(published)


PROTOBUFJS_TYPES = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
}


def test_fields_are_those_of_the_npm_package():
    library = ROOT / "frontend/node_modules/centrifuge/build/protobuf/index.js"
    if not library.is_file():
        pytest.skip("npm packages are not installed")
    theirs = _fields_of_javascript(library.read_text())
    for message in ours.DESCRIPTOR.message_types_by_name.values():
        for field in message.fields:
            assert theirs[message.name][field.number] == (field.name, _javascript_type(field)), field.full_name


def _fields_of_javascript(source):
    """Message → number → (field, type), read out of the generated ``X.decode`` functions."""
    fields = {}
    for message, body in re.findall(
        r"\n +(\w+)\.decode = function decode\(.*?\n(.*?)return message;", source, re.DOTALL
    ):
        cases = re.split(r"case (\d+): \{\n", body.split("switch (tag >>> 3)", 1)[-1])
        for number, case in zip(cases[1::2], cases[2::2], strict=True):
            fields.setdefault(message, {})[int(number)] = _field_of_javascript(case.split("default:")[0])
    return fields


def _field_of_javascript(case):
    name = re.search(r"message\.(\w+)", case)[1]
    if "emptyObject" in case:
        value = re.search(r"case 2:\s+value = (?:reader\.(\w+)|[$.\w]*?(\w+)\.decode)\(", case)
        return name, f"map of {value[1] or value[2]}"
    kind = re.search(r"(?:reader\.(?!uint32\(\)\))(\w+)\(|([A-Z]\w+)\.decode)", case)
    return name, kind[1] or kind[2]


def _javascript_type(field):
    if field.message_type is None:
        return PROTOBUFJS_TYPES[field.type]
    if field.message_type.GetOptions().map_entry:
        return f"map of {_javascript_type(field.message_type.fields_by_name['value'])}"
    return field.message_type.name


def test_every_field_of_every_struct_is_in_the_proto():
    renamed = {"ServerMessage": "Message"}  # Message is the structs' base
    structs = [
        struct
        for struct in vars(messages).values()
        if isinstance(struct, type) and issubclass(struct, messages.Message) and struct is not messages.Message
    ]
    for struct in structs:
        descriptor = ours.DESCRIPTOR.message_types_by_name[renamed.get(struct.__name__, struct.__name__)]
        assert set(struct.__struct_fields__) <= set(descriptor.fields_by_name), struct


# Against the published classes -------------------------------------------------------------------------------------


@settings(deadline=None)
@given(command=commands())
def test_commands_of_centrifuge_python_are_read(command):
    theirs = ParseDict(_as_published(command), published.Command())
    assert PROTOBUF.decode_commands(_delimited(theirs.SerializeToString())) == [command]


@settings(deadline=None)
@given(reply=replies())
def test_replies_are_read_by_centrifuge_python(reply):
    frame = PROTOBUF.encode_reply(reply)
    (theirs,) = published_replies(frame)
    ours_again = ParseDict(MessageToDict(theirs), published.Reply())
    assert PROTOBUF.decode_replies(_delimited(ours_again.SerializeToString())) == [reply]


def published_replies(frame):
    """Split a frame the way centrifuge-python does."""
    position = 0
    while position < len(frame):
        length, position = _varint_decode(frame, position)
        yield published.Reply.FromString(frame[position : position + length])
        position += length


def _as_published(struct):
    """The dict of protobuf's own JSON mapping, where bytes are base64."""

    def convert(value):
        match value:
            case msgspec.Struct():
                fields = {name: getattr(value, name) for name in value.__struct_fields__}
                return {name: convert(field) for name, field in fields.items() if field is not None}
            case msgspec.Raw():
                return msgspec.to_builtins(bytes(value))
            case dict():
                return {key: convert(item) for key, item in value.items()}
            case list():
                return [convert(item) for item in value]
        return value

    return convert(struct)


# Frames ------------------------------------------------------------------------------------------------------------


def test_several_commands_share_a_frame():
    frame = b"\x02\x08\x01" + b"\x00" + b"\x04\x08\x02\x6a\x00"
    assert PROTOBUF.decode_commands(frame) == [Command(id=1), Command(), Command(id=2, rpc=RPCRequest())]


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 16_383, 16_384, 70_000])
def test_messages_of_any_length_are_framed(size):
    command = Command(id=1, publish=PublishRequest(channel="c" * size))
    assert PROTOBUF.decode_commands(PROTOBUF.encode_commands([command, command])) == [command, command]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"\x01", "truncated: a message of 1 bytes, of which 0 are there"),
        (b"\x00\x05\x08\x01", "truncated: a message of 5 bytes, of which 2 are there"),
        (b"\xff\xff\xff\xff\x0f\x08\x01", "truncated: a message of 4294967295 bytes, of which 2 are there"),
        (b"\x80", "malformed length of a message"),
        (b"\x80\x80\x80\x80\x80\x01", "malformed length of a message"),
        (b"\x02\x08\x01\x80", "malformed length of a message"),
        (b"\x01\x08", "malformed protobuf"),
        (b"\x02\x08\x80", "malformed protobuf"),
        (b"\x01\x6a", "malformed protobuf"),
        (b"\x03\x6a\x05\x00", "malformed protobuf"),
        (b"\x02\x00\x00", "malformed protobuf"),
        (b"\x05\x6a\x03\x12\x01\xff", "malformed protobuf"),
        (b'{"id":1}', "truncated: a message of 123 bytes, of which 7 are there"),
        (b"\x02\x0a\x00", "id: wrong wire type"),
        (b"\x02\x68\x01", "rpc: wrong wire type"),
        (b"\x04\x6a\x02\x10\x01", "rpc.method: wrong wire type"),
    ],
)
def test_what_is_not_the_protocol_is_refused(frame, reason):
    with pytest.raises(MalformedFrame) as refusal:
        PROTOBUF.decode_commands(frame)
    assert refusal.value.problem == reason


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (
            ours.Command(subscribe=ours.SubscribeRequest(offset=2**53)),
            "subscribe.offset: expected int <= 9007199254740991",
        ),
        (
            ours.Command(connect=ours.ConnectRequest(subs={"a": ours.SubscribeRequest(offset=2**63)})),
            "connect.subs[...].offset: expected int <= 9007199254740991",
        ),
        (
            ours.Command(history=ours.HistoryRequest(since=ours.StreamPosition(offset=2**64 - 1))),
            "history.since.offset: expected int <= 9007199254740991",
        ),
        (ours.Command(history=ours.HistoryRequest(limit=-2)), "history.limit: expected int >= -1"),
    ],
)
def test_numbers_out_of_range_are_refused_in_the_words_of_the_json_codec(command, reason):
    with pytest.raises(MalformedFrame) as refusal:
        PROTOBUF.decode_commands(_delimited(command.SerializeToString()))
    assert refusal.value.problem == reason


def test_a_message_that_lacks_what_it_must_have_is_refused():
    reply = ours.Reply(push=ours.Push(channel="a", join=ours.Join()))
    with pytest.raises(MalformedFrame, match=r"push\.join\.info: required"):
        PROTOBUF.decode_replies(_delimited(reply.SerializeToString()))


def test_fields_that_are_not_known_are_ignored():
    future = b"\x08\x01" + b"\xaa\x06\x03abc" + b"\xb0\x06\x01"  # id, then fields 101 and 102
    assert PROTOBUF.decode_commands(_delimited(future)) == [Command(id=1)]
    assert PROTOBUF.decode_replies(_delimited(future)) == [Reply(id=1)]
