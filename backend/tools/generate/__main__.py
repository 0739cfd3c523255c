"""``python -m tools.generate [--check]``: write all generated files, or name those that are stale and exit with 1."""

from __future__ import annotations

import argparse
import sys

from tools.generate.everything import artefacts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a file is stale")
    arguments = parser.parse_args()
    stale = [artefact for artefact in artefacts() if artefact.is_stale()]
    for artefact in stale:
        if not arguments.check:
            artefact.write()
        print(f"{'stale' if arguments.check else 'written'}: {artefact.name}")
    if not stale:
        print("all generated files are fresh")
    return 1 if stale and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
