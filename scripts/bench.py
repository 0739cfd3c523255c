"""``make bench``: every benchmark, one after another, on a machine that should be doing nothing else.

``bench.py [NAME …]`` runs the named ones, such as ``fanout``. Each prints a table, keeps its raw results in
``benchmarks/results/<date>/``, and fails when what it measured did not do what it must.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from console import PYTHON, ROOT, environment, paint, say, stop
from setup import set_up

BENCHMARKS = {path.stem: path for path in sorted((ROOT / "benchmarks").glob("*.py"))}


def main(names: Sequence[str]) -> None:
    if unknown := set(names) - set(BENCHMARKS):
        stop(f"No such benchmark: {', '.join(sorted(unknown))}.", f"There are: {', '.join(BENCHMARKS)}")
    set_up("backend", "postgres")
    for name in names or BENCHMARKS:
        say(paint(f"\n━━ {name} ".ljust(100, "━"), "1"))
        if subprocess.run([PYTHON, BENCHMARKS[name]], cwd=ROOT / "backend", env=environment(), check=False).returncode:
            stop(f"The benchmark {name} failed.")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        stop("Stopped.")
