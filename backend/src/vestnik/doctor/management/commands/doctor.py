"""``manage.py doctor``: explains "Connection lost"."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

import msgspec
from django.core.management.base import BaseCommand

from vestnik.doctor.examination import Row, examine
from vestnik.doctor.findings import documentation_of
from vestnik.doctor.situation import Situation

LABELS = {"ok": "[ok]   ", "warn": "[warn] ", "error": "[error]"}
STYLES = {"ok": "SUCCESS", "warn": "WARNING", "error": "ERROR"}


class Command(BaseCommand):
    help = 'Explains "Connection lost": looks at the address, the servers, the sign-in and the log, row by row.'
    requires_system_checks = ()  # they would stop at the first of the things that this is to explain

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", default="", help="look at this address, e.g. ws://localhost:8080/ws")
        who = parser.add_mutually_exclusive_group()
        who.add_argument("--token", default="", help="try this sign-in token or connection token")
        who.add_argument("--user", default="", metavar="NAME", help="try a connection of this user")
        parser.add_argument("--json", action="store_true", help="for programs: one JSON object")
        parser.add_argument("--backend-port", type=int, default=0, help="where Django listens (8000, or $BACKEND_PORT)")

    def handle(self, *args: Any, **options: Any) -> None:
        situation = Situation(
            url=options["url"],
            token=options["token"].strip(),
            username=options["user"],
            backend_port=options["backend_port"],
        )
        rows = []
        for row in examine(situation):
            rows.append(row)
            if not options["json"]:
                self._print(row)
        is_well = all(row.finding.level != "error" for row in rows)
        if options["json"]:
            self.stdout.write(as_json(rows, situation.choice.shown))
        else:
            self.stdout.write(summary(rows))
        if not is_well:
            sys.exit(1)

    def _print(self, row: Row) -> None:
        style = getattr(self.style, STYLES[row.finding.level])
        self.stdout.write(f"{style(LABELS[row.finding.level])} {row.finding.sentence}")
        if row.finding.hint:
            self.stdout.write(f"          → {row.finding.hint}")
        if page := documentation_of(row.finding):
            self.stdout.write(f"          {page}")
        self.stdout.flush()


def summary(rows: list[Row]) -> str:
    """One line for who does not read the others."""
    errors = [row.finding for row in rows if row.finding.level == "error"]
    warnings = sum(row.finding.level == "warn" for row in rows)
    noted = f", {warnings} to look at" if warnings else ""
    if not errors:
        return f"\nAll well: {len(rows)} rows{noted}."
    return f"\n{len(errors)} wrong{noted}. Begin with the first: {errors[0].sentence}"


def as_json(rows: list[Row], url: str) -> str:
    """Everything, for programs. ``ok`` is what the exit code says."""
    findings = [
        {
            "probe": row.probe,
            "id": row.finding.id,
            "level": row.finding.level,
            "sentence": row.finding.sentence,
            "hint": row.finding.hint,
            "docs": documentation_of(row.finding),
            "seconds": round(row.seconds, 4),
        }
        for row in rows
    ]
    is_well = all(row.finding.level != "error" for row in rows)
    return msgspec.json.format(
        msgspec.json.encode({"ok": is_well, "url": url, "findings": findings}), indent=2
    ).decode()
