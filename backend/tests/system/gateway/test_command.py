"""``manage.py gateway`` as a process: what it serves, what it refuses to start with, how it ends."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.support.site import BACKEND, RunningSite, free_port
from vestnik.testing.peer import Peer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with RunningSite("picows", tmp_path_factory.mktemp("gateway"), options=["--test-echo"]) as site:
        yield site


def run(directory: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "gateway", *options],
        cwd=BACKEND,
        env={
            **{k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "DATABASE_URL")},
            "DATABASE_URL": f"sqlite:///{directory / 'site.sqlite3'}",
            "SECRET_KEY": "x" * 50,
            "PYTHONPATH": str(BACKEND / "src"),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_alive_and_ready_are_served_on_the_sockets_port(site: RunningSite) -> None:
    base = f"http://127.0.0.1:{site.port}"
    assert httpx.get(f"{base}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{base}/readyz")
    assert (ready.status_code, ready.json()["checks"]) == (200, {"database": "ok", "migrations": "ok"})
    assert httpx.get(f"{base}/api/auth/me/").status_code == 404


async def test_the_test_echo_returns_every_message(site: RunningSite) -> None:
    async with connect(f"ws://127.0.0.1:{site.port}/echo") as echo:
        for message in ("текст", b"\x00\xff", "", "x" * 65_536):
            await echo.send(message)
            assert await echo.recv() == message


async def test_what_another_process_commits_reaches_the_gateway_without_a_broker(site: RunningSite) -> None:
    student, teacher = site.sign_in("student"), site.sign_in("teacher")
    rooms = site.api("GET", "chat/rooms/", student)["results"]
    mine = {room["id"] for room in site.api("GET", "chat/rooms/", teacher)["results"]}
    room = next(room["id"] for room in rooms if room["id"] in mine)
    async with await Peer.connect(site.url, token=teacher) as peer:
        await peer.subscribe(f"chat:{room}")
        body = {"client_id": str(uuid.uuid4()), "text": "by HTTP"}
        sent = await asyncio.to_thread(site.api, "POST", f"chat/rooms/{room}/messages/", student, json=body)
        push = await peer.next_push(f"chat:{room}", kind="pub")
        assert push["pub"]["data"]["message"] == sent


def test_a_test_echo_is_refused_on_a_real_site(tmp_path: Path) -> None:
    done = run(tmp_path, "--test-echo", DEBUG="false", ALLOWED_HOSTS="site.example")
    assert done.returncode != 0
    assert "refused unless DEBUG" in done.stderr


def test_a_port_that_is_taken_is_said_in_a_sentence(site: RunningSite, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = run(tmp_path, "--port", port, DEBUG="true", DATABASE_URL=site.database_url)
    assert done.returncode != 0
    assert "already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_database_that_is_missing_its_tables_is_said_in_a_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, "--port", str(free_port()), DEBUG="true")
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


# Last: it ends the server.
async def test_on_sigterm_clients_are_sent_elsewhere_and_it_ends_well(site: RunningSite) -> None:
    peers = [await Peer.connect(site.url, token=site.sign_in("student")) for _ in range(3)]
    stopping = asyncio.create_task(asyncio.to_thread(site.terminate))
    assert [await peer.wait_closed(within=30.0) for peer in peers] == [(3001, "shutdown")] * 3, site.log()
    assert await stopping == 0
    for peer in peers:
        await peer.close()
