"""Completes ``frontend/package-lock.json``: to be run after ``npm install`` has changed it. ``--check`` only looks.

npm leaves optional packages of other platforms out of the lock when the registry does not have them at that moment,
and ``npm ci`` then refuses the lock on every platform ("Missing: @biomejs/cli-darwin-arm64@ from lock file"). The
packages that depend on them pin their versions, so the entries can be written down; what they are for is in their
names.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from console import FRONTEND, say, stop

LOCK = FRONTEND / "package-lock.json"
SYSTEMS = ("android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32")
PROCESSORS = ("arm", "arm64", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64", "wasm32")


def complete(packages: dict[str, dict[str, Any]]) -> list[str]:
    """Add what is missing to the lock's ``packages``; returns the paths that were added."""
    added = []
    for path, entry in list(packages.items()):
        for name, version in entry.get("optionalDependencies", {}).items():
            if not is_locked(packages, path, name):
                place = f"node_modules/{name}"
                fields = {**platform_of(name), **({"dev": True} if entry.get("dev") else {}), "optional": True}
                packages[place] = {"version": version, **dict(sorted(fields.items()))}
                added.append(place)
    return added


def is_locked(packages: dict[str, dict[str, Any]], path: str, name: str) -> bool:
    """Whether the package at ``path`` finds ``name`` beside or above itself, as Node.js looks for it."""
    while True:
        if f"{path}/node_modules/{name}".lstrip("/") in packages:
            return True
        if not path:
            return False
        path = path.rpartition("node_modules/")[0].rstrip("/") if "node_modules/" in path else ""


def platform_of(name: str) -> dict[str, list[str]]:
    """The ``os``, ``cpu`` and ``libc`` fields of a platform package, from the words of its name."""
    words = name.rpartition("/")[2].split("-")
    fields = {
        "cpu": [word for word in words if word in PROCESSORS],
        "libc": ["musl"] if "musl" in words else ["glibc"] if "gnu" in words else [],
        "os": [word for word in words if word in SYSTEMS],
    }
    return {field: values for field, values in fields.items() if values}


def main(arguments: Sequence[str]) -> None:
    lock = json.loads(LOCK.read_text())
    added = complete(lock["packages"])
    if "--check" in arguments:
        if added:
            stop(
                f"frontend/package-lock.json lacks {len(added)} packages.",
                "Run: scripts/python scripts/complete_npm_lock.py",
            )
        return
    for place in added:
        say(f"added {place} {lock['packages'][place]['version']}")
    root = lock["packages"].pop("")
    lock["packages"] = {"": root, **dict(sorted(lock["packages"].items()))}
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
