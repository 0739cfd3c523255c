"""Does the database have the tables that the code expects?"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return  # told by the probe for the database
    if not plan:
        yield ok("migrations", "all migrations are applied")
        return
    first = f"{plan[0][0].app_label}.{plan[0][0].name}"
    yield error(
        "migrations-missing",
        f"{len(plan)} migration{'s are' if len(plan) > 1 else ' is'} not applied, the first is {first}",
        "run: cd backend && python manage.py migrate",
    )
