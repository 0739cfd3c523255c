"""What the system checks say of the settings."""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.apps.checks import settings_findings
from vestnik.core.findings import Finding
from vestnik.doctor.findings import ok
from vestnik.doctor.situation import Situation

ABOUT_RUNSERVER = frozenset({"vestnik.E002", "vestnik.E003", "vestnik.E004"})  # told by the probe for ASGI


def probe(situation: Situation) -> Iterator[Finding]:
    findings = [finding for finding in settings_findings() if finding.id not in ABOUT_RUNSERVER]
    yield from findings
    if all(finding.level == "ok" for finding in findings):
        yield ok("configuration", "the settings make sense")
