"""The benchmarks in small: that they run, that what they count is all there, and that they notice when it is not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.site import BACKEND

BENCHMARKS = BACKEND.parent / "benchmarks"


@pytest.fixture
def benchmarks() -> Iterator[SimpleNamespace]:
    """The modules of the folder, which is no package of the backend."""
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import fanout
        import sending
        from harness import crowd, machine, report

        yield SimpleNamespace(fanout=fanout, sending=sending, crowd=crowd, machine=machine, report=report)
    finally:
        sys.path.remove(str(BENCHMARKS))


def run(name: str, folder: Path) -> Any:
    """Run a benchmark in its short form; returns its raw results."""
    done = subprocess.run(
        [sys.executable, BENCHMARKS / f"{name}.py", "--short", "--results", folder],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(folder / f"{name}.json") in done.stdout
    return json.loads((folder / f"{name}.json").read_text())


def test_every_result_says_when_on_what_and_by_which_command(tmp_path: Path) -> None:
    found = run("codec", tmp_path)
    assert found["short"] is True
    assert "codec.py --short" in found["command"]
    assert {"cpu", "cores", "python", "packages", "commit"} <= set(found["machine"])
    assert found["machine"]["packages"]["daphne"]
    assert min(found["nanoseconds"].values()) > 0


def test_fan_out_delivers_everything_on_both_servers(tmp_path: Path) -> None:
    found = run("fanout", tmp_path)
    rounds = found["rounds"]
    assert sorted({one["in_flight"] for one in rounds}) == [1, 8, 32]
    for one in rounds:
        for server in ("Vestnik", "Channels group"):
            assert one[server]["publications"] == 2 * one["in_flight"]
            assert one[server]["deliveries"] == 5 * one[server]["publications"]


def test_every_acknowledged_message_is_found(tmp_path: Path) -> None:
    found = run("sending", tmp_path)
    rounds = found["sqlite"]["rounds"]
    assert set(rounds) == {"1", "4"}
    assert all(one["acknowledged"] > 0 for results in rounds.values() for one in results)


def test_rooms_of_all_sizes_are_opened(tmp_path: Path) -> None:
    visits = run("opening", tmp_path)["visits"]["sqlite"]
    assert {size: len(found) for size, found in visits.items()} == {"40": 2, "200": 2, "1000": 2}


def test_memory_is_measured_on_both_servers(tmp_path: Path) -> None:
    servers = run("memory", tmp_path)["servers"]
    assert set(servers) == {"daphne", "uvicorn"}
    assert all(one["connections"] == 10 and one["before"] > 0 for one in servers.values())


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda all: all[:-1], id="missing"),
        pytest.param(lambda all: [*all, all[-1]], id="doubled"),
        pytest.param(lambda all: [all[1], all[0], *all[2:]], id="out of order"),
        pytest.param(lambda all: [all[0].replace(b"x", b"y", 1), *all[1:]], id="altered"),
    ],
)
@pytest.mark.parametrize("reader", [0, 1])
def test_fan_out_notices_what_one_subscriber_did_not_get_right(
    benchmarks: SimpleNamespace, wrong: Any, reader: int
) -> None:
    good = [benchmarks.fanout.message(number) for number in range(4)]
    assert all(len(message) == 128 for message in good)
    # Joined as the server likes: what counts is what was said, not in how many frames.
    received = [good, [b"\n".join(good[:3]), good[3]]]
    benchmarks.fanout.judge("a server", received, lambda data: data, 0, 4)
    received[reader] = wrong(good)
    with pytest.raises(benchmarks.report.WrongResult):
        benchmarks.fanout.judge("a server", received, lambda data: data, 0, 4)


class TestJudgingWhatWasSent:
    @pytest.fixture
    def rows(self) -> list[dict[str, Any]]:
        return [
            {"id": 10 + n, "room": 1, "seq": 1 + n, "sender": 7, "client_id": f"id-{n}", "text": f"text {n}"}
            for n in range(3)
        ]

    @pytest.fixture
    def talker(self, benchmarks: SimpleNamespace, rows: list[dict[str, Any]]) -> Any:
        talker = benchmarks.sending.Talker(0, 7, 1, None)
        talker.acknowledged = [dict(row) for row in rows]
        talker.heard = [dict(row) for row in rows]
        return talker

    def test_what_is_right_passes(self, benchmarks: SimpleNamespace, talker: Any, rows: list[dict[str, Any]]) -> None:
        benchmarks.sending.compare(rows, [talker])

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            (lambda rows: rows.pop(1), "not in the database"),
            (lambda rows: rows[1].update(text="text"), "stored"),
            (lambda rows: rows[1].update(sender=8), "stored"),
            (lambda rows: rows[1].update(seq=9), "stored"),
            (lambda rows: rows.append({**rows[0], "id": 99}), "are stored"),
        ],
    )
    def test_a_row_that_is_missing_altered_or_doubled_fails(
        self, benchmarks: SimpleNamespace, talker: Any, rows: list[dict[str, Any]], wrong: Any, says: str
    ) -> None:
        wrong(rows)
        with pytest.raises(benchmarks.report.WrongResult, match=says):
            benchmarks.sending.compare(rows, [talker])

    @pytest.mark.parametrize("heard", [[0, 1], [0, 1, 2, 2], [1, 0, 2]])
    def test_a_listener_who_missed_something_fails(
        self, benchmarks: SimpleNamespace, talker: Any, rows: list[dict[str, Any]], heard: list[int]
    ) -> None:
        talker.heard = [rows[number] for number in heard]
        with pytest.raises(benchmarks.report.WrongResult, match="did not hear"):
            benchmarks.sending.compare(rows, [talker])


def test_a_line_puts_frames_together_and_answers_pings(benchmarks: SimpleNamespace) -> None:
    answered = []
    line = benchmarks.crowd.Line(SimpleNamespace(send=lambda frames: answered.append(frames) or len(frames)))
    long = b"x" * 300
    stream = (
        *(b"\x81\x03one", b"\x81\x02{}", b"\x89\x04ping"),
        *(b"\x81\x7e" + len(long).to_bytes(2, "big") + long, b"\x81\x7f" + (70_000).to_bytes(8, "big") + b"y" * 70_000),
    )
    received = []
    for byte in b"".join(stream)[:400]:
        received += line.take(bytes([byte]))
    received += line.take(b"".join(stream)[400:])
    assert received == [b"one", long, b"y" * 70_000]
    assert answered == [benchmarks.crowd.PONG, benchmarks.crowd.client_frame(b"ping", opcode=10)]
    with pytest.raises(benchmarks.report.WrongResult, match="closed a connection: 'gone'"):
        line.take(b"\x88\x06\x03\xe8gone")


def test_cpu_time_and_memory_are_those_of_the_process(benchmarks: SimpleNamespace) -> None:
    busy = "import time; a = bytearray(64 << 20); a[:] = b'x' * len(a); print(time.process_time(), flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", busy], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        used = float(process.stdout.readline())
        assert benchmarks.machine.cpu_seconds(process.pid) == pytest.approx(used, abs=0.05)
        assert benchmarks.machine.resident_bytes(process.pid) >= 64 << 20
        process.communicate("\n")
