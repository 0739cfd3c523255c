"""Do the browser's library and the server speak the same version of the protocol?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import vestnik
from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok, warn
from vestnik.doctor.situation import Situation

FIRST_WITH_PROTOCOL_2 = 3  # major version of the `centrifuge` npm library


def probe(situation: Situation) -> Iterator[Finding]:
    library = _library_version(situation.frontend)
    if library and _major(library) < FIRST_WITH_PROTOCOL_2:
        yield error(
            "protocol-version",
            f"the page's centrifuge library is {library}, which speaks version 1 of the protocol; the server speaks 2",
            "run: cd frontend && npm install centrifuge@5 --workspace @vestnik/client",
        )
        return
    server = str((situation.connected or {}).get("version", "")).removeprefix("vestnik").strip(" /")
    if server and server != vestnik.__version__:
        yield warn(
            "protocol-version",
            f"the server that runs is Vestnik {server}, these files are {vestnik.__version__}",
            "restart the server",
        )
    elif library or server:
        page = f"the page's library (centrifuge {library})" if library else "the page"
        yield ok("versions", f"{page} and the server (Vestnik {server or vestnik.__version__}) speak protocol 2")


def _library_version(frontend: Path | None) -> str:
    """The installed version, ``""`` when it is not installed here."""
    if frontend is None:
        return ""
    try:
        package = json.loads((frontend / "node_modules" / "centrifuge" / "package.json").read_text())
    except (OSError, ValueError):
        return ""
    return str(package.get("version", "")) if isinstance(package, dict) else ""


def _major(version: str) -> int:
    number = version.partition(".")[0]
    return int(number) if number.isdecimal() else FIRST_WITH_PROTOCOL_2
