"""How many messages a second are acknowledged: ``chat.send`` over the socket on Daphne, on SQLite and PostgreSQL.

Each client sends its next message when the last one is acknowledged, into a direct room whose two people both listen.
Afterwards every acknowledged message is looked up in the database by id and must be there once, with its exact text,
and every listener must have been told of every message of the room once and in order; otherwise the run fails.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

from harness.crowd import Crowd, Line, client_frame
from harness.databases import NAMES, commits_per_second, databases
from harness.machine import Meter
from harness.report import Report, WrongResult, median, options, quantile
from harness.sites import connection_token, fill, site

from tests.support.site import RunningSite

PATIENCE = 60.0


class Talker:
    """One client: what it sent, what was acknowledged, and what it heard in its room."""

    def __init__(self, number: int, user: int, room: int, line: Line) -> None:
        self.number = number
        self.user = user
        self.room = room
        self.line = line
        self.acknowledged: list[dict[str, Any]] = []
        self.heard: list[dict[str, Any]] = []
        self.latencies: list[float] = []
        self.pending: dict[str, Any] | None = None
        self._sent_at = 0.0

    def send(self) -> None:
        number = len(self.acknowledged)
        data = {
            "room": self.room,
            "client_id": str(uuid.uuid4()),
            "text": f'№ {number} from {self.number}: «добрый день», "ok" \\ 😀\n' + "x" * (number % 60),
        }
        self.pending = data
        command = json.dumps({"id": number + 10, "rpc": {"method": "chat.send", "data": data}}, ensure_ascii=False)
        self._sent_at = time.perf_counter()
        self.line.send(client_frame(command.encode()))

    def take(self, payload: bytes) -> bool:
        """Take what came; returns whether it was acknowledged what is pending."""
        is_acknowledged = False
        for text in payload.split(b"\n"):
            reply = json.loads(text)
            if "push" in reply:
                pub = reply["push"].get("pub", {}).get("data", {})
                if reply["push"].get("channel") == f"chat:{self.room}" and pub.get("type") == "message.created":
                    self.heard.append(pub["message"])
                continue
            if "rpc" not in reply or self.pending is None or reply["id"] != len(self.acknowledged) + 10:
                raise WrongResult(f"chat.send was answered with {reply}")
            self.latencies.append(time.perf_counter() - self._sent_at)
            message = reply["rpc"]["data"]["message"]
            if (message["client_id"], message["text"]) != (self.pending["client_id"], self.pending["text"]):
                raise WrongResult(f"sent {self.pending}, acknowledged {message}")
            self.acknowledged.append(message)
            self.pending = None
            is_acknowledged = True
        return is_acknowledged


def talk(running: RunningSite, rooms: list[dict[str, Any]], clients: int, rounds: int, seconds: float) -> list[Any]:
    """Let the first ``clients`` people talk at the same time, several times; the people of their rooms all listen."""
    with Crowd() as crowd:
        talkers: dict[Line, Talker] = {}
        for place in rooms[: max(1, clients // 2)]:
            for user in place["users"]:
                line = crowd.open(running.port, "/ws")
                token = connection_token(running, user)
                crowd.ask(line, json.dumps({"id": 1, "connect": {"token": token}}).encode(), expecting=b'"connect"')
                subscribe = {"id": 2, "subscribe": {"channel": f"chat:{place['room']}"}}
                crowd.ask(line, json.dumps(subscribe).encode(), expecting=b'"subscribe"')
                talkers[line] = Talker(len(talkers), user, place["room"], line)
        speakers = list(talkers.values())[:clients]
        found = [_round(crowd, talkers, speakers, running.pid, seconds) for _ in range(rounds)]
        said: Counter[int] = Counter()
        for talker in talkers.values():
            said[talker.room] += len(talker.acknowledged)
        crowd.poll_until(
            lambda: all(len(t.heard) >= said[t.room] for t in talkers.values()), PATIENCE, "news of all messages"
        )
        rows = fill(running, f"messages_in({sorted(said)})")
        compare(rows, list(talkers.values()))
        return found


def _round(crowd: Crowd, talkers: dict[Line, Talker], speakers: list[Talker], pid: int, seconds: float) -> Any:
    before = sum(len(talker.acknowledged) for talker in speakers)
    for talker in speakers:
        talker.latencies = []
    end = time.perf_counter() + seconds

    def on_message(line: Line, payload: bytes) -> None:
        talker = talkers[line]
        if talker.take(payload) and time.perf_counter() < end:
            talker.send()

    crowd.on_message = on_message
    with Meter(pid) as meter:
        for talker in speakers:
            talker.send()
        while time.perf_counter() < end:
            crowd.poll(0.05)
        crowd.poll_until(lambda: all(t.pending is None for t in speakers), PATIENCE, "the last acknowledgements")
    acknowledged = sum(len(talker.acknowledged) for talker in speakers) - before
    latencies = [latency * 1000 for talker in speakers for latency in talker.latencies]
    return {
        "acknowledged": acknowledged,
        "wall_s": meter.wall,
        "per_second": acknowledged / meter.wall,
        "server_cpu_ms_per_message": meter.server_cpu / acknowledged * 1000,
        "generator_cpu_share": meter.own_cpu / meter.wall,
        "p50_ms": quantile(latencies, 0.5),
        "p99_ms": quantile(latencies, 0.99),
    }


def compare(rows: list[dict[str, Any]], talkers: list[Talker]) -> None:
    """Compare what was acknowledged, and what was heard, with the rows of the table.

    Raises:
        WrongResult: One is missing, doubled or altered.
    """
    by_id = {row["id"]: row for row in rows}
    acknowledged = [(talker, message) for talker in talkers for message in talker.acknowledged]
    if len({message["id"] for _, message in acknowledged}) != len(acknowledged):
        raise WrongResult("two messages were acknowledged with the same id")
    for talker, message in acknowledged:
        row = by_id.get(message["id"])
        if row is None:
            raise WrongResult(f"acknowledged, but not in the database: {message}")
        stored = (row["room"], row["seq"], row["sender"], row["client_id"], row["text"])
        if stored != (talker.room, message["seq"], talker.user, message["client_id"], message["text"]):
            raise WrongResult(f"acknowledged {message}, stored {row}")
    if len(rows) != len(acknowledged):
        raise WrongResult(f"{len(acknowledged)} messages were acknowledged, {len(rows)} are stored")
    if len({(row["sender"], row["client_id"]) for row in rows}) != len(rows):
        raise WrongResult("a message is stored twice")
    for talker in talkers:
        stored_here = [(row["id"], row["seq"], row["text"]) for row in rows if row["room"] == talker.room]
        if [(m["id"], m["seq"], m["text"]) for m in talker.heard] != stored_here:
            raise WrongResult(f"user {talker.user} did not hear the messages of room {talker.room} once and in order")


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=64, help="an even number")
    parser.add_argument("--databases", nargs="+", choices=NAMES, default=list(NAMES))
    arguments = parser.parse_args()
    clients, rounds, seconds, names = arguments.clients, arguments.rounds, arguments.seconds, arguments.databases
    if arguments.short:
        clients, rounds, seconds, names = 4, 1, 0.1, ["sqlite"]
    report = Report("sending", arguments)
    rows: list[list[object]] = []
    raw = {}
    for database in databases(names):
        with tempfile.TemporaryDirectory() as folder, site("daphne", Path(folder)) as running:
            alone, *together = fill(running, f"pairs({1 + clients // 2})")
            floor = commits_per_second(database, Path(folder), 0.1 if arguments.short else 1.0)
            found = {
                1: talk(running, [alone], 1, rounds, seconds),
                clients: talk(running, together, clients, rounds, seconds),
            }
        raw[database] = {"bare_commits_per_s": floor, "rounds": found}
        for number, results in found.items():
            rates = [one["per_second"] for one in results]
            rows.append(
                [
                    database,
                    number,
                    f"{median(rates):,.0f} ({min(rates):,.0f}–{max(rates):,.0f})",
                    f"{median([one['server_cpu_ms_per_message'] for one in results]):.2f} ms",
                    f"{median([one['p50_ms'] for one in results]):.1f} ms",
                    f"{median([one['p99_ms'] for one in results]):.1f} ms",
                    f"{floor:,.0f}",
                    sum(one["acknowledged"] for one in results),
                ]
            )
    report.finish(
        f"chat.send over the socket on Daphne, {rounds} rounds of {seconds:g} s; all acknowledged were found",
        ["database", "clients", "acknowledged per s", "server CPU each", "p50", "p99", "bare commits per s", "checked"],
        rows,
        **raw,
    )


if __name__ == "__main__":
    try:
        main()
    except WrongResult as error:
        sys.exit(f"wrong result: {error}")
