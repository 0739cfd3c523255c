"""``make run``: the whole of Vestnik on this machine, with demo data, until Ctrl-C.

Starts Django's runserver and Vite, each in a process group of its own so that no child of theirs outlives the command;
waits until a page and a socket answer; stops both when asked or when one of them dies.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import http.client
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from console import BACKEND, FRONTEND, PYTHON, environment, paint, run_step, say, stop
from setup import set_up

READY_WITHIN = 60.0  # seconds; it takes about five, ten times that on a busy machine
STOP_WITHIN = 5.0  # seconds that a program may take to end by itself
DEFAULT_BACKEND_PORT = 8000
DEFAULT_FRONTEND_PORT = 8080

ACCOUNTS = "student · teacher · tutor · parent · admin"


class Part:
    """One program with all its children, its output marked with its name."""

    def __init__(self, name: str, style: str, command: Sequence[str | Path], cwd: Path, env: dict[str, str]) -> None:
        self.name = name
        self._mark = paint(f"{name:>8} │ ", style)
        self.process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._copy, daemon=True)
        self._reader.start()

    def _copy(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            sys.stdout.write(self._mark + line)
            sys.stdout.flush()

    @property
    def exit_code(self) -> int | None:
        return self.process.poll()

    def send(self, number: signal.Signals) -> None:
        """To the program and all its children, also when the program itself is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def is_gone(self) -> bool:
        """Whether nothing of it is left."""
        self.process.poll()  # a child that was not waited for still counts as there
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False


class Asked(BaseException):
    """Somebody wants us to stop."""


def stop_all(parts: Sequence[Part]) -> None:
    """Ask first, insist after :data:`STOP_WITHIN`; nothing of ours is left afterwards."""
    for number, patience in ((signal.SIGTERM, STOP_WITHIN), (signal.SIGKILL, STOP_WITHIN)):
        for part in parts:
            part.send(number)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if all(part.is_gone() for part in parts):
                return
            time.sleep(0.05)


# Ports -----------------------------------------------------------------------------------------------------------


def check_ports(host: str, ports: dict[str, int]) -> None:
    """Stop with a sentence if one is taken, naming who has it and what to type instead."""
    if len(set(ports.values())) < len(ports):
        stop("BACKEND_PORT and FRONTEND_PORT must differ.")
    taken = {variable: port for variable, port in ports.items() if not is_free(host, port)}
    if not taken:
        return
    sentences = [f"Port {port} is taken{by_whom(port)}." for port in taken.values()]
    others = {variable: free_port(host, port, ports) if variable in taken else port for variable, port in ports.items()}
    command = " ".join(["make run", *(f"{variable}={port}" for variable, port in others.items())])
    stop("\n".join(sentences), f"Stop that program, or use other ports: {command}")


def is_free(host: str, port: int) -> bool:
    """Whether one may listen there, and nothing else answers a browser that says ``localhost``."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
    except PermissionError:
        stop(f"Port {port} needs rights that you do not have; choose one above 1023.")
    except socket.gaierror:
        stop(f"HOST={host} is not an address of this machine.")
    except OSError as error:
        if error.errno == 99:  # EADDRNOTAVAIL
            stop(f"HOST={host} is not an address of this machine.")
        return False
    for neighbour in ("127.0.0.1", "::1"):
        with contextlib.suppress(OSError), socket.create_connection((neighbour, port), timeout=0.5):
            return False
    return True


def free_port(host: str, start: int, ports: dict[str, int]) -> int:
    return next(port for port in range(start + 1, 65536) if port not in ports.values() and is_free(host, port))


def by_whom(port: int) -> str:
    """`` by NAME (process ID)``, where the system tells."""
    for process in listeners(port):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            return f" by process {process.name}: {words[:100]}"
    return ""


def listeners(port: int) -> Iterator[Path]:
    """Entries in ``/proc`` of the processes that listen on a TCP port (only our own, unless we are root)."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                is_listening = words[3] == "0A"
                if is_listening and int(words[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{words[9]}]")
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(entry) in inodes for entry in (process / "fd").iterdir()):
                yield process


# Readiness -------------------------------------------------------------------------------------------------------


def answers_http(host: str, port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def answers_socket(host: str, port: int, origin: str) -> bool:
    """Whether ``/ws`` answers an upgrade from the page with 101."""
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET /ws HTTP/1.1\r\nHost: {origin.partition('//')[2]}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nOrigin: {origin}\r\n\r\n"
    )
    try:
        with socket.create_connection((host, port), timeout=2) as connection:
            connection.sendall(request.encode())
            return b" 101 " in connection.recv(256).partition(b"\r\n")[0]
    except OSError:
        return False


def wait_until_ready(parts: Sequence[Part], host: str, backend_port: int, frontend_port: int, origin: str) -> None:
    """Return when the page, the API and a socket through the page's own address answer.

    Raises:
        SystemExit: A program died, or :data:`READY_WITHIN` passed; it was said which and what did not answer.
    """
    reach = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    # One after another: Vite complains of a backend that it is asked for too early.
    stations: dict[str, Callable[[], bool]] = {
        f"the backend on port {backend_port}": lambda: answers_http("127.0.0.1", backend_port, "/healthz"),
        f"the page on port {frontend_port}": lambda: answers_http(reach, frontend_port, "/"),
        f"a WebSocket at {origin.replace('http', 'ws', 1)}/ws": lambda: answers_socket(reach, frontend_port, origin),
    }
    deadline = time.monotonic() + READY_WITHIN
    for what, answers in stations.items():
        while not answers():
            complain_if_dead(parts)
            if time.monotonic() > deadline:
                stop(
                    f"After {READY_WITHIN:.0f} s there is still no answer from {what}.",
                    "The lines above say why; `cd backend && .venv/bin/python manage.py doctor` looks closer.",
                )
            time.sleep(0.1)


def complain_if_dead(parts: Sequence[Part]) -> None:
    for part in parts:
        if part.exit_code is not None:
            time.sleep(0.2)  # its last lines are still being copied
            how = f"exit code {part.exit_code}" if part.exit_code >= 0 else signal.Signals(-part.exit_code).name
            stop(f"The {part.name} has ended ({how}), so the rest is stopped too. Its last lines are above.")


# The command -----------------------------------------------------------------------------------------------------


def surroundings(host: str, backend_port: int, frontend_port: int) -> tuple[dict[str, str], dict[str, str], str]:
    """The environments of the backend and of the front end, and the address of the page."""
    is_number = ":" in host or host[0].isdigit()
    is_local = ipaddress.ip_address(host).is_loopback if is_number else host == "localhost"
    name = "localhost" if is_local else {"0.0.0.0": own_address(), "::": own_address()}.get(host, host)
    page = f"http://{f'[{name}]' if ':' in name else name}:{frontend_port}"
    origins = list(dict.fromkeys([page, f"http://localhost:{frontend_port}", f"http://127.0.0.1:{frontend_port}"]))
    backend = {"ALLOWED_ORIGINS": ",".join(origins)}
    frontend = {}
    if not is_local:
        # From another machine the page's own address is the right one, which is the rule without the variable.
        backend["ALLOWED_HOSTS"] = f"localhost,127.0.0.1,[::1],{name}"
        frontend["VITE_WEBSOCKET_URL"] = ""
    elif frontend_port != DEFAULT_FRONTEND_PORT:
        # frontend/.env.development names the usual port; the environment overrules it.
        frontend["VITE_WEBSOCKET_URL"] = f"ws://localhost:{frontend_port}/ws"
    # What the person has set in the environment wins, but for what this command is about.
    return (
        environment(**(backend | chosen(backend)), DEBUG="true"),
        environment(**(frontend | chosen(frontend)), BACKEND_PORT=str(backend_port)),
        page,
    )


def chosen(names: Iterable[str]) -> dict[str, str]:
    return {name: os.environ[name] for name in names if name in os.environ}


def own_address() -> str:
    """The address by which other machines reach this one; nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address, never routed
        return str(probe.getsockname()[0])
    return socket.gethostname()


def announce(page: str, seconds: float) -> None:
    rule = "─" * 74
    say(f"\n{rule}")
    say(f"  Vestnik is up ({seconds:.0f} s):  {paint(page, '1;36')}")
    say(f"  Sign in as   {paint(ACCOUNTS, '1')}   password  {paint('demo', '1')}")
    say("  Two windows, two people: a private window keeps the second sign-in apart.")
    say(f"  Ctrl-C stops everything.\n{rule}\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make run", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--backend-port", type=int, default=DEFAULT_BACKEND_PORT)
    parser.add_argument("--frontend-port", type=int, default=DEFAULT_FRONTEND_PORT)
    wanted = parser.parse_args()
    ports = {"BACKEND_PORT": wanted.backend_port, "FRONTEND_PORT": wanted.frontend_port}
    for variable, port in ports.items():
        if not 0 < port < 65536:
            stop(f"{variable}={port} is no port; one is between 1 and 65535.")

    check_ports(wanted.host, ports)
    set_up("backend", "frontend")
    started = time.monotonic()
    env, frontend_env, page = surroundings(wanted.host, wanted.backend_port, wanted.frontend_port)
    say("Preparing the database")
    run_step("creating or updating the tables", [PYTHON, "manage.py", "migrate", "--no-input"], cwd=BACKEND, env=env)
    say(run_step("filling in the demo data", [PYTHON, "manage.py", "demo"], cwd=BACKEND, env=env).rstrip())

    check_ports(wanted.host, ports)
    say("Starting the backend and the front end")
    # Browsers reach the backend through the page's own address, so it needs no other door than the proxy's.
    door = {"0.0.0.0": "0.0.0.0", "::": "[::]"}.get(wanted.host, "127.0.0.1")
    serve: list[str | Path] = [PYTHON, "manage.py", "runserver", f"{door}:{wanted.backend_port}"]
    vite = ["npm", "run", "dev", "--silent", "--"]
    vite += ["--host", wanted.host, "--port", str(wanted.frontend_port), "--strictPort"]
    parts: list[Part] = []
    try:
        parts.append(Part("backend", "32", serve, BACKEND, env))
        parts.append(Part("frontend", "35", vite, FRONTEND, frontend_env))
        wait_until_ready(parts, wanted.host, wanted.backend_port, wanted.frontend_port, page)
        announce(page, time.monotonic() - started)
        while True:
            complain_if_dead(parts)
            time.sleep(0.2)
    finally:
        # A second Ctrl-C must not interrupt the stopping: it would leave the children behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        say("\nStopping …")
        stop_all(parts)


def interrupt(number: int, frame: FrameType | None) -> None:
    raise Asked


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        sys.exit(main())
    except Asked:
        say("Stopped.")
        sys.exit(0)
