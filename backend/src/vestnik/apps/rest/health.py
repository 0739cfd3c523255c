"""``/healthz``: the process answers. ``/readyz``: it can do its work, so a load balancer may send people to it.
``/metrics``: what it is doing, as Prometheus' text.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Literal

import msgspec
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

logger = logging.getLogger(__name__)


class Readiness(msgspec.Struct, frozen=True):
    """What ``/readyz`` says; ``checks`` maps what was looked at to ``ok`` or what is wrong with it."""

    status: Literal["ok", "unavailable"]
    checks: dict[str, str]


class MigrationsMissing(Exception):
    """The database is older than the code."""


def readiness(**others: str) -> Readiness:
    """Look at the database and its migrations. Blocking.

    Args:
        others: Further checks that the caller has made, such as ``broker="ok"``.
    """
    checks = {"database": "ok", "migrations": "ok", **others}
    try:
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute("SELECT 1")
        _check_migrations()
    except MigrationsMissing:
        checks["migrations"] = "missing: run manage.py migrate"
    except DatabaseError:
        # The error's own words may hold the address and the user.
        logger.warning("not ready: the database does not answer", exc_info=True)
        checks.update(database="unreachable", migrations="unknown")
    is_ready = all(result == "ok" for result in checks.values())
    return Readiness("ok" if is_ready else "unavailable", checks)


@cache
def _check_migrations() -> None:
    """Costs reading all migrations, so a good answer is remembered: a new version of the code is a new process."""
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise MigrationsMissing


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return _json({"status": "ok"}, 200)


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    found = readiness()
    return _json(found, 200 if found.status == "ok" else 503)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """What this process counts; several processes are asked each for itself."""
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})


def _json(content: object, status: int) -> HttpResponse:
    return HttpResponse(
        msgspec.json.encode(content),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


urlpatterns = [path("healthz", healthz), path("readyz", readyz), path("metrics", metrics)]
