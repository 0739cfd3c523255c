"""What a process costs, as the kernel counts it, and on what it ran."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
PACKAGES = ("django", "channels", "daphne", "twisted", "autobahn", "uvicorn", "websockets", "msgspec", "psycopg")


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all its threads so far; in steps of a hundredth of a second."""
    # The name in the second field may hold blanks and brackets.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM, without what it shares with files on disk."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} has no memory of its own")


class Meter:
    """CPU and wall time of a server and of this process between ``with`` and its end."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.server_cpu = self.own_cpu = self.wall = 0.0

    def __enter__(self) -> Meter:
        self._before = cpu_seconds(self._pid), time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        server, own, wall = self._before
        self.server_cpu = cpu_seconds(self._pid) - server
        self.own_cpu = time.process_time() - own
        self.wall = time.perf_counter() - wall


def description() -> dict[str, Any]:
    """Machine, load and versions, for the raw results."""
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "load_average_at_start": os.getloadavg(),
        "kernel": platform.release(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "commit": _git("rev-parse", "HEAD"),
        "uncommitted_changes": bool(_git("status", "--porcelain", "--", "backend/src", "benchmarks")),
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
