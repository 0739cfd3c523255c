"""Does the database keep what it has acknowledged?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.apps.eventlog.durability import durability_findings
from vestnik.core.findings import Finding
from vestnik.doctor.findings import ok
from vestnik.doctor.situation import Situation

UNREACHABLE = "vestnik.E010"  # told by the probe for the database


def probe(situation: Situation) -> Iterator[Finding]:
    if not situation.is_database_up:
        return
    findings = [finding for finding in durability_findings() if finding.id != UNREACHABLE]
    yield from findings
    if not findings:
        yield ok("durability", "the database is set up to keep what it has acknowledged, through a power cut too")
