"""Other processes that work on the database of the test that starts them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from django.db import connection

BACKEND = Path(__file__).resolve().parents[2]


def database_url() -> str:
    """The test database, as a value for ``DATABASE_URL``."""
    settings = connection.settings_dict
    name = str(settings["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    user = f"{quote(settings['USER'], safe='')}:{quote(settings['PASSWORD'], safe='')}"
    return f"postgres://{user}@{settings['HOST']}:{settings['PORT']}/{name}"


class PythonProcess:
    """``python ARGUMENTS`` on the test database. Leaving the block kills it if it still runs.

    Example::

        with PythonProcess("-m", "tests.support.event_writer", "chat:1") as writer:
            writer.read_line()
            writer.kill()
    """

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=BACKEND,
            env={
                **os.environ,
                "DATABASE_URL": database_url(),
                "DJANGO_SETTINGS_MODULE": "vestnik.config.settings",
                "PYTHONPATH": f"{BACKEND / 'src'}{os.pathsep}{BACKEND}",
                "PYTHONUNBUFFERED": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    def read_line(self) -> str:
        """The next line that it prints, without the newline; ``""`` once it has ended."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def finish(self, within: float = 60.0) -> list[str]:
        """Wait for its end; returns the lines not read yet.

        Raises:
            AssertionError: It ended with an error.
        """
        output, _ = self._process.communicate(timeout=within)
        assert self._process.returncode == 0, f"exit code {self._process.returncode}"
        return output.splitlines()

    def kill(self) -> list[str]:
        """SIGKILL: it gets no chance to tidy up. Returns the whole lines it printed that nobody read; idempotent."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        if self._process.stdout is None or self._process.stdout.closed:
            return []
        output, _ = self._process.communicate()
        return output.split("\n")[:-1]
