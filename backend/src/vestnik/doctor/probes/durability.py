"""Does the database keep what it has acknowledged?"""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks

from vestnik.apps.eventlog.durability import durability_findings
from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok, warn
from vestnik.doctor.situation import Situation

UNREACHABLE = "vestnik.E010"  # told by the probe for the database


def probe(situation: Situation) -> Iterator[Finding]:
    messages = [message for message in durability_findings() if message.id != UNREACHABLE]
    for message in messages:
        say = error if message.level >= checks.ERROR else warn
        yield say(message.id or "durability", message.msg, message.hint or "")
    if not messages and situation.is_database_up:
        yield ok("durability", "the database is set up to keep what it has acknowledged, through a power cut too")
