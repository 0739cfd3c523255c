"""The tutorial "Adding Vestnik to your project", done as it says, to a project that Django itself lays out."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.support.pages import DOCS, Block, blocks_of

TUTORIAL = DOCS / "en" / "tutorial" / "existing-project.md"
WITHIN = 60.0  # seconds until the server answers on a machine that does a dozen other things


def run(directory: Path, *arguments: str) -> str:
    """A command in the project's directory, as somebody would type it who has no settings of ours."""
    result = subprocess.run(
        [sys.executable, *arguments], cwd=directory, env=surroundings(), capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def surroundings() -> dict[str, str]:
    ours = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "ALLOWED_HOSTS", "ALLOWED_ORIGINS", "DEBUG"}
    return {name: value for name, value in os.environ.items() if name not in ours}


def snippets() -> list[Block]:
    return [block for block in blocks_of(TUTORIAL) if block.language == "python"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fresh project with every snippet of the tutorial put where its first line says."""
    run(tmp_path, "-m", "django", "startproject", "mysite", ".")
    replaced = set()
    for block in snippets():
        if match := re.match(r"# (mysite/\w+\.py)\n", block.text):
            path = tmp_path / match[1]
            if match[1].endswith("asgi.py") and match[1] not in replaced:
                path.write_text("")
            replaced.add(match[1])
            path.write_text(f"{path.read_text()}\n{block.text}")
    assert replaced == {"mysite/settings.py", "mysite/urls.py", "mysite/asgi.py"}
    return tmp_path


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def server(project: Path, port: int) -> Iterator[str]:
    run(project, "manage.py", "migrate", "-v0")
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    with (project / "server.log").open("w") as log:
        process = subprocess.Popen(command, cwd=project, env=surroundings(), stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + WITHIN
            while not is_up(port):
                assert process.poll() is None, (project / "server.log").read_text()
                assert time.monotonic() < deadline, (project / "server.log").read_text()
                time.sleep(0.1)
            yield f"127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_project_that_follows_the_tutorial_sees_what_another_process_says(project: Path, server: str) -> None:
    run(
        project,
        "manage.py",
        "shell",
        "-c",
        "from django.contrib.auth.models import User; User.objects.create_user('masha', password='x')",
    )
    signed_in = httpx.post(f"http://{server}/api/auth/login/", json={"username": "masha", "password": "x"}).json()
    with connect(f"ws://{server}/ws", origin="http://localhost:8080", proxy=None) as page:
        page.send(json.dumps({"id": 1, "connect": {"token": signed_in["token"]}}))
        assert '"connect"' in page.recv(timeout=10)
        call = next(block.text for block in snippets() if "notify(user" in block.text)
        run(project, "manage.py", "shell", "-c", call)
        heard = ""
        while "Homework is back" not in heard:
            heard = page.recv(timeout=10)
