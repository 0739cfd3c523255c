"""How long a room takes to open, and its first page of history to come, however many messages it has.

Opening is what a browser does: the newest page with the position it belongs to (REST, over a kept connection), then the
subscription from that position (socket). Rooms of different sizes take turns in one run.
"""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.crowd import Crowd, Line
from harness.databases import NAMES, databases
from harness.report import Report, WrongResult, options, quantile
from harness.sites import connection_token, fill, site

from tests.support.site import RunningSite

PAGE = 50


class Visitor:
    """Somebody who opens rooms, one after the other."""

    def __init__(self, running: RunningSite, crowd: Crowd, token: str) -> None:
        user = running.api("GET", "auth/me/", token)["id"]
        self._headers = {"Authorization": f"Token {token}"}
        self._http = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        self._crowd = crowd
        self._line: Line = crowd.open(running.port, "/ws")
        self._ask({"id": 1, "connect": {"token": connection_token(running, user)}}, "connect")
        self._commands = 1

    def history(self, room: int) -> Any:
        """The newest page."""
        self._http.request("GET", f"/api/chat/rooms/{room}/messages/?limit={PAGE}", headers=self._headers)
        response = self._http.getresponse()
        content = response.read()
        if response.status != 200:
            raise WrongResult(f"history answered {response.status}: {content!r}")
        return json.loads(content)

    def subscribe(self, room: int, position: Any) -> None:
        """From a position; nothing may be missing."""
        self._commands += 1
        asked = {"channel": f"chat:{room}", "recover": True, **position}
        answer = self._ask({"id": self._commands, "subscribe": asked}, "subscribe")
        if not answer["subscribe"].get("recovered") or answer["subscribe"].get("publications"):
            raise WrongResult(f"subscribing to room {room} from its own position was answered with {answer}")

    def unsubscribe(self, room: int) -> None:
        self._commands += 1
        self._ask({"id": self._commands, "unsubscribe": {"channel": f"chat:{room}"}}, "unsubscribe")

    def _ask(self, command: Any, method: str) -> Any:
        expecting = f'"{method}"'.encode()
        received = self._crowd.ask(self._line, json.dumps(command).encode(), expecting=expecting)
        return next(json.loads(line) for line in received.split(b"\n") if expecting in line)


def visit(visitor: Visitor, room: int, messages: int) -> dict[str, float]:
    """Open and leave one room; milliseconds."""
    start = time.perf_counter()
    page = visitor.history(room)
    middle = time.perf_counter()
    visitor.subscribe(room, page["position"])
    end = time.perf_counter()
    visitor.unsubscribe(room)
    if [m["seq"] for m in page["results"]] != list(range(max(1, messages - PAGE + 1), messages + 1)):
        raise WrongResult(f"the newest page of room {room} does not hold its last {PAGE} messages")
    if page["position"].get("offset", 0) < messages:
        raise WrongResult(f"the position of room {room} is before its end: {page['position']}")
    return {"history_ms": (middle - start) * 1000, "open_ms": (end - start) * 1000}


def measure(folder: Path, sizes: list[int], times: int) -> dict[int, list[dict[str, float]]]:
    with site("daphne", folder) as running, Crowd() as crowd:
        token = running.sign_in("admin")
        rooms = {}
        for size, other in zip(sizes, running.api("GET", "contacts/", token)["results"], strict=False):
            body = {"kind": "group", "title": f"{size} messages", "member_ids": [other["id"]]}
            rooms[size] = running.api("POST", "chat/rooms/", token, json=body)["id"]
        missing = {rooms[size]: size for size in sizes}
        while missing:
            missing = {int(room): number for room, number in fill(running, f"add_messages({missing})").items()}
            print(f"messages to be made: {sum(missing.values()):,}", flush=True, file=sys.stderr)
        visitor = Visitor(running, crowd, token)
        for size, room in rooms.items():
            visit(visitor, room, size)  # warm
        visits: dict[int, list[dict[str, float]]] = {size: [] for size in sizes}
        for _ in range(times):
            for size, room in rooms.items():
                visits[size].append(visit(visitor, room, size))
    return visits


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--sizes", type=int, nargs=3, default=[10_000, 100_000, 1_000_000], help="messages in a room")
    parser.add_argument("--times", type=int, default=100, help="that each room is opened")
    parser.add_argument("--databases", nargs="+", choices=NAMES, default=list(NAMES))
    arguments = parser.parse_args()
    sizes, times, names = arguments.sizes, arguments.times, arguments.databases
    if arguments.short:
        sizes, times, names = [40, 200, 1000], 2, ["sqlite"]
    report = Report("opening", arguments)
    rows: list[list[object]] = []
    raw = {}
    for database in databases(names):
        with tempfile.TemporaryDirectory() as folder:
            raw[database] = visits = measure(Path(folder), sizes, times)
        smallest = quantile([one["history_ms"] for one in visits[sizes[0]]], 0.5)
        for size in sizes:
            opened = [one["open_ms"] for one in visits[size]]
            history = [one["history_ms"] for one in visits[size]]
            rows.append(
                [
                    f"{database}, {size:,} messages",
                    *(f"{quantile(opened, share):.1f} ms" for share in (0.5, 0.95)),
                    *(f"{quantile(history, share):.1f} ms" for share in (0.5, 0.95)),
                    f"{quantile(history, 0.5) / smallest:.2f}",
                ]
            )
    report.finish(
        f"Opening a room on Daphne, {times} times each, in turns",
        ["room", "open, p50", "p95", "first page, p50", "p95", f"page against {sizes[0]:,}"],
        rows,
        visits=raw,
    )


if __name__ == "__main__":
    try:
        main()
    except WrongResult as error:
        sys.exit(f"wrong result: {error}")
