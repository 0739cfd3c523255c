"""What the README's commands do when something is missing or in the way, and that `make run` brings everything up."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
RUN = ROOT / "scripts" / "run.py"
UP_WITHIN = 120.0  # seconds; it takes a tenth of that on a machine that does nothing else


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def surroundings(**changes: str) -> dict[str, str]:
    ours = {"DJANGO_SETTINGS_MODULE", "DATABASE_URL", "ALLOWED_HOSTS", "ALLOWED_ORIGINS", "VITE_WEBSOCKET_URL"}
    return {name: value for name, value in os.environ.items() if name not in ours} | changes


def run(*command: str | Path, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], env=surroundings(**changes), capture_output=True, text=True, check=False
    )


# What stops it -----------------------------------------------------------------------------------------------------


def test_a_taken_port_is_named_with_the_process_and_the_command_that_avoids_it():
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        taken, free = somebody.getsockname()[1], free_port()
        result = run(sys.executable, RUN, "--backend-port", str(taken), "--frontend-port", str(free))
    assert result.returncode == 1
    assert f"Port {taken} is taken by process {os.getpid()}" in result.stderr
    assert re.search(rf"make run BACKEND_PORT=\d+ FRONTEND_PORT={free}", result.stderr)
    assert "Traceback" not in result.stderr


def test_what_is_no_port_is_refused_in_a_sentence():
    result = run(sys.executable, RUN, "--backend-port", "70000")
    assert result.returncode == 1
    assert "BACKEND_PORT=70000 is no port" in result.stderr


def test_one_port_for_both_is_refused_in_a_sentence():
    port = str(free_port())
    result = run(sys.executable, RUN, "--backend-port", port, "--frontend-port", port)
    assert "BACKEND_PORT and FRONTEND_PORT must differ." in result.stderr


def test_an_address_of_another_machine_is_refused_in_a_sentence():
    result = run(sys.executable, RUN, "--host", "192.0.2.7")
    assert result.returncode == 1
    assert "HOST=192.0.2.7 is not an address of this machine." in result.stderr


def directory_with(tmp_path: Path, name: str, script: str) -> Path:
    """A directory for PATH that holds a program of our own and the most basic ones."""
    for program in ("sh", "env"):
        (tmp_path / program).symlink_to(shutil.which(program) or "")
    if script:
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        ("", "Vestnik needs Node.js 20.19 or newer, and there is no `node` on this machine."),
        ("echo v18.19.0", "Vestnik needs Node.js 20.19 or newer; this machine has v18.19.0."),
        ("echo v20.19.0", "Vestnik needs npm, and there is none on this machine."),
    ],
)
def test_a_missing_or_old_node_is_told_in_a_sentence(tmp_path, script, sentence):
    path = directory_with(tmp_path, "node", script)
    result = run(sys.executable, ROOT / "scripts" / "setup.py", "frontend", PATH=str(path))
    assert result.returncode == 1
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_an_old_python_is_told_in_a_sentence(tmp_path):
    # It fails every question about its age, and knows its version.
    old = 'case "$2" in *platform*) echo 3.9.2;; *) exit 1;; esac'
    path = directory_with(tmp_path, "python3", old)
    script = (ROOT / "scripts" / "python").read_text().replace("/usr/bin/python3", "")
    copy = tmp_path / "script"
    copy.write_text(script)
    result = run("/bin/sh", copy, "x.py", PATH=str(path), PYTHON="python3")
    assert result.returncode == 1
    assert "Vestnik needs Python 3.11 or newer; python3 here is 3.9.2." in result.stderr


def test_what_cannot_be_installed_without_being_root_is_told_with_the_command(tmp_path):
    program = "import sys, os; sys.path.insert(0, sys.argv[1]); os.geteuid = lambda: 1000; import setup; "
    program += "setup.shutil.which = lambda name: '/usr/bin/apt-get' if name == 'apt-get' else None; "
    program += "setup.set_up_browser()"
    result = run(sys.executable, "-c", program, ROOT / "scripts")
    assert result.returncode == 1
    assert "Install it with: sudo apt-get install chromium" in result.stderr


# The whole ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path, int, int]]:
    """``make run`` on free ports with a database of its own: the process, its output, the ports."""
    backend, frontend = free_port(), free_port()
    output = tmp_path / "output"
    command = [sys.executable, str(RUN), "--backend-port", str(backend), "--frontend-port", str(frontend)]
    env = surroundings(DATABASE_URL=f"sqlite:///{tmp_path}/site.sqlite3")
    with output.open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        deadline = time.monotonic() + UP_WITHIN
        while "Vestnik is up" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.2)
        yield process, output, backend, frontend
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.e2e
def test_make_run_brings_everything_up_the_doctor_finds_it_well_and_ctrl_c_ends_it_all(running, tmp_path):
    process, output, backend, frontend = running
    assert f"http://localhost:{frontend}" in output.read_text()
    assert "student · teacher · tutor · parent · admin   password  demo" in output.read_text()

    manage = [sys.executable, ROOT / "backend" / "manage.py"]
    arguments = ["doctor", "--json", "--user", "teacher", "--backend-port", str(backend)]
    url = f"ws://localhost:{frontend}/ws"
    site = {"DATABASE_URL": f"sqlite:///{tmp_path}/site.sqlite3"}
    result = run(*manage, *arguments, VITE_WEBSOCKET_URL=url, FRONTEND_PORT=str(frontend), **site)
    report = json.loads(result.stdout)
    assert [finding for finding in report["findings"] if finding["level"] == "error"] == []
    assert result.returncode == 0
    assert report["url"] == url
    # Down to a publication that this process wrote and both ways delivered.
    assert [finding["id"] for finding in report["findings"]].count("delivery") == 2

    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=30) == 0
    assert not is_listening(backend)
    assert not is_listening(frontend)
    assert output.read_text().rstrip().endswith("Stopped.")


@pytest.mark.e2e
def test_when_one_part_dies_it_is_named_and_the_other_is_stopped(running):
    process, output, backend, frontend = running
    for number in run("pgrep", "-f", f"runserver 127.0.0.1:{backend}").stdout.split():
        os.kill(int(number), signal.SIGKILL)
    assert process.wait(timeout=30) == 1
    assert "The backend has ended" in output.read_text()
    assert not is_listening(frontend)
