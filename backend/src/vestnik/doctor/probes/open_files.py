"""May the server hold as many sockets as it will be asked to? Each is an open file."""

from __future__ import annotations

import contextlib
import re
import resource
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from vestnik.core.findings import Finding
from vestnik.doctor.findings import ok, warn
from vestnik.doctor.network import listeners
from vestnik.doctor.situation import Situation

ENOUGH_IN_DEVELOPMENT = 256
ENOUGH_IN_PRODUCTION = 8192  # a gateway process serves thousands of connections


def probe(situation: Situation) -> Iterator[Finding]:
    limit, whose = _limit(situation)
    enough = ENOUGH_IN_DEVELOPMENT if settings.DEBUG else ENOUGH_IN_PRODUCTION
    if limit < enough:
        yield warn(
            "open-file-limit",
            f"{whose} may hold {limit} files open, and each connection is one",
            "in the shell that starts it: ulimit -n 65536; under systemd: LimitNOFILE=65536",
        )
    else:
        yield ok("open-files", f"{whose} may hold {limit} files open")


def _limit(situation: Situation) -> tuple[int, str]:
    """The soft limit of the server where the system tells it, else of this process, which inherits the same."""
    for process in sorted(listeners(situation.backend_port)) if situation.backend else []:
        with contextlib.suppress(OSError):
            found = re.search(r"^Max open files\s+(\d+)", Path(f"/proc/{process}/limits").read_text(), re.MULTILINE)
            if found:
                return int(found[1]), f"the server (process {process})"
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0], "a program started from here"
