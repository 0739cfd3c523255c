"""How fast frames are read and written, on one core.

Each figure is the best of several runs, in nanoseconds per operation: the best is what the code costs, the rest is what
else the machine did.
"""

from __future__ import annotations

import json
import timeit
from collections.abc import Callable

import msgspec
from harness.report import Report, options

from vestnik.core.codec import JSON, PROTOBUF, check_data, compact
from vestnik.core.messages import Command, Publication, PublishResult, Reply, RPCRequest
from vestnik.core.tokens import ConnectionClaims, issue, verify

NOW = 1_800_000_000
SECRET = "benchmark secret, as long as a real one is"
MESSAGE = msgspec.json.encode(
    {
        "type": "message.created",
        "at": "2026-11-24T06:00:00Z",
        "message": {
            "id": 123456,
            "room": 42,
            "seq": 500,
            "sender": {"id": 7, "display_name": "Анна Петровна"},
            "client_id": "0193f1c2-7b1e-7c55-9a0e-0f4c2f2b8d10",
            "text": "Добрый день! Домашнее задание проверено, есть два вопроса.",
        },
    }
)


def operations() -> dict[str, Callable[[], object]]:
    publication = Publication(data=msgspec.Raw(MESSAGE), offset=500)
    send = Command(id=3, rpc=RPCRequest(method="chat.send", data=msgspec.Raw(MESSAGE)))
    reply = Reply(id=3, publish=PublishResult())
    pretty = json.dumps(json.loads(MESSAGE), indent=2).encode()
    token = issue(ConnectionClaims(sub="7", exp=NOW + 300, iat=NOW, jti="0193f1c2"), SECRET)
    found: dict[str, Callable[[], object]] = {}
    for codec in (JSON, PROTOBUF):
        frame = codec.encode_commands([send])
        parts = [codec.encode_publication("chat:42", publication)] * 10
        found[f"{codec.name}: encode a publication"] = lambda codec=codec: codec.encode_publication(
            "chat:42", publication
        )
        found[f"{codec.name}: join ten publications"] = lambda codec=codec, parts=parts: codec.join(parts)
        found[f"{codec.name}: encode a reply"] = lambda codec=codec: codec.encode_reply(reply)
        found[f"{codec.name}: decode an rpc"] = lambda codec=codec, frame=frame: codec.decode_commands(frame)
        found[f"{codec.name}: decode a pong"] = lambda codec=codec: codec.decode_commands(codec.PING)
    found["check data"] = lambda: check_data(MESSAGE)
    found["compact data on one line"] = lambda: compact(MESSAGE)
    found["compact data on several lines"] = lambda: compact(pretty)
    found["verify a token"] = lambda: verify(token, [SECRET], now=NOW)
    return found


def measure(operation: Callable[[], object], seconds: float) -> float:
    timer = timeit.Timer(operation)
    number = max(1, int(seconds / 5 / min(timer.repeat(3, 200)) * 200))
    return min(timer.repeat(5, number)) / number * 1e9


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="time spent on each operation")
    arguments = parser.parse_args()
    seconds = 0.001 if arguments.short else arguments.seconds
    report = Report("codec", arguments)
    found = {name: round(measure(run, seconds)) for name, run in operations().items()}
    report.finish(
        f"Reading and writing, with {len(MESSAGE)} bytes of data, best of five",
        ["operation", "nanoseconds"],
        [[name, f"{time:,}"] for name, time in found.items()],
        data_bytes=len(MESSAGE),
        nanoseconds=found,
    )


if __name__ == "__main__":
    main()
