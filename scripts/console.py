"""What the scripts say to the person who typed the command, and how they run other programs."""

from __future__ import annotations

import collections
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]
BACKEND = ROOT / "backend"
FRONTEND = ROOT / "frontend"
PYTHON = BACKEND / ".venv" / "bin" / "python"

HEARTBEAT = 10.0  # seconds of silence after which a person begins to wonder
KEPT_LINES = 40  # of a failed program's output: enough for a traceback


def paint(text: str, style: str) -> str:
    """``text`` in an ANSI style on a terminal, unchanged elsewhere."""
    return f"\033[{style}m{text}\033[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def say(text: str = "") -> None:
    print(text, flush=True)


def stop(problem: str, *remedies: str) -> NoReturn:
    """End with a plain sentence and what to do about it."""
    sys.stdout.flush()
    print(f"\n{problem}", *(f"  {remedy}" for remedy in remedies), sep="\n", file=sys.stderr, flush=True)
    raise SystemExit(1)


def environment(**changes: str) -> dict[str, str]:
    """The environment for our programs: without a foreign virtual environment, with output that is not held back."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    return inherited | {"PYTHONUNBUFFERED": "1"} | changes


def run_step(
    what: str, command: Sequence[str | Path], *, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> str:
    """Run a program that may take long: say what it does, that it still does, and how long it took.

    Returns:
        What the program printed.

    Raises:
        SystemExit: It failed; the end of its output was printed.
    """
    say(f"  {what} …")
    started = time.monotonic()
    process = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=dict(env) if env is not None else environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    done = threading.Event()

    def reassure() -> None:
        while not done.wait(HEARTBEAT):
            newest = f": {lines[-1].strip()[:90]}" if lines and lines[-1].strip() else ""
            say(f"    still at it, {time.monotonic() - started:.0f} s{newest}")

    lines: collections.deque[str] = collections.deque(maxlen=2000)
    threading.Thread(target=reassure, daemon=True).start()
    try:
        assert process.stdout is not None
        lines.extend(process.stdout)
        code = process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    finally:
        done.set()
    if code != 0:
        sys.stdout.writelines(f"    | {line}" for line in list(lines)[-KEPT_LINES:])
        stop(f"{what}: failed (exit code {code}).", f"The command was: {' '.join(map(str, command))}", f"in {cwd}")
    say(f"    done in {time.monotonic() - started:.1f} s")
    return "".join(lines)
