"""Fixtures for tests of every kind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from vestnik.core.ports import Ephemeral, Hint

if TYPE_CHECKING:  # at run time inside the fixtures: models can be imported only once Django is set up
    from vestnik.apps.eventlog.reader import DatabaseEventLog
    from vestnik.apps.eventlog.threads import DatabaseThreads

pytest.register_assert_rewrite("vestnik.testing")


@pytest.fixture
def heard() -> Iterator[list[Hint | Ephemeral]]:
    """The signals that left this process, in order."""
    from vestnik.apps.eventlog import outlet

    signals: list[Hint | Ephemeral] = []
    stop = outlet.listen(signals.append)
    yield signals
    stop()


@pytest.fixture
def database_threads(transactional_db: None) -> Iterator[DatabaseThreads]:
    """Threads that may use the test database; their connections are closed at the end."""
    from vestnik.apps.eventlog.threads import DatabaseThreads

    with DatabaseThreads(3) as threads:
        yield threads


@pytest.fixture
def event_log(database_threads: DatabaseThreads) -> Iterator[DatabaseEventLog]:
    """The log of the test database, for asyncio."""
    from vestnik.apps.eventlog.reader import DatabaseEventLog

    log = DatabaseEventLog(database_threads)
    yield log
    log.close()
