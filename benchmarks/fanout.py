"""What it costs to tell 500 subscribers something: Vestnik and a Channels group on the same Daphne, in turns.

Every subscriber must receive every message exactly once and in order, or the run fails. What counts is the server's CPU
time as the kernel has it, and the ratio between rounds that followed each other.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.crowd import Crowd, Line, client_frame
from harness.machine import Meter
from harness.report import Report, WrongResult, median, options, spread
from harness.sites import OPEN_NAMESPACE, connection_token, site

MESSAGE_BYTES = 128
CHANNEL = f"{OPEN_NAMESPACE}:x"
IN_FLIGHT = (1, 8, 32)
ROUND_CPU = 1.2  # seconds that a round should keep the server busy: the kernel counts in hundredths
PATIENCE = 120.0


def message(number: int) -> bytes:
    """128 bytes of JSON; ``number`` has up to eight digits."""
    head = b'{"number": %d, "text": "' % (10_000_000 + number)
    return head + b"x" * (MESSAGE_BYTES - len(head) - 2) + b'"}'


class Arena:
    """One server, its subscribers and the one client that publishes."""

    name = ""

    def __init__(self, crowd: Crowd, pid: int) -> None:
        self.crowd = crowd
        self.pid = pid
        self.published = 0
        self.subscribers: list[Line] = []
        self.publisher: Line

    def publish_frame(self, data: bytes) -> bytes:
        """What the publisher sends."""
        raise NotImplementedError

    def data_of(self, delivered: Any) -> Any:
        """The message in what a subscriber receives."""
        raise NotImplementedError

    def check_answers(self, answers: Sequence[bytes], published: int) -> None:
        """Look at what the publisher was told."""
        raise NotImplementedError

    def play(self, publications: int, in_flight: int) -> dict[str, float]:
        """Publish; a publication is finished when the last subscriber has it, and then the next one goes out."""
        first, everybody = self.published, len(self.subscribers)
        self.published += publications
        waiting = [client_frame(self.publish_frame(message(first + n))) for n in range(publications)]
        waiting.reverse()
        arrived = [0] * publications
        finished = 0
        for line in self.subscribers:
            line.count, line.payloads = 0, []
        publisher = self.publisher
        publisher.payloads = []

        def on_message(line: Line, payload: bytes) -> None:
            nonlocal finished
            line.payloads.append(payload)
            if line is publisher:
                return
            count = line.count
            line.count = upto = count + payload.count(b"\n") + 1
            if upto > publications:
                raise WrongResult(f"{self.name}: a subscriber received more than was published")
            for number in range(count, upto):
                arrived[number] += 1
                if arrived[number] == everybody:
                    finished += 1

        self.crowd.on_message = on_message
        sent = 0
        with Meter(self.pid) as meter:
            while finished < publications:
                room = min(in_flight - (sent - finished), len(waiting))
                if room:
                    publisher.send(b"".join(waiting.pop() for _ in range(room)))
                    sent += room
                before = finished
                self.crowd.poll_until(lambda: finished > before, PATIENCE, f"{self.name}: a publication to everybody")  # noqa: B023
        self.crowd.poll(0.05)  # an answer to the publisher, or one delivery too many
        judge(self.name, [line.payloads for line in self.subscribers], self.data_of, first, publications)
        self.check_answers(publisher.payloads, publications)
        deliveries = publications * everybody
        return {
            "publications": publications,
            "deliveries": deliveries,
            "server_cpu_s": meter.server_cpu,
            "wall_s": meter.wall,
            "generator_cpu_s": meter.own_cpu,
            "cpu_ms_per_publication": meter.server_cpu / publications * 1000,
            "deliveries_per_cpu_s": deliveries / max(meter.server_cpu, 0.01),
            "generator_idle_share": max(0.0, 1 - meter.own_cpu / meter.wall),
        }


def judge(name: str, received: Sequence[Sequence[bytes]], data_of: Any, first: int, publications: int) -> None:
    """Every subscriber has everything once and in order: one is read as JSON, the others must have the same bytes.

    Raises:
        WrongResult: Somebody has not.
    """
    reference = b"\n".join(received[0])
    numbers = [data_of(json.loads(line)) for line in reference.split(b"\n")]
    if numbers != [json.loads(message(first + n)) for n in range(publications)]:
        raise WrongResult(f"{name}: a subscriber did not receive what was published, once and in order")
    for payloads in received:
        if b"\n".join(payloads) != reference:
            raise WrongResult(f"{name}: two subscribers received different things")


class VestnikArena(Arena):
    name = "Vestnik"

    def join(self, port: int, token: str, subscribers: int) -> None:
        connect = b'{"id":1,"connect":{"token":"%s"}}' % token.encode()
        subscribe = b'\n{"id":2,"subscribe":{"channel":"%s"}}' % CHANNEL.encode()
        for _ in range(subscribers):
            line = self.crowd.open(port, "/ws")
            self.crowd.ask(line, connect + subscribe, expecting=b'"subscribe"')
            self.subscribers.append(line)
        self.publisher = self.crowd.open(port, "/ws")
        self.crowd.ask(self.publisher, connect, expecting=b'"connect"')

    def publish_frame(self, data: bytes) -> bytes:
        return b'{"id":%d,"publish":{"channel":"%s","data":%s}}' % (self.published + 10, CHANNEL.encode(), data)

    def data_of(self, delivered: Any) -> Any:
        return delivered["push"]["pub"]["data"]

    def check_answers(self, answers: Sequence[bytes], published: int) -> None:
        replies = [json.loads(line) for line in b"\n".join(answers).split(b"\n")]
        if len(replies) != published or any("publish" not in reply for reply in replies):
            raise WrongResult(f"Vestnik answered {len(replies)} of {published} publications, or refused some")


class ChannelsArena(Arena):
    name = "Channels group"

    def join(self, port: int, subscribers: int) -> None:
        self.subscribers = [self.crowd.open(port, "/group/") for _ in range(subscribers)]
        self.publisher = self.crowd.open(port, "/group/?silent")

    def publish_frame(self, data: bytes) -> bytes:
        return data

    def data_of(self, delivered: Any) -> Any:
        return delivered

    def check_answers(self, answers: Sequence[bytes], published: int) -> None:
        if answers:
            raise WrongResult("Channels told the publisher something")


def compare(arenas: Sequence[Arena], in_flight: int, rounds: int, round_cpu: float) -> list[dict[str, Any]]:
    """Let the servers play in turns; every second time the other one begins."""
    sizes = {}
    for arena in arenas:
        arena.play(in_flight, in_flight)  # warm
        trial = arena.play(3 * in_flight, in_flight)
        wanted = round_cpu / max(trial["cpu_ms_per_publication"] / 1000, 1e-4)
        sizes[arena.name] = max(in_flight, min(round(wanted), 4000)) if round_cpu else 2 * in_flight
    found = []
    for number in range(rounds):
        turn = arenas if number % 2 == 0 else tuple(reversed(arenas))
        results = {arena.name: arena.play(sizes[arena.name], in_flight) for arena in turn}
        found.append({"in_flight": in_flight, "round": number, **results})
        print(f"{in_flight} in flight, round {number + 1} of {rounds}", flush=True, file=sys.stderr)
    return found


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--subscribers", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7, help="pairs of rounds for each number in flight")
    arguments = parser.parse_args()
    subscribers, rounds, round_cpu = arguments.subscribers, arguments.rounds, ROUND_CPU
    if arguments.short:
        subscribers, rounds, round_cpu = 5, 2, 0.0
    report = Report("fanout", arguments)
    with tempfile.TemporaryDirectory() as folder:
        vestnik_site = site("daphne", Path(folder) / "vestnik")
        channels_site = site("daphne", Path(folder) / "channels", settings="sites.channels_group")
        with vestnik_site, channels_site, Crowd() as crowd:
            ours, theirs = VestnikArena(crowd, vestnik_site.pid), ChannelsArena(crowd, channels_site.pid)
            ours.join(vestnik_site.port, connection_token(vestnik_site, 1), subscribers)
            theirs.join(channels_site.port, subscribers)
            found = [one for n in IN_FLIGHT for one in compare((ours, theirs), n, rounds, round_cpu)]
    rows = []
    summary = {}
    for in_flight in IN_FLIGHT:
        pairs = [one for one in found if one["in_flight"] == in_flight]
        mine, other = [one[ours.name] for one in pairs], [one[theirs.name] for one in pairs]
        ratios = [
            b["cpu_ms_per_publication"] / max(a["cpu_ms_per_publication"], 1e-3)
            for a, b in zip(mine, other, strict=True)
        ]
        walls = [
            (b["wall_s"] / b["publications"]) / (a["wall_s"] / a["publications"])
            for a, b in zip(mine, other, strict=True)
        ]
        summary[in_flight] = {"cpu_ratios": ratios, "wall_ratios": walls}
        rows.append(
            [
                in_flight,
                f"{median([a['cpu_ms_per_publication'] for a in mine]):.2f} ms",
                f"{median([b['cpu_ms_per_publication'] for b in other]):.1f} ms",
                spread(ratios),
                f"{median([a['deliveries_per_cpu_s'] for a in mine]):,.0f}",
                f"{median([b['deliveries_per_cpu_s'] for b in other]):,.0f}",
                spread(walls),
                f"{median([a['generator_idle_share'] for a in mine]):.0%}",
            ]
        )
    report.finish(
        f"One publication of {MESSAGE_BYTES} bytes to {subscribers} subscribers on Daphne, {rounds} pairs of rounds",
        [
            "in flight",
            "Vestnik CPU",
            "Channels CPU",
            "CPU ratio",
            "Vestnik per CPU s",
            "Channels per CPU s",
            "wall ratio",
            "generator idle",
        ],
        rows,
        subscribers=subscribers,
        message_bytes=MESSAGE_BYTES,
        summary=summary,
        rounds=found,
    )


if __name__ == "__main__":
    try:
        main()
    except WrongResult as error:
        sys.exit(f"wrong result: {error}")
