"""``make test``, ``make lint`` and ``make e2e``: every check, section by section, until the first that fails.

``check.py [GROUP …]`` runs the named groups, all of them when none is named. Its last line counts the tests:
``N passed, M failed``.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from console import BACKEND, FRONTEND, PYTHON, environment, paint, say, stop
from setup import set_up

BIN = PYTHON.parent
PYTHON_SOURCES = ("src", "tests", "tools", "../scripts", "../benchmarks")
REPORT: Final = "{report}"
"""Stands in a command for the file in which the runner is to count its tests (JUnit's XML)."""

MEMORY_NEEDED: Final = 2 << 30  # bytes


@dataclass(frozen=True)
class Section:
    """One check: which group it belongs to, its title, and the command that ends with 0 when all is well."""

    group: str
    title: str
    command: Sequence[str | Path]
    cwd: Path


def pytest(*arguments: str) -> list[str | Path]:
    # By scope: what starts a site for a whole class starts it once. In order: the long ones do not begin last.
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadscope", "--no-loadscope-reorder"]
    return [PYTHON, "-m", "pytest", "-q", f"--junitxml={REPORT}", *workers, *arguments]


def vitest(script: str) -> list[str | Path]:
    reporters = ["--reporter=default", "--reporter=junit", f"--outputFile={REPORT}"]
    return ["npm", "run", "--silent", script, "--", *reporters]


SECTIONS = (
    Section("lint", "Python: style (ruff)", [BIN / "ruff", "check", *PYTHON_SOURCES], BACKEND),
    Section("lint", "Python: format", [BIN / "ruff", "format", "--check", *PYTHON_SOURCES], BACKEND),
    Section("lint", "Python: types (mypy --strict)", [BIN / "mypy"], BACKEND),
    Section("lint", "Python: layering (import-linter)", [BIN / "lint-imports"], BACKEND),
    Section("lint", "npm: the lock is complete", [PYTHON, "../scripts/complete_npm_lock.py", "--check"], FRONTEND),
    Section("lint", "TypeScript: style and dead code (Biome, knip)", ["npm", "run", "--silent", "lint"], FRONTEND),
    Section("lint", "TypeScript: types (tsc, strict)", ["npm", "run", "--silent", "typecheck"], FRONTEND),
    Section("backend", "Python tests, on SQLite", pytest("-m", "not e2e and not postgres"), BACKEND),
    Section(
        "backend",
        "Python tests that touch the database, on PostgreSQL",
        [PYTHON, "-m", "tests.support.postgres", "--", *pytest("tests/integration", "tests/contract/eventlog")],
        BACKEND,
    ),
    Section("frontend", "TypeScript tests", vitest("test"), FRONTEND),
    Section("frontend", "Build, within its size budget", ["npm", "run", "--silent", "size"], FRONTEND),
    Section("e2e", "End to end: the commands of the README", pytest("-m", "e2e"), BACKEND),
    Section("e2e", "End to end: people in Chromium", vitest("e2e"), FRONTEND),
)
NEEDS = {
    "lint": ("backend", "frontend"),
    "backend": ("backend", "postgres"),
    "frontend": ("frontend",),
    "e2e": ("backend", "frontend", "browser"),
}


@dataclass
class Count:
    """Tests so far, over all runners."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, report: Path) -> None:
        if not report.exists():
            return
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            total, failures, errors, skipped = (
                int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")
            )
            self.passed += total - failures - errors - skipped
            self.failed += failures + errors
            self.skipped += skipped

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def memory() -> Path | None:
    """Where files are kept in memory, if there is room: the tests' databases sync each commit, and there it is free."""
    directory = Path("/dev/shm")  # noqa: S108
    if not os.access(directory, os.W_OK) or os.statvfs(directory).f_flag & os.ST_NOEXEC:
        return None
    return directory if shutil.disk_usage(directory).free >= MEMORY_NEEDED else None


def run_section(section: Section, count: Count) -> bool:
    """Run one check with its output as it comes; whether it ended well."""
    say(paint(f"\n━━ {section.title} ".ljust(100, "━"), "1"))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vestnik-check-", dir=memory()) as directory:
        Path(directory).chmod(0o711)  # as root, PostgreSQL runs as somebody else
        report = Path(directory) / "report.xml"
        command = [str(part).replace(REPORT, str(report)) for part in section.command]
        changes = {"TMPDIR": directory} if section.cwd == BACKEND else {}
        code = subprocess.run(command, cwd=section.cwd, env=environment(**changes), check=False).returncode
        count.add(report)
    say(f"   {'ok' if code == 0 else 'FAILED'}, {time.monotonic() - started:.1f} s")
    return code == 0


def main(groups: Sequence[str]) -> None:
    started = time.monotonic()
    if unknown := set(groups) - set(NEEDS):
        stop(f"No such group of checks: {', '.join(sorted(unknown))}.", f"There are: {', '.join(NEEDS)}")
    chosen = [group for group in NEEDS if group in groups or not groups]
    set_up(*dict.fromkeys(part for group in chosen for part in NEEDS[group]))

    count = Count()
    for section in (section for section in SECTIONS if section.group in chosen):
        if not run_section(section, count):
            command = " ".join(map(str, section.command)).replace(f"--junitxml={REPORT} ", "")
            say(paint(f"\nStopped at: {section.title}", "1;31"))
            say(f"Again, alone: cd {section.cwd} && {command}")
            if count.passed or count.failed:
                count.failed = max(count.failed, 1)
                say(f"\n{count}")
            raise SystemExit(1)
    say(paint(f"\nAll well, in {time.monotonic() - started:.0f} s.", "1;32"))
    if count.passed:
        say(f"\n{count}")


if __name__ == "__main__":
    # make passes SIGTERM on; the running check is in our process group and gets Ctrl-C by itself.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("Stopped.")
