"""A site starts only over a database that keeps what was acknowledged, and stops in order."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import BACKEND, RunningSite, free_port
from vestnik.testing.peer import Peer

CARELESS = """
from vestnik.config.settings import *
DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
"""


@pytest.mark.skipif(os.environ.get("DATABASE_URL", "").startswith("postgres"), reason="SQLite's own pragmas")
def test_a_server_over_a_database_that_may_lose_commits_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "careless_settings.py").write_text(CARELESS)
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "vestnik.config.asgi:application", "--port", str(free_port())],
        cwd=BACKEND,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "careless_settings",
            "PYTHONPATH": f"{tmp_path}{os.pathsep}{BACKEND / 'src'}",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'careless.sqlite3'}",
            "DEBUG": "true",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "synchronous" in done.stderr
    assert "vestnik.E01" in done.stderr


@pytest.mark.parametrize("server", ["daphne", "uvicorn"])
async def test_a_server_that_is_asked_to_stop_sends_its_clients_elsewhere(server: str, tmp_path: Path) -> None:
    with RunningSite(server, tmp_path) as site:
        peer = await Peer.connect(site.url, token=site.sign_in("student"))
        stopping = asyncio.create_task(asyncio.to_thread(site.terminate))
        code, reason = await peer.wait_closed(within=30.0)
        # uvicorn closes its sockets by itself before it tells the application.
        expected = [(3001, "shutdown")] if server == "daphne" else [(1012, reason), (3001, "shutdown")]
        assert (code, reason) in expected, site.log()
        await stopping
        await peer.close()
