"""A whole site as it is run for real: a server process over a database of its own, with demo data."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.support import site_database

BACKEND = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds until a server that does not come up is a failure; a loaded machine is slow


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RunningSite:
    """Migrated, filled and served. Leaving the block ends the server and forgets the database.

    Args:
        server: ``daphne`` (by ``manage.py runserver``), ``uvicorn``, or ``picows``: ``manage.py gateway`` for sockets,
            with ``runserver`` beside it for HTTP until the block is left. What kills or stops the server means the
            gateway alone.
        directory: Where its database and log go.
        environment: Further environment variables, such as ``VESTNIK_OPEN_NAMESPACE``.
        options: Of ``manage.py gateway``.

    Example::

        with RunningSite("daphne", tmp_path) as site:
            token = site.sign_in("student")
            peer = await Peer.connect(site.url, token=token)
    """

    def __init__(
        self, server: str, directory: Path, environment: dict[str, str] | None = None, options: Sequence[str] = ()
    ) -> None:
        self.server = server
        self.options = options
        self.port = free_port()
        # The gateway holds sockets only: HTTP is another process's.
        self._beside = RunningSite("daphne", directory, environment) if server == "picows" else None
        self.http_port = self._beside.port if self._beside is not None else self.port
        self.log_file = directory / f"{server}.log"
        self.secret_key = secrets.token_hex(32) if self._beside is None else self._beside.secret_key
        self._process: subprocess.Popen[bytes] | None = None
        self.database_url = site_database.new_url(directory) if self._beside is None else self._beside.database_url
        self._environment = {
            **{k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"},
            "DATABASE_URL": self.database_url,
            "DEBUG": "true",
            "SECRET_KEY": self.secret_key,
            "ALLOWED_ORIGINS": "http://localhost:8080" + (f",{self.http_url}" if self._beside is not None else ""),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": f"{BACKEND / 'src'}{os.pathsep}{BACKEND}",
            **(environment or {}),
        }

    def __enter__(self) -> Self:
        if self._beside is not None:
            self._beside.__enter__()
        else:
            site_database.make(self.database_url)
        try:
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()
        if self._beside is not None:
            self._beside.__exit__(kind, error, traceback)
        else:
            site_database.drop(self.database_url)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def pid(self) -> int:
        """The server's process id.

        Raises:
            AssertionError: It does not run.
        """
        assert self._process is not None, f"{self.server} does not run"
        return self._process.pid

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def log(self) -> str:
        """All that the server has printed."""
        return self.log_file.read_text(errors="replace")

    def manage(self, *arguments: str, stdin: str = "") -> str:
        """Run ``manage.py`` as another process; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=BACKEND,
            env=self._environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def start(self) -> None:
        """Start the server and wait until it is ready.

        Raises:
            AssertionError: It is not; carries its log.
        """
        command = {
            "daphne": [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"],
            "uvicorn": [
                *(sys.executable, "-m", "uvicorn", "vestnik.config.asgi:application"),
                *("--host", "127.0.0.1", "--port", str(self.port), "--ws", "websockets-sansio"),
            ],
            "picows": [sys.executable, "manage.py", "gateway", "--port", str(self.port), *self.options],
        }[self.server]
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=BACKEND, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        give_up_at = time.monotonic() + PATIENCE
        while time.monotonic() < give_up_at and self._process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5.0).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        self.kill()
        raise AssertionError(f"{self.server} did not come up:\n{self.log()}")

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up. Idempotent."""
        self._end(signal.SIGKILL)

    def terminate(self) -> int:
        """SIGTERM; returns the exit code."""
        return self._end(signal.SIGTERM)

    def restart(self) -> None:
        """SIGKILL and start again on the same port."""
        self.kill()
        self.start()

    def sign_in(self, username: str) -> str:
        """Sign a demo account in; returns its token."""
        answer = httpx.post(
            f"{self.http_url}/api/auth/login/", json={"username": username, "password": "demo"}, timeout=PATIENCE
        )
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["token"]
        return token

    def api(self, method: str, path: str, token: str, **fields: Any) -> Any:
        """Call REST; returns the decoded answer, or None if it is empty.

        Raises:
            AssertionError: The status is no success.
        """
        answer = httpx.request(
            method,
            f"{self.http_url}/api/{path}",
            headers={"Authorization": f"Token {token}"},
            timeout=PATIENCE,
            **fields,
        )
        assert answer.is_success, f"{answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(number)
        try:
            return process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"{self.server} does not end:\n{self.log()}") from None
