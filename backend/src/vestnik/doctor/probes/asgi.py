"""Is the backend served over ASGI? Over WSGI there is no WebSocket, and nothing says so."""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.apps.checks import settings_findings
from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok, warn
from vestnik.doctor.network import Answer, Reach
from vestnik.doctor.probes.configuration import ABOUT_RUNSERVER
from vestnik.doctor.situation import Situation

# What HTTP-only servers say to an upgrade: they know no such page, or ignore the wish and serve one.
ANSWERS_WITHOUT_UPGRADE = {200, 204, 301, 302, 400, 404, 405, 426, 501}


def probe(situation: Situation) -> Iterator[Finding]:
    remedy = _remedy(situation.backend_port)
    if situation.backend is None or situation.backend_reach is not Reach.OPEN or not situation.backend_health.status:
        if remedy:
            yield warn("not-asgi", "`manage.py runserver` will serve no WebSocket with these settings", remedy)
        return
    answer = situation.backend_upgrade
    if answer.is_websocket:
        yield ok("asgi", "the backend speaks ASGI: it upgrades to WebSocket")
    elif is_wsgi(answer):
        yield error(
            "not-asgi",
            f"the backend is served over WSGI, without WebSocket: the upgrade of {situation.backend.path} was answered "
            f"with {answer.in_words}",
            remedy
            or f"stop it and run: cd backend && python manage.py runserver {situation.backend_port} "
            "(without --noasgi, and not by gunicorn's own workers)",
        )


def is_wsgi(answer: Answer) -> bool:
    """Whether an answer to an upgrade is one of a server that has no WebSocket at all."""
    server = answer.headers.get("server", "").lower()
    if "wsgi" in server or "gunicorn" in server:
        return True
    # A 400 from an ASGI server is about the Host header, see the probe for ALLOWED_HOSTS.
    return answer.status in ANSWERS_WITHOUT_UPGRADE - {400}


def _remedy(port: int) -> str:
    """The line to change in the settings, or ``""`` when they are right for ``runserver``."""
    for finding in settings_findings():
        if finding.id in ABOUT_RUNSERVER:
            return f"{finding.hint.rstrip('.')} and restart: python manage.py runserver {port}"
    return ""
