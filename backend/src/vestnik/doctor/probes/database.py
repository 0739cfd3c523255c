"""Can the database be reached?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    started = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, ImproperlyConfigured) as problem:
        # The driver's sentence names host, port and user, never the password.
        first_line = next(iter(str(problem).splitlines()), type(problem).__name__)
        yield error("database-unreachable", f"the database does not answer: {first_line}", _remedy())
        return
    yield ok("database", f"{connection.display_name} answers in {(time.monotonic() - started) * 1000:.0f} ms")


def _remedy() -> str:
    if connection.vendor == "sqlite":
        return f"check that the directory of {connection.settings_dict['NAME']} exists and can be written to"
    host, port = connection.settings_dict.get("HOST") or "localhost", connection.settings_dict.get("PORT") or 5432
    return f"start the server (pg_isready -h {host} -p {port} says whether it runs), or change DATABASE_URL"
