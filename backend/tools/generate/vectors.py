"""Messages and frames with what they look like in both codecs → ``protocol/vectors/*.json``."""

from __future__ import annotations

import json
from typing import Any

from tools.generate.artefact import NOTICE, ROOT, Artefact
from vestnik.core.codec import JSON, PROTOBUF, MalformedFrame, check_data
from vestnik.core.codec.base import Codec

_NOTICE = NOTICE.format(source="backend/tools/generate/vectors.py")

COMMANDS = {
    "pong": "{}",
    "connect": '{"id":1,"connect":{}}',
    "connect with everything": (
        '{"id":1,"connect":{"token":"header.payload.signature","data":{"tab":1},'
        '"subs":{"notifications:#7":{"recover":true,"epoch":"q7Kd","offset":41}},'
        '"name":"js","version":"5.8.0","headers":{"authorization":"Token t"},"flag":1}}'
    ),
    "subscribe": '{"id":2,"subscribe":{"channel":"chat:42"}}',
    "subscribe and recover": (
        '{"id":2,"subscribe":{"channel":"chat:42","token":"t","recover":true,"epoch":"q7Kd","offset":9007199254740991,'
        '"data":null,"positioned":true,"recoverable":true,"join_leave":true,"delta":"fossil","flag":2}}'
    ),
    "unsubscribe": '{"id":3,"unsubscribe":{"channel":"chat:42"}}',
    "publish": '{"id":4,"publish":{"channel":"news","data":{"text":"Привет, мир 😀"}}}',
    "presence": '{"id":5,"presence":{"channel":"chat:42"}}',
    "presence_stats": '{"id":6,"presence_stats":{"channel":"chat:42"}}',
    "history": '{"id":7,"history":{"channel":"news","limit":-1}}',
    "history since a position": (
        '{"id":7,"history":{"channel":"news","limit":50,"since":{"offset":3,"epoch":"q7Kd"},"reverse":true}}'
    ),
    "history since the beginning": '{"id":7,"history":{"channel":"news","since":{}}}',
    "ping": '{"id":8,"ping":{}}',
    "send": '{"send":{"data":[1,2.5,"three",null,true]}}',
    "rpc": '{"id":9,"rpc":{"data":{"room":42,"seq":17},"method":"chat.read"}}',
    "rpc without data": '{"id":4294967295,"rpc":{"method":"ping"}}',
    "refresh": '{"id":10,"refresh":{"token":"t"}}',
    "sub_refresh": '{"id":11,"sub_refresh":{"channel":"chat:42","token":"t"}}',
}

REPLIES = {
    "ping": "{}",
    "error": '{"id":1,"error":{"code":103,"message":"permission denied"}}',
    "temporary error": '{"id":1,"error":{"code":100,"message":"internal server error","temporary":true}}',
    "connect": '{"id":1,"connect":{"client":"c1","version":"0.1.0","ping":25,"pong":true}}',
    "connect with everything": (
        '{"id":1,"connect":{"client":"c1","version":"0.1.0","expires":true,"ttl":300,"data":{},'
        '"subs":{"user:#7":{"recoverable":true,"epoch":"q7Kd","positioned":true}},'
        '"ping":25,"pong":true,"session":"s","node":"n","time":1800000000000}}'
    ),
    "subscribe": '{"id":2,"subscribe":{}}',
    "subscribe recovered": (
        '{"id":2,"subscribe":{"expires":true,"ttl":60,"recoverable":true,"epoch":"q7Kd",'
        '"publications":[{"data":{"type":"room.removed","room_id":42},"offset":42},{"data":"two","offset":43}],'
        '"recovered":true,"offset":41,"positioned":true,"data":[],"was_recovering":true,"delta":true}}'
    ),
    "unsubscribe": '{"id":3,"unsubscribe":{}}',
    "publish": '{"id":4,"publish":{}}',
    "presence": '{"id":5,"presence":{"presence":{"c1":{"user":"7","client":"c1","conn_info":{"name":"Анна"}}}}}',
    "presence of nobody": '{"id":5,"presence":{}}',
    "presence_stats": '{"id":6,"presence_stats":{"num_clients":3,"num_users":2}}',
    "history": (
        '{"id":7,"history":{"publications":[{"data":1,"info":{"user":"7","client":"c1"},"offset":1,"tags":{"k":"v"},'
        '"time":1800000000000}],"epoch":"q7Kd","offset":1}}'
    ),
    "ping command": '{"id":8,"ping":{}}',
    "rpc": '{"id":9,"rpc":{"data":{"seq":17}}}',
    "rpc without data": '{"id":9,"rpc":{}}',
    "refresh": '{"id":10,"refresh":{"client":"c1","version":"0.1.0","expires":true,"ttl":300}}',
    "sub_refresh": '{"id":11,"sub_refresh":{"expires":true,"ttl":60}}',
}

PUSHES = {
    "publication": (
        '{"push":{"channel":"chat:42","pub":{"data":{"type":"read.moved","at":"2026-11-24T06:00:00Z","user_id":7,"seq":3},'
        '"offset":9007199254740991}}}'
    ),
    "publication without offset": (
        '{"push":{"channel":"typing:42","pub":{"data":{"type":"typing","user_id":7,"typing":true},'
        '"info":{"user":"7","client":"c1","chan_info":{"role":"teacher"}}}}}'
    ),
    "delta publication": '{"push":{"channel":"delta:1","pub":{"data":"1\\n0;","offset":2,"delta":true}}}',
    "join": '{"push":{"channel":"chat:42","join":{"info":{"user":"7","client":"c1"}}}}',
    "leave": '{"push":{"channel":"chat:42","leave":{"info":{"user":"7","client":"c1"}}}}',
    "unsubscribe": '{"push":{"channel":"chat:42","unsubscribe":{"code":2500,"reason":"insufficient state"}}}',
    "message": '{"push":{"message":{"data":"hello"}}}',
    "subscribe": (
        '{"push":{"channel":"user:#7","subscribe":{"recoverable":true,"epoch":"q7Kd","offset":1,"positioned":true,"data":{}}}}'
    ),
    "disconnect": '{"push":{"disconnect":{"code":3001,"reason":"shutdown","reconnect":true}}}',
    "refresh": '{"push":{"refresh":{"expires":true,"ttl":300}}}',
}

# Frames of commands that are written unusually, with the same in the usual writing.
UNUSUAL = {
    "several commands": ['{"id":1,"connect":{}}\n{"id":2,"ping":{}}', '{"id":1,"connect":{}}', '{"id":2,"ping":{}}'],
    "a line feed at the end": ['{"id":1,"connect":{}}\n', '{"id":1,"connect":{}}'],
    "blank lines": ['\n\n{"id":1,"connect":{}}\n \t\n{}\n', '{"id":1,"connect":{}}', "{}"],
    "carriage returns": ['{"id":1,"connect":{}}\r\n{}\r\n', '{"id":1,"connect":{}}', "{}"],
    "white space between tokens": [' { "id" : 1 , "ping" : { } } ', '{"id":1,"ping":{}}'],
    "fields of a later version": ['{"id":1,"ping":{"a":[1]},"later":{}}', '{"id":1,"ping":{}}'],
    "a doubled key": ['{"id":1,"id":2,"ping":{}}', '{"id":2,"ping":{}}'],
    "a null request": ['{"id":1,"ping":null}', '{"id":1}'],
    "zero values written out": [
        '{"id":1,"subscribe":{"channel":"","recover":false,"offset":0}}',
        '{"id":1,"subscribe":{}}',
    ],
    "escapes": [r'{"id":1,"rpc":{"method":"\u0061\/\ud83d\ude00"}}', '{"id":1,"rpc":{"method":"a/😀"}}'],
    "an empty frame": [""],
}

MALFORMED_JSON: dict[str, str | bytes] = {
    "cut off": '{"id":1,"connect":{',
    "no separator": "{}{}",
    "trailing comma": '{"id":1,}',
    "single quotes": "{'id':1}",
    "a number with a leading zero": '{"id":01}',
    "NaN": '{"id":1,"rpc":{"data":NaN}}',
    "a raw control character": '{"id":1,"rpc":{"data":"\x01"}}',
    "a byte order mark": '\ufeff{"id":1}',
    "an invalid escape": '{"id":1,"rpc":{"data":"\\x41"}}',
    "invalid UTF-8 in a field": b'{"id":1,"rpc":{"method":"\xff"}}',
    "invalid UTF-8 in data": b'{"id":1,"rpc":{"data":"\xc3\x28"}}',
    "a surrogate in UTF-8": b'{"id":1,"rpc":{"data":"\xed\xa0\xbd"}}',
    "an array": "[]",
    "a string": '"connect"',
    "null": "null",
    "good commands before": '{"id":1,"connect":{}}\n{"id":2',
    "id: text": '{"id":"1"}',
    "id: a fraction": '{"id":1.5}',
    "id: negative": '{"id":-1}',
    "id: over 32 bits": '{"id":4294967296}',
    "request: an array": '{"id":1,"rpc":[]}',
    "field: wrong type": '{"id":1,"rpc":{"method":7}}',
    "field in a map: wrong type": '{"id":1,"connect":{"headers":{"a":1}}}',
    "offset: over 53 bits": '{"id":1,"subscribe":{"channel":"a","offset":9007199254740992}}',
    "offset in a map: negative": '{"id":1,"connect":{"subs":{"a":{"offset":-1}}}}',
    "limit: too small": '{"id":1,"history":{"channel":"a","limit":-2}}',
    "nested 200 deep": '{"id":1,"rpc":{"data":' + "[" * 200 + "]" * 200 + "}}",
}

MALFORMED_PROTOBUF = {
    "length without message": "01",
    "message cut off": "05080112",
    "length cut off": "80",
    "length of six bytes": "808080808001",
    "field cut off": "0108",
    "invalid UTF-8 in a field": "056a031201ff",
    "field number zero": "020000",
    "JSON": b'{"id":1}'.hex(),
    "id: wrong wire type": "020a00",
    "method: wrong wire type": "046a021001",
    "offset: over 53 bits": "0b2a0938808080808080808001",
}

UNFIT_DATA: dict[str, str | bytes] = {
    "nested 33 deep": "[" * 33 + "]" * 33,
    "U+0000": r'{"text":"\u0000"}',
    "U+0000 in a key": r'{"\u0000":1}',
    "first half of a pair": r'"\ud83d"',
    "second half of a pair": r'"\ude00"',
    "halves in the wrong order": r'"\ude00\ud83d"',
    "integer over 53 bits": "9007199254740992",
    "negative integer over 53 bits": "[-9007199254740992]",
    "infinite": "1e999",
    "not JSON": "{",
    "invalid UTF-8": b'"\xff"',
}


def artefacts() -> list[Artefact]:
    return [
        _artefact("commands", {"vectors": _vectors(COMMANDS, of_commands=True)}),
        _artefact("replies", {"vectors": _vectors(REPLIES, of_commands=False)}),
        _artefact("pushes", {"vectors": _vectors(PUSHES, of_commands=False)}),
        _artefact("frames", {"vectors": [_frame(name, *texts) for name, texts in UNUSUAL.items()]}),
        _artefact("malformed", {"json": _malformed_json(), "protobuf": _malformed_protobuf(), "data": _unfit_data()}),
    ]


def _artefact(name: str, content: dict[str, Any]) -> Artefact:
    text = json.dumps({"$comment": _NOTICE, **content}, indent=2, ensure_ascii=False)
    return Artefact(ROOT / f"protocol/vectors/{name}.json", text + "\n")


def _vectors(texts: dict[str, str], *, of_commands: bool) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "message": json.loads(text),
            "json": text,
            "protobuf": (_commands_in_protobuf(text) if of_commands else _replies_in_protobuf(text)).hex(),
        }
        for name, text in texts.items()
    ]


def _commands_in_protobuf(frame: str) -> bytes:
    return PROTOBUF.encode_commands(JSON.decode_commands(frame.encode()))


def _replies_in_protobuf(frame: str) -> bytes:
    return PROTOBUF.join([PROTOBUF.encode_reply(reply) for reply in JSON.decode_replies(frame.encode())])


def _frame(name: str, frame: str, *usual: str) -> dict[str, Any]:
    return {
        "name": name,
        "json": frame,
        "messages": [json.loads(text) for text in usual],
        "protobuf": _commands_in_protobuf(frame).hex(),
    }


def _malformed_json() -> list[dict[str, Any]]:
    return [
        {"name": name, **_text_or_hex(frame), "problem": _problem(JSON, _bytes(frame))}
        for name, frame in MALFORMED_JSON.items()
    ]


def _malformed_protobuf() -> list[dict[str, Any]]:
    return [
        {"name": name, "hex": frame, "problem": _problem(PROTOBUF, bytes.fromhex(frame))}
        for name, frame in MALFORMED_PROTOBUF.items()
    ]


def _unfit_data() -> list[dict[str, Any]]:
    return [{"name": name, **_text_or_hex(raw), "problem": check_data(_bytes(raw))} for name, raw in UNFIT_DATA.items()]


def _problem(codec: Codec, frame: bytes) -> str:
    try:
        codec.decode_commands(frame)
    except MalformedFrame as error:
        return error.problem
    raise AssertionError(f"not malformed: {frame!r}")


def _text_or_hex(frame: str | bytes) -> dict[str, str]:
    return {"text": frame} if isinstance(frame, str) else {"hex": frame.hex()}


def _bytes(frame: str | bytes) -> bytes:
    return frame.encode() if isinstance(frame, str) else frame
