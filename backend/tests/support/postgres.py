"""A private PostgreSQL server for the time of one command.

Usage: ``python -m tests.support.postgres -- python -m pytest tests/integration``: starts the server, sets
``DATABASE_URL``, runs the command, stops the server, and exits as the command did. Exit code 3: no PostgreSQL here.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

MINIMUM_VERSION = 15
NO_POSTGRES = 3  # exit code
START_TIMEOUT = 60.0  # seconds; a busy machine takes a few for initdb alone
STOP_TIMEOUT = 20.0
LONGEST_PARENT = 50  # characters


class PostgresNotFound(Exception):
    """No usable PostgreSQL on this machine; says which and why."""


class PostgresFailed(Exception):
    """The server did not come up; holds the end of its log."""


class PostgresServer:
    """A server of its own, on a free port of 127.0.0.1, in a directory that is removed afterwards.

    PostgreSQL's own defaults hold: ``fsync``, ``full_page_writes`` and ``synchronous_commit`` are on. The server ends
    when this process does, whatever ends it.

    Example::

        with PostgresServer() as server:
            print(server.url)

    Args:
        options: Settings for ``postgresql.conf``, such as ``{"fsync": "off"}``.
    """

    def __init__(self, options: dict[str, str] | None = None) -> None:
        self._options = options or {}
        self.user = "vestnik"
        self.password = secrets.token_hex(16)
        self.database = "vestnik"
        self._directory = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """What to set ``DATABASE_URL`` to."""
        return f"postgres://{self.user}:{self.password}@127.0.0.1:{self.port}/{self.database}"

    def __enter__(self) -> Self:
        binaries = binaries_directory()
        # A socket's path may have about a hundred characters, and TMPDIR may be long.
        parent = tempfile.gettempdir()
        parent = parent if len(parent) <= LONGEST_PARENT else "/tmp"
        self._directory = Path(tempfile.mkdtemp(prefix="vestnik-pg-", dir=parent))
        try:
            self._give_away(self._directory)
            self._initialise(binaries)
            self._start(binaries)
            self._create_database(binaries)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop the server and remove its files; idempotent."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # "fast": roll back, write everything, end
            try:
                self._process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(STOP_TIMEOUT)
            self._process = None
        shutil.rmtree(self._directory, ignore_errors=True)

    def _initialise(self, binaries: Path) -> None:
        password_file = self._directory / "password"
        password_file.write_text(self.password)
        self._give_away(password_file)
        self._run(
            [
                *(str(binaries / "initdb"), "--pgdata", str(self._data)),
                *("--username", self.user, "--pwfile", str(password_file), "--auth", "scram-sha-256"),
                *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ]
        )

    def _start(self, binaries: Path) -> None:
        for _ in range(5):  # somebody else may take the port between our finding it and the server's binding it
            self.port = _free_port()
            settings = {
                "listen_addresses": "127.0.0.1",
                "port": str(self.port),
                "unix_socket_directories": str(self._directory),
                "timezone": "UTC",
                **self._options,
            }
            arguments = [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]
            with (self._directory / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [str(binaries / "postgres"), "-D", str(self._data), *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is for the command; the server stops after it
                    preexec_fn=_end_with_parent,
                    **self._as_server_user(),
                )
            if self._wait_until_ready(binaries):
                return
        raise PostgresFailed(f"PostgreSQL did not start:\n{self._end_of_log()}")

    def _wait_until_ready(self, binaries: Path) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                self._process = None
                if "could not bind" in self._end_of_log() or "already in use" in self._end_of_log():
                    return False
                raise PostgresFailed(f"PostgreSQL did not start:\n{self._end_of_log()}")
            ready = subprocess.run(
                [str(binaries / "pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(self.port)], check=False
            )
            if ready.returncode == 0:
                return True
            time.sleep(0.05)
        raise PostgresFailed(f"PostgreSQL was not ready within {START_TIMEOUT:.0f} s:\n{self._end_of_log()}")

    def _create_database(self, binaries: Path) -> None:
        connection = ["--host", "127.0.0.1", "--port", str(self.port), "--username", self.user]
        self._run([str(binaries / "createdb"), *connection, self.database], PGPASSWORD=self.password)

    def _run(self, command: Sequence[str], **environment: str) -> None:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
            **self._as_server_user(),
        )
        if done.returncode:
            raise PostgresFailed(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}")

    def _give_away(self, path: Path) -> None:
        user = _server_user()
        if user is not None:
            os.chown(path, user.pw_uid, user.pw_gid)

    def _as_server_user(self) -> dict[str, Any]:
        user = _server_user()
        as_user: dict[str, Any] = {"cwd": self._directory}
        if user is not None:
            as_user |= {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        return as_user

    def _end_of_log(self) -> str:
        log = self._directory / "log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""

    @property
    def _data(self) -> Path:
        return self._directory / "data"


def binaries_directory() -> Path:
    """Where ``initdb`` and ``postgres`` are.

    Raises:
        PostgresNotFound: Nowhere, or only those of a version that is too old.
    """
    too_old: list[str] = []
    for directory in _candidates():
        if not all((directory / name).exists() for name in ("initdb", "postgres", "pg_isready", "createdb")):
            continue
        version = _major_version(directory)
        if version >= MINIMUM_VERSION:
            return directory
        too_old.append(f"version {version} in {directory}")
    found = f", only {', '.join(too_old)}" if too_old else ""
    raise PostgresNotFound(
        f"No PostgreSQL {MINIMUM_VERSION} or later was found{found}. Install it: apt-get install postgresql"
    )


def _candidates() -> list[Path]:
    directories = []
    if pg_config := shutil.which("pg_config"):
        asked = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            directories.append(Path(asked.stdout.strip()))

    def version(directory: Path) -> int:
        return int(directory.parent.name) if directory.parent.name.isdigit() else 0

    directories += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True)
    directories += [Path(part) for part in os.environ.get("PATH", "").split(os.pathsep) if part]
    return directories


def _major_version(directory: Path) -> int:
    said = subprocess.run([str(directory / "postgres"), "--version"], capture_output=True, text=True, check=False)
    words = said.stdout.split()  # postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)
    digits = words[2].split(".")[0] if len(words) > 2 else ""
    return int(digits) if digits.isdigit() else 0


def _server_user() -> pwd.struct_passwd | None:
    """Whom to run the server as: PostgreSQL refuses to run as root. ``None`` is for whoever we are."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresNotFound("PostgreSQL does not run as root, and there is no user 'postgres' or 'nobody'.")


def _end_with_parent() -> None:
    if sys.platform == "linux":
        set_death_signal = 1  # PR_SET_PDEATHSIG
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGINT)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_with_postgres(command: Sequence[str]) -> int:
    """Run ``command`` with ``DATABASE_URL`` set to a new server; returns its exit code, or 3 without PostgreSQL."""
    try:
        with PostgresServer() as server:
            process = subprocess.Popen(command, env={**os.environ, "DATABASE_URL": server.url})
            forward = _forwarding_to(process)
            previous = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
            try:
                code = process.wait()
            finally:
                for number, handler in previous.items():
                    signal.signal(number, handler)
    except PostgresNotFound as error:
        print(error, file=sys.stderr)
        return NO_POSTGRES
    except PostgresFailed as error:
        print(error, file=sys.stderr)
        return 1
    return code if code >= 0 else 128 - code  # as a shell reports a signal


def _forwarding_to(process: subprocess.Popen[bytes]) -> Callable[[int, Any], None]:
    def forward(number: int, frame: Any) -> None:
        process.send_signal(number)

    return forward


def main(arguments: Sequence[str]) -> int:
    command = list(arguments)
    if command[:1] == ["--"]:
        command = command[1:]
    if not command:
        print("usage: python -m tests.support.postgres -- COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    return run_with_postgres(command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
