"""Do several server processes share only the in-memory broker?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from vestnik.apps.conf import vestnik_settings
from vestnik.core.findings import Finding
from vestnik.doctor.findings import ok, warn
from vestnik.doctor.situation import Situation

SERVERS = ("runserver", "gateway", "daphne", "uvicorn", "gunicorn", "hypercorn", "granian")


def probe(situation: Situation) -> Iterator[Finding]:
    configured = vestnik_settings()
    if configured.broker not in ("", "memory") or configured.redis_url:
        yield ok("broker", f"processes tell each other through {configured.broker or 'redis'}")
        return
    servers = server_processes(Path("/proc"), Path(settings.BASE_DIR))
    if len(servers) < 2:
        yield ok("broker", "one process serves sockets, so hints in memory are enough")
        return
    yield warn(
        "memory-broker-many-processes",
        f"{len(servers)} server processes ({', '.join(map(str, servers))}) share no broker: typing and presence do not "
        f"cross them, and messages wait for the next look into the log ({configured.poll_interval} s)",
        f"stop all but one: kill {' '.join(map(str, servers[1:]))}",
    )


def server_processes(proc: Path, project: Path) -> list[int]:
    """Ids of the processes that serve this project: they run a server, in its directory, and hold a listening port."""
    listening = _listening_sockets(proc)
    found = []
    for process in proc.glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            is_server = any(Path(word).name in SERVERS for word in words)
            if is_server and (process / "cwd").readlink() == project and _holds_any(process, listening):
                found.append(int(process.name))
    return sorted(found)


def _listening_sockets(proc: Path) -> set[str]:
    sockets = set()
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            lines = (proc / "net" / table).read_text().splitlines()[1:]
            sockets |= {f"socket:[{words[9]}]" for words in map(str.split, lines) if words[3] == "0A"}
    return sockets


def _holds_any(process: Path, sockets: set[str]) -> bool:
    return any(str(entry.readlink()) in sockets for entry in (process / "fd").iterdir())
