"""What an idle connection costs in memory: signed in, with its three personal channels, on Daphne and on uvicorn.

Each connection is a user of its own, so that channels are not shared. Counted is memory of the server's own that is in
RAM (``RssAnon``), after a first hundred connections have filled its caches.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from harness.crowd import Crowd
from harness.machine import resident_bytes
from harness.report import Report, WrongResult, options
from harness.sites import connection_token, fill, site

SERVERS = ("daphne", "uvicorn")
CHANNELS = ("user", "notifications", "invoices")
SETTLE = 3.0  # seconds until what connecting needed is given back


def measure(server: str, folder: Path, warm: int, connections: int, settle: float) -> dict[str, Any]:
    with site(server, folder) as running, Crowd() as crowd:
        users = fill(running, f"people({warm + connections})")
        _connect(crowd, running, users[:warm])
        time.sleep(settle)
        before = resident_bytes(running.pid)
        _connect(crowd, running, users[warm:])
        end = time.monotonic() + settle
        while time.monotonic() < end:
            crowd.poll(0.1)
        after = resident_bytes(running.pid)
    return {"before": before, "after": after, "connections": connections, "bytes_each": (after - before) / connections}


def _connect(crowd: Crowd, running: Any, users: list[int]) -> None:
    for user in users:
        line = crowd.open(running.port, "/ws")
        connect = b'{"id":1,"connect":{"token":"%s"}}' % connection_token(running, user).encode()
        answer = crowd.ask(line, connect, expecting=b'"connect"')
        missing = [name for name in CHANNELS if f'"{name}:#{user}"'.encode() not in answer]
        if missing:
            raise WrongResult(f"user {user} was not subscribed to {missing}")


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--connections", type=int, default=1000)
    arguments = parser.parse_args()
    warm, connections, settle = 100, arguments.connections, SETTLE
    if arguments.short:
        warm, connections, settle = 2, 10, 0.1
    report = Report("memory", arguments)
    found = {}
    for server in SERVERS:
        with tempfile.TemporaryDirectory() as folder:
            found[server] = measure(server, Path(folder), warm, connections, settle)
    report.finish(
        f"Memory of {connections:,} idle connections, signed in, with three subscriptions each",
        ["server", "each", "before", "after"],
        [
            [
                name,
                f"{one['bytes_each'] / 1024:.1f} KB",
                f"{one['before'] / 2**20:.0f} MB",
                f"{one['after'] / 2**20:.0f} MB",
            ]
            for name, one in found.items()
        ],
        servers=found,
    )


if __name__ == "__main__":
    try:
        main()
    except WrongResult as error:
        sys.exit(f"wrong result: {error}")
