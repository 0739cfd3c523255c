"""Runs the probes, each within three seconds, whatever they meet."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

import msgspec
from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from vestnik.core.findings import Finding
from vestnik.doctor.findings import error
from vestnik.doctor.probes import PROBES, Probe
from vestnik.doctor.situation import Situation

DEADLINE = 3.0  # seconds that a person waits for one row


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A finding, which probe made it, and how long that had taken by then."""

    probe: str
    finding: Finding
    seconds: float


def examine(situation: Situation, probes: Mapping[str, Probe] = PROBES, *, deadline: float = DEADLINE) -> Iterator[Row]:
    """Run the probes one after another and give each row as soon as it is there.

    A probe that fails becomes a row too: what the doctor does not understand must not hide what it does.
    """
    for name, probe in probes.items():
        yield from _run(name, probe, situation, deadline)


def _run(name: str, probe: Probe, situation: Situation, deadline: float) -> list[Row]:
    started = time.monotonic()
    rows: list[Row] = []

    def add(finding: Finding) -> None:
        rows.append(Row(probe=name, finding=finding, seconds=time.monotonic() - started))

    def work() -> None:
        try:
            for finding in probe(situation):
                add(finding)
        except ImproperlyConfigured:
            pass  # the probes for the settings and for the database say so
        except Exception as problem:  # whatever it is: the other probes go on
            first_line = next(iter(str(problem).splitlines()), "")
            sentence = f"the probe {name!r} failed: {type(problem).__name__}: {first_line}"
            add(error("unknown", sentence, "report it, with the output of: python manage.py doctor --json"))
        finally:
            connections.close_all()  # of this thread

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(deadline)
    so_far = list(rows)
    if worker.is_alive():
        finding = error(
            "unknown",
            f"the probe {name!r} did not finish within {deadline:g} s: what it looks at does not answer",
            "look at the rows above; the cause is usually one of them",
        )
        so_far.append(Row(probe=name, finding=finding, seconds=deadline))
    return so_far
