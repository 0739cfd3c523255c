"""Alive and ready: for load balancers, and for whoever is on call."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client

from vestnik.apps.rest import health


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    health._check_migrations.cache_clear()
    yield
    health._check_migrations.cache_clear()


def test_a_process_that_answers_is_alive_without_a_database() -> None:
    response = Client().get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["Cache-Control"] == "no-store"


def test_with_a_migrated_database_it_is_ready(db: None) -> None:
    response = Client().get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok", "checks": {"database": "ok", "migrations": "ok"}}


def test_without_its_migrations_it_is_not(db: None) -> None:
    with mock.patch("vestnik.apps.rest.health.MigrationExecutor") as executor:
        executor.return_value.migration_plan.return_value = ["one"]
        response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json()["checks"] == {"database": "ok", "migrations": "missing: run manage.py migrate"}
    assert Client().get("/readyz").status_code == 200, "it is ready as soon as they are there"


def test_without_its_database_it_is_not_and_says_nothing_of_it(db: None) -> None:
    with mock.patch("vestnik.apps.rest.health.connections") as connections:
        connections.__getitem__.return_value.cursor.side_effect = OperationalError(
            "connection to db.secret:5432 failed"
        )
        response = Client().get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "unavailable",
        "checks": {"database": "unreachable", "migrations": "unknown"},
    }


def test_whoever_serves_it_may_add_what_else_must_be_there(db: None) -> None:
    assert health.readiness(broker="ok").status == "ok"
    assert health.readiness(broker="unreachable").status == "unavailable"


def test_only_reading_is_allowed() -> None:
    assert Client().post("/healthz").status_code == 405
