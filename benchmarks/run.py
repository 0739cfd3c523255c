"""``make bench``: set up the backend and run every benchmark, or those that are named; options go to each of them.

``benchmarks/run.py [NAME …] [--short] [--results FOLDER]``
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "scripts"))

from console import PYTHON, environment, say, stop  # noqa: E402
from setup import set_up  # noqa: E402

BENCHMARKS = ("fanout", "opening", "sending", "memory", "codec")


def main() -> None:
    names = [argument for argument in sys.argv[1:] if argument in BENCHMARKS]
    options = [argument for argument in sys.argv[1:] if argument not in BENCHMARKS]
    set_up("backend")
    failed = []
    for name in names or BENCHMARKS:
        say(f"\n=== {name}")
        command = [PYTHON, HERE / f"{name}.py", *options]
        if subprocess.run(command, env=environment(), check=False).returncode:
            failed.append(name)
    if failed:
        stop(f"Failed: {', '.join(failed)}.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        stop("Stopped.")
