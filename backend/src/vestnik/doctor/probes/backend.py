"""Does Django listen where the proxy looks for it, and is it Django?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok
from vestnik.doctor.network import Reach, listeners
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    backend = situation.backend
    if backend is None:
        return
    start = f"cd backend && python manage.py runserver {backend.port}"
    if situation.backend_reach is not Reach.OPEN:
        yield error("backend-down", f"nothing listens on port {backend.port}: connection refused", f"run: {start}")
        return
    health = situation.backend_health
    if health.status == 0 or health.status in {404, 405, 501}:
        yield error(
            "backend-is-another-program",
            f"something listens on port {backend.port}, but it is not this project's Django: GET /healthz came to "
            f"{health.in_words}{_by_whom(backend.port)}",
            f"stop it and run: {start}, or start on another port: make run BACKEND_PORT={backend.port + 1}",
        )
    elif health.status >= 500:
        yield error(
            "backend-unhealthy",
            f"Django on port {backend.port} is up but not well: GET /healthz answered {health.status}",
            f"read the traceback in the terminal of: {start}",
        )
    else:
        yield ok("backend", f"Django answers on port {backend.port} in {health.seconds * 1000:.0f} ms")


def _by_whom(port: int) -> str:
    return "".join(f" (process {process}: {name})" for process, name in sorted(listeners(port).items())[:1])
