"""What holds for the JSON codec and the protobuf codec alike."""

import json
import random

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.protocol import commands, replies, structs
from tools.generate.artefact import ROOT
from vestnik.core.codec import JSON, PROTOBUF, MalformedFrame
from vestnik.core.messages import ABSENT, Command, PingRequest, Publication, Push, Reply, SubscribeRequest

CODECS = [JSON, PROTOBUF]
both = pytest.mark.parametrize("codec", CODECS, ids=lambda codec: codec.name)
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@both
@unhurried
@given(sent=st.lists(commands(), max_size=4))
def test_commands_arrive_as_they_were_sent(codec, sent):
    assert codec.decode_commands(codec.encode_commands(sent)) == sent


@both
@unhurried
@given(sent=st.lists(replies(), max_size=4))
def test_replies_arrive_as_they_were_sent(codec, sent):
    frame = codec.join([codec.encode_reply(reply) for reply in sent])
    assert codec.decode_replies(frame) == sent


@unhurried
@given(command=structs(Command), reply=structs(Reply))
def test_the_codecs_say_the_same(command, reply):
    """What went through one codec and then through the other is still the same message, all fields included."""
    through_json = JSON.decode_commands(JSON.encode_commands([command]))
    assert PROTOBUF.decode_commands(PROTOBUF.encode_commands(through_json)) == [command]
    through_protobuf = PROTOBUF.decode_replies(PROTOBUF.encode_reply(reply))
    assert JSON.decode_replies(JSON.join([JSON.encode_reply(each) for each in through_protobuf])) == [reply]


@both
@unhurried
@given(channel=st.text(st.characters(exclude_categories=["Cs"])), publication=structs(Publication))
def test_a_publication_is_encoded_like_the_push_of_it(codec, channel, publication):
    push = Push(channel=channel, pub=publication)
    frame = codec.encode_publication(channel, publication)
    assert codec.decode_replies(frame) == codec.decode_replies(codec.encode_push(push)) == [Reply(push=push)]


@both
def test_the_ping_is_an_empty_reply_and_the_pong_an_empty_command(codec):
    assert codec.PING == codec.encode_reply(Reply()) == codec.encode_commands([Command()])
    assert codec.decode_commands(codec.PING) == [Command()]


@both
def test_a_ping_travels_with_replies_in_one_frame(codec):
    reply = Reply(id=1, push=Push(channel="a"))
    assert codec.decode_replies(codec.join([codec.PING, codec.encode_reply(reply), codec.PING])) == [
        Reply(),
        reply,
        Reply(),
    ]


@both
def test_an_empty_request_is_told_from_none(codec):
    (command,) = codec.decode_commands(codec.encode_commands([Command(id=1, ping=PingRequest())]))
    assert command.ping is not None
    assert command.rpc is None


@both
def test_data_that_was_not_sent_is_absent(codec):
    (command,) = codec.decode_commands(codec.encode_commands([Command(id=1, subscribe=SubscribeRequest(channel="a"))]))
    assert command.subscribe.data == ABSENT
    assert not bytes(command.subscribe.data)


@both
def test_data_is_passed_through_byte_for_byte(codec):
    data = b'{ "b":1.0e5 ,"a":"\\u0041", "b":2}'
    frame = codec.encode_publication("a", Publication(data=msgspec.Raw(data)))
    assert bytes(codec.decode_replies(frame)[0].push.pub.data) == data


@both
def test_an_empty_frame_holds_nothing(codec):
    assert codec.decode_commands(b"") == []
    assert codec.decode_replies(b"") == []


@both
@settings(deadline=None, max_examples=300)
@given(frame=st.binary(max_size=64))
@example(frame=b"\xff")
@example(frame=b"\x02\x08\x01")
def test_no_bytes_whatever_raise_anything_else(codec, frame):
    _decode_or_refuse(codec, frame)


@both
def test_twenty_thousand_damaged_frames_are_read_or_refused(codec):
    """Bytes near to a real frame go deeper into the decoders than random ones."""
    chance = random.Random(20_000)
    good = [vector[codec.name] for name in ("commands", "replies", "pushes") for vector in vectors(name)]
    frames = [text.encode() if codec.is_text else bytes.fromhex(text) for text in good]
    for _ in range(20_000):
        frame = bytearray(codec.join(chance.choices(frames, k=2)))
        for _ in range(chance.randint(1, 3)):
            position = chance.randint(0, len(frame))
            frame[position : position + chance.randint(0, 4)] = chance.randbytes(chance.randint(0, 4))
        _decode_or_refuse(codec, bytes(frame))


def vectors(name):
    return json.loads((ROOT / f"protocol/vectors/{name}.json").read_text())["vectors"]


def _decode_or_refuse(codec, frame):
    for decode in (codec.decode_commands, codec.decode_replies):
        refusal = _refusal(decode, frame)
        if refusal is not None:
            assert refusal.code == 3501
            assert refusal.reason.startswith("bad request: ")
            assert len(refusal.reason.encode()) <= 123


def _refusal(decode, frame):
    try:
        decode(frame)
    except MalformedFrame as error:
        return error
    return None
