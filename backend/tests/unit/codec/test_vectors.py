"""The vectors in ``protocol/vectors`` hold for both codecs; the client's suite replays the same files."""

import json

import msgspec
import pytest
from centrifuge.protocol import client_pb2 as published
from google.protobuf.descriptor import FieldDescriptor

from tools.generate import vectors as generated
from tools.generate.artefact import ROOT
from vestnik.core.codec import JSON, PROTOBUF, MalformedFrame, check_data
from vestnik.core.messages import Command, Push, Reply


def read(name, part="vectors"):
    content = json.loads((ROOT / f"protocol/vectors/{name}.json").read_text())
    return [pytest.param(vector, id=vector["name"].replace(" ", "-")) for vector in content[part]]


def frame_of(vector):
    return bytes.fromhex(vector["hex"]) if "hex" in vector else vector["text"].encode()


@pytest.mark.parametrize("artefact", generated.artefacts(), ids=lambda artefact: artefact.name)
def test_the_files_are_fresh(artefact):
    assert not artefact.is_stale(), "run `python -m tools.generate`"


@pytest.mark.parametrize("vector", read("commands"))
def test_commands(vector):
    (from_json,) = JSON.decode_commands(vector["json"].encode())
    assert PROTOBUF.decode_commands(bytes.fromhex(vector["protobuf"])) == [from_json]
    assert JSON.encode_commands([from_json]).decode() == vector["json"]
    assert PROTOBUF.encode_commands([from_json]).hex() == vector["protobuf"]
    assert json.loads(vector["json"]) == vector["message"]


@pytest.mark.parametrize("vector", [*read("replies"), *read("pushes")])
def test_replies_and_pushes(vector):
    (from_json,) = JSON.decode_replies(vector["json"].encode())
    assert PROTOBUF.decode_replies(bytes.fromhex(vector["protobuf"])) == [from_json]
    assert JSON.encode_reply(from_json).decode() == vector["json"]
    assert PROTOBUF.encode_reply(from_json).hex() == vector["protobuf"]
    assert json.loads(vector["json"]) == vector["message"]
    if from_json.push is not None:
        assert JSON.encode_push(from_json.push).decode() == vector["json"]
        assert PROTOBUF.encode_push(from_json.push).hex() == vector["protobuf"]


@pytest.mark.parametrize(
    ("message_type", "vector"),
    [
        pytest.param(message_type, *parameter.values, id=f"{name}-{parameter.id}")
        for message_type, name in [
            (published.Command, "commands"),
            (published.Reply, "replies"),
            (published.Reply, "pushes"),
        ]
        for parameter in read(name)
    ],
)
def test_others_read_the_protobuf_alike(message_type, vector):
    """centrifuge-python's generated code sees in the bytes what the JSON says."""
    frame = bytes.fromhex(vector["protobuf"])
    length_size = 1 if len(frame) <= 128 else 2
    message = message_type.FromString(frame[length_size:])
    assert _as_json(message) == vector["message"]


def _as_json(message):
    """The protocol's JSON of a protobuf message: bytes are JSON, numbers are numbers, zero values are omitted."""
    return {field.name: _field_as_json(field, value) for field, value in message.ListFields()}


def _field_as_json(field, value):
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        inner = field.message_type.fields_by_name["value"]
        return {key: _field_as_json(inner, value[key]) for key in value}
    if field.is_repeated:
        return [_as_json(item) for item in value]
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return _as_json(value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return json.loads(value)
    return value


@pytest.mark.parametrize("vector", read("frames"))
def test_unusual_frames(vector):
    commands = JSON.decode_commands(vector["json"].encode())
    usual = "\n".join(json.dumps(message) for message in vector["messages"])
    assert commands == JSON.decode_commands(usual.encode())
    assert len(commands) == len(vector["messages"])
    assert PROTOBUF.decode_commands(bytes.fromhex(vector["protobuf"])) == commands


@pytest.mark.parametrize(
    ("codec", "vector"),
    [
        pytest.param(codec, *parameter.values, id=f"{codec.name}-{parameter.id}")
        for codec in (JSON, PROTOBUF)
        for parameter in read("malformed", codec.name)
    ],
)
def test_malformed_frames(codec, vector):
    with pytest.raises(MalformedFrame) as refusal:
        codec.decode_commands(frame_of(vector))
    assert refusal.value.problem == vector["problem"]


@pytest.mark.parametrize("vector", read("malformed", "data"))
def test_unfit_data(vector):
    assert check_data(frame_of(vector)) == vector["problem"] is not None


def test_everything_that_can_be_said_has_a_vector():
    def said(name):
        return {key for parameter in read(name) for key in parameter.values[0]["message"]}

    def pushed():
        return {key for parameter in read("pushes") for key in parameter.values[0]["message"]["push"]}

    assert said("commands") == set(Command.__struct_fields__)
    assert said("replies") | said("pushes") == set(Reply.__struct_fields__)
    assert pushed() == set(Push.__struct_fields__)


def test_every_field_has_a_vector():
    """A field that no vector carries could be lost on the way without a test to notice."""
    carried = {
        struct.__name__: names
        for struct, names in _carried(
            [JSON.decode_commands(parameter.values[0]["json"].encode())[0] for parameter in read("commands")]
            + [
                JSON.decode_replies(parameter.values[0]["json"].encode())[0]
                for parameter in [*read("replies"), *read("pushes")]
            ]
        ).items()
    }
    missing = {
        f"{struct.__name__}.{name}"
        for struct in _structs(Command) | _structs(Reply)
        for name in struct.__struct_fields__
        if name not in carried.get(struct.__name__, set())
    }
    # Written by nobody: the publication's own channel is for subscriptions to patterns.
    assert missing == {"Publication.channel"}


def _carried(values):
    names = {}
    for value in values:
        if isinstance(value, msgspec.Struct):
            fields = msgspec.structs.asdict(value)
            defaults = {field.name: field for field in msgspec.structs.fields(value)}
            present = {name: item for name, item in fields.items() if _is_sent(defaults[name], item)}
            names.setdefault(type(value), set()).update(present)
            inner = _carried(present.values())
        elif isinstance(value, dict):
            inner = _carried(value.values())
        elif isinstance(value, list):
            inner = _carried(value)
        else:
            continue
        for struct, more in inner.items():
            names.setdefault(struct, set()).update(more)
    return names


def _is_sent(field, value):
    default = (
        field.default_factory()
        if field.default is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT
        else field.default
    )
    return value != default


def _structs(root):
    found = set()

    def visit(kind):
        match kind:
            case msgspec.inspect.StructType():
                found.add(kind.cls)
                for field in kind.fields:
                    visit(field.type)
            case msgspec.inspect.UnionType():
                for option in kind.types:
                    visit(option)
            case msgspec.inspect.ListType():
                visit(kind.item_type)
            case msgspec.inspect.DictType():
                visit(kind.value_type)

    visit(msgspec.inspect.type_info(root))
    return found
