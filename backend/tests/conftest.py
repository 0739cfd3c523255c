"""Fixtures for tests of every kind."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.site_database import TEMPLATES, drop_templates
from vestnik.core.ports import Ephemeral, Hint

if TYPE_CHECKING:  # at run time inside the fixtures: models can be imported only once Django is set up
    from vestnik.apps.eventlog.reader import DatabaseEventLog
    from vestnik.apps.eventlog.threads import DatabaseThreads

pytest.register_assert_rewrite("vestnik.testing")


def pytest_configure(config: pytest.Config) -> None:
    """Make room for what the processes of this run share; xdist's workers and all that tests start inherit it."""
    if TEMPLATES in os.environ:
        return
    directory = Path(tempfile.mkdtemp(prefix="vestnik-sites-"))
    os.environ[TEMPLATES] = str(directory)

    def forget() -> None:
        del os.environ[TEMPLATES]
        drop_templates(directory)
        shutil.rmtree(directory, ignore_errors=True)

    config.add_cleanup(forget)


@pytest.fixture(scope="module")
def collect_garbage() -> Iterator[None]:
    """For modules that use a library which leaves sockets to the garbage collector: it runs before the next module.

    Such a module also says ``filterwarnings("ignore:unclosed:ResourceWarning")``; nobody else is to pay for it.
    """
    yield
    gc.collect()


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
