"""The sites that are measured: the project as it is started by hand, with settings for load."""

from __future__ import annotations

import json
import os
import resource
import time
from pathlib import Path
from typing import Any

from harness import BACKEND, BENCHMARKS
from tests.support.site import RunningSite
from vestnik.core.tokens import ConnectionClaims, issue

OPEN_NAMESPACE = "load"


def site(server: str, directory: Path, *, settings: str = "sites.vestnik") -> RunningSite:
    """A site with demo data, not started yet; use it with ``with``.

    Args:
        server: ``daphne`` or ``uvicorn``.
        directory: Where its database and log go; made if it is missing.
        settings: The module below ``benchmarks/``.
    """
    directory.mkdir(parents=True, exist_ok=True)
    allow_many_sockets()
    return RunningSite(
        server,
        directory,
        {
            "DJANGO_SETTINGS_MODULE": settings,
            "PYTHONPATH": os.pathsep.join(map(str, (BACKEND / "src", BACKEND, BENCHMARKS))),
            "VESTNIK_OPEN_NAMESPACE": OPEN_NAMESPACE,
            "LOG_LEVEL": "WARNING",
        },
    )


def allow_many_sockets() -> None:
    """Let this process, and the servers that it starts, open as many files as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connection_token(running: RunningSite, user: int | str) -> str:
    """A token for the socket, as the site itself would issue it."""
    now = time.time()
    return issue(ConnectionClaims(sub=str(user), iat=now, exp=now + 86_400, jti="benchmark"), running.secret_key)


def fill(running: RunningSite, expression: str) -> Any:
    """Evaluate an expression of :mod:`sites.contents` inside the site; returns what it gave."""
    code = f"from sites import contents\ncontents.answer(contents.{expression})"
    return json.loads(running.manage("shell", "--verbosity", "0", "-c", code))
