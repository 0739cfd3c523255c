"""The JSON codec: what it reads, what it refuses and in which words, what it writes."""

import sys

import msgspec
import pytest

from vestnik.core.codec import JSON, MalformedFrame, check_data
from vestnik.core.messages import (
    Command,
    ConnectRequest,
    Error,
    Publication,
    PublishResult,
    Push,
    Reply,
    RPCRequest,
    SubscribeResult,
)


def test_commands_are_separated_by_line_feeds():
    frame = b'{"id":1,"connect":{"token":"t"}}\n{"id":2,"rpc":{"method":"ping"}}'
    assert JSON.decode_commands(frame) == [
        Command(id=1, connect=ConnectRequest(token="t")),
        Command(id=2, rpc=RPCRequest(method="ping")),
    ]


def test_blank_lines_and_a_line_feed_at_the_end_are_ignored():
    assert JSON.decode_commands(b'\n\n{"id":1}\r\n \t\n{}\n') == [Command(id=1), Command()]


def test_what_is_unknown_is_ignored():
    frame = b'{"id":1,"future":{"a":[1]},"rpc":{"method":"a","later":true}}'
    assert JSON.decode_commands(frame) == [Command(id=1, rpc=RPCRequest(method="a"))]


def test_of_a_doubled_key_the_last_counts():
    assert JSON.decode_commands(b'{"id":1,"id":2}') == [Command(id=2)]


def test_a_null_request_is_none():
    assert JSON.decode_commands(b'{"id":1,"rpc":null}') == [Command(id=1)]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        (b"{", "malformed JSON"),
        (b"{}{}", "malformed JSON"),
        (b'{"id":1}x', "malformed JSON"),
        (b'{"id":01}', "malformed JSON"),
        (b'{"id":NaN}', "malformed JSON"),
        (b"{'id':1}", "malformed JSON"),
        (b'{"id":1,}', "malformed JSON"),
        (b'{"rpc":{"data":NaN}}', "malformed JSON"),
        (b'{"rpc":{"data":Infinity}}', "malformed JSON"),
        (b'{"rpc":{"data":"\x00"}}', "malformed JSON"),
        (b'{"rpc":{"data":[1,]}}', "malformed JSON"),
        (b'\xef\xbb\xbf{"id":1}', "malformed JSON"),
        (b'{"rpc":{"data":"\xff"}}', "not UTF-8"),
        (b'{"future":"\xc3\x28"}', "not UTF-8"),
        (b'{"rpc":{"method":"\xed\xa0\x80"}}', "not UTF-8"),
        (b"[]", "value: expected object, got array"),
        (b"null", "value: expected object, got null"),
        (b'"connect"', "value: expected object, got str"),
        (b'{"id":"1"}', "id: expected int, got str"),
        (b'{"id":1.0}', "id: expected int, got float"),
        (b'{"id":true}', "id: expected int, got bool"),
        (b'{"id":-1}', "id: expected int >= 0"),
        (b'{"id":4294967296}', "id: expected int <= 4294967295"),
        (b'{"id":123456789012345678901234567890}', "id: expected int <= 4294967295"),
        (b'{"id":1,"rpc":[]}', "rpc: expected object | null, got array"),
        (b'{"id":1,"rpc":{"method":7}}', "rpc.method: expected str, got int"),
        (b'{"id":1,"connect":{"token":null}}', "connect.token: expected str, got null"),
        (b'{"id":1,"connect":{"headers":{"a":1}}}', "connect.headers[...]: expected str, got int"),
        (b'{"id":1,"connect":{"subs":{"a":{"offset":-1}}}}', "connect.subs[...].offset: expected int >= 0"),
        (b'{"id":1,"subscribe":{"offset":9007199254740992}}', "subscribe.offset: expected int <= 9007199254740991"),
        (b'{"id":1,"history":{"limit":-2}}', "history.limit: expected int >= -1"),
    ],
)
def test_what_is_not_the_protocol_is_refused_by_name(frame, reason):
    with pytest.raises(MalformedFrame) as refusal:
        JSON.decode_commands(b'{"id":1,"ping":{}}\n' + frame)
    assert refusal.value.problem == reason
    assert refusal.value.code == 3501


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":['])
@pytest.mark.parametrize("prefix", [b"", b'{"id":1,"future":', b'{"id":1,"rpc":{"data":'])
def test_endless_nesting_is_refused(prefix, opening):
    with pytest.raises(MalformedFrame, match="nested too deep"):
        JSON.decode_commands(prefix + opening * 20_000)


def test_no_recursion_error_gets_out_however_deep_the_caller_is():
    frame = b'{"id":1,"rpc":{"data":' + b"[" * 60 + b"]" * 60 + b"}}"

    def called_from(depth):
        if depth:
            return called_from(depth - 1)
        try:
            return JSON.decode_commands(frame)
        except MalformedFrame as error:
            return error.problem

    expected = called_from(0)
    free = sys.getrecursionlimit() - len(_frames())
    assert called_from(free - 100) == expected
    assert called_from(free - 40) in (expected, "malformed JSON")


def _frames():
    frame, frames = sys._getframe(), []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def test_many_brackets_side_by_side_or_in_text_are_no_nesting():
    data = b'["' + b"[{" * 500 + b'",' + b"[]," * 500 + b"{}]"
    (command,) = JSON.decode_commands(b'{"id":1,"rpc":{"data":' + data + b"}}")
    assert bytes(command.rpc.data) == data


def test_data_too_deep_is_the_fault_of_its_command_alone():
    first, second = JSON.decode_commands(
        b'{"id":1,"rpc":{"data":' + b"[" * 40 + b"]" * 40 + b"}}\n" + b'{"id":2,"rpc":{"data":[]}}'
    )
    assert check_data(first.rpc.data) == "nested deeper than 32 levels"
    assert check_data(second.rpc.data) is None


@pytest.mark.parametrize(
    "half", [rb"\ud83d", rb"\udc00", rb"\uD83D\u0041", rb"\ud83d x", rb"\ud83d\ud83d\ude00", rb"\\\ud83d", rb"\ud83d\n"]
)
def test_half_an_emoji_is_the_fault_of_its_command_alone(half):
    """Browsers send it when text was cut in the middle; closing the connection for good would be out of proportion."""
    frame = b'{"id":1,"rpc":{"data":{"text":"' + half + b'"}}}\n{"id":2,"rpc":{"data":{"text":"whole"}}}'
    first, second = JSON.decode_commands(frame)
    assert check_data(first.rpc.data) == "holds U+0000 or half of a surrogate pair"
    assert check_data(second.rpc.data) is None


def test_half_an_emoji_does_not_hide_what_else_is_wrong():
    with pytest.raises(MalformedFrame, match="malformed JSON"):
        JSON.decode_commands(rb'{"id":1,"rpc":{"data":"\ud83d"}')
    with pytest.raises(MalformedFrame, match="id: expected int"):
        JSON.decode_commands(rb'{"rpc":{"data":"\ud83d"},"id":"x"}')


def test_half_an_emoji_in_a_channel_name_makes_it_unprintable():
    (command,) = JSON.decode_commands(rb'{"id":1,"subscribe":{"channel":"a\ud83d"}}')
    assert command.subscribe.channel == "a\0"


def test_escapes_are_read():
    (command,) = JSON.decode_commands(rb'{"id":1,"rpc":{"method":"\u0041\ud83d\ude00\n"}}')
    assert command.rpc.method == "A😀\n"


def test_a_reason_repeats_nothing_of_what_was_sent():
    with pytest.raises(MalformedFrame) as refusal:
        JSON.decode_commands(b'{"id":1,"connect":{"headers":{"secret":{"secret":"secret"}}}}')
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    ("reply", "frame"),
    [
        (Reply(id=3, publish=PublishResult()), b'{"id":3,"publish":{}}'),
        (Reply(id=3, subscribe=SubscribeResult(offset=0, epoch="")), b'{"id":3,"subscribe":{}}'),
        (
            Reply(id=4, error=Error(code=107, message="bad request")),
            b'{"id":4,"error":{"code":107,"message":"bad request"}}',
        ),
        (Reply(), b"{}"),
        (
            Reply(push=Push(channel="chat:42", pub=Publication(data=msgspec.Raw(b'{"a":[1]}'), offset=7))),
            b'{"push":{"channel":"chat:42","pub":{"data":{"a":[1]},"offset":7}}}',
        ),
    ],
)
def test_zero_values_are_omitted_and_results_are_not(reply, frame):
    assert JSON.encode_reply(reply) == frame


def test_no_line_feed_gets_into_an_encoded_message():
    reply = Reply(id=1, error=Error(code=107, message="a\nb\r\u2028"))
    assert JSON.encode_reply(reply).splitlines() == [JSON.encode_reply(reply)]
    assert JSON.decode_replies(JSON.encode_reply(reply)) == [reply]
