"""How a benchmark is started, and how its results are printed and kept."""

from __future__ import annotations

import argparse
import json
import shlex
import statistics
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness import BENCHMARKS, machine


class WrongResult(Exception):
    """What was measured did not do what it must, so its speed means nothing; says what was wrong."""


def options(description: str | None) -> argparse.ArgumentParser:
    """The options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="small sizes: proves that it works, measures nothing")
    parser.add_argument(
        "--results",
        type=Path,
        default=BENCHMARKS / "results" / datetime.now(UTC).strftime("%Y-%m-%d"),
        help="folder for the raw results (default: benchmarks/results/<date>)",
    )
    return parser


class Report:
    """One run of one benchmark. Make it before measuring: it notes the load of the machine.

    Args:
        name: Of the benchmark, and of the file.
        arguments: Parsed by :func:`options`.
    """

    def __init__(self, name: str, arguments: argparse.Namespace) -> None:
        self._folder: Path = arguments.results
        self._name = name
        self._content: dict[str, Any] = {
            "benchmark": name,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *sys.argv[1:]]),
            "short": arguments.short,
            "machine": machine.description(),
        }

    def finish(self, title: str, head: Sequence[str], rows: Sequence[Sequence[object]], **raw: Any) -> None:
        """Print the table and write ``<folder>/<name>.json`` with everything that was measured."""
        table = [[str(cell) for cell in row] for row in (head, *rows)]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        print(f"\n{title}\n")
        for index, row in enumerate(table):
            cells = [
                cell.ljust(width) if column == 0 else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ]
            print("| " + " | ".join(cells) + " |")
            if index == 0:
                print("| " + " | ".join(("-" * (w - 1) + ":") if c else "-" * w for c, w in enumerate(widths)) + " |")
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{self._name}.json"
        content = {**self._content, "table": {"head": head, "rows": rows}, **raw}
        file.write_text(json.dumps(content, indent=1, ensure_ascii=False, default=str) + "\n")
        print(f"\nraw results: {file}")


def median(numbers: Sequence[float]) -> float:
    return statistics.median(numbers)


def spread(numbers: Sequence[float], form: str = ".1f") -> str:
    """The median, and in brackets the lowest and the highest."""
    return f"{median(numbers):{form}} ({min(numbers):{form}}–{max(numbers):{form}})"


def quantile(numbers: Sequence[float], share: float) -> float:
    """The value that ``share`` of the numbers do not exceed."""
    ordered = sorted(numbers)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
