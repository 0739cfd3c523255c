"""Set-up: everything that a bare checkout lacks, and nothing twice.

``setup.py [backend] [frontend] [browser] [postgres]`` does the named parts (the first two when none is named). Each
part leaves a stamp of what it was made from, so that the next call only compares.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from console import BACKEND, FRONTEND, PYTHON, ROOT, environment, run_step, say, stop

UV_VERSION = "0.13.9"
NODE_FLOOR = (20, 19)  # Vite 8 asks for it
TOOLS = ROOT / ".tools"

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups side by side would pull the packages from under each other."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another set-up is running in this checkout; waiting for it …")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fingerprint(*parts: Path | str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def is_current(stamp: Path, made_from: str) -> bool:
    return stamp.is_file() and stamp.read_text().strip() == made_from


# Python ----------------------------------------------------------------------------------------------------------


def set_up_backend() -> None:
    """``backend/.venv`` with exactly what ``uv.lock`` names."""
    stamp = BACKEND / ".venv" / ".made-from"
    made_from = fingerprint(BACKEND / "uv.lock", BACKEND / "pyproject.toml", str(BACKEND))
    if is_current(stamp, made_from) and works(PYTHON, "-c", "import django"):
        return
    say("Setting up the backend (about half a minute the first time)")
    command: list[str | Path] = [uv(), "sync", "--frozen", "--all-extras"]
    if not works(PYTHON, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"):
        command += ["--python", sys.executable]
    changes = {"UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "UV_LINK_MODE": "copy"}
    run_step("installing the Python packages into backend/.venv", command, cwd=BACKEND, env=environment(**changes))
    stamp.write_text(made_from + "\n")


def uv() -> Path:
    """The pinned uv, in a place of its own: it must not depend on the environment that it makes."""
    home = TOOLS / f"uv-{UV_VERSION}"
    binary = home / "bin" / "uv"
    if not works(binary, "--version"):
        make_environment(home)
        python = home / "bin" / "python"
        pip: list[str | Path] = [python, "-m", "pip", "install", "--disable-pip-version-check", f"uv=={UV_VERSION}"]
        run_step(f"installing uv {UV_VERSION}, which installs the Python packages, into .tools", pip)
    return binary


def make_environment(home: Path) -> None:
    if not works(sys.executable, "-c", "import ensurepip, venv"):
        # Debian ships this part of Python as a package of its own.
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        install_debian_packages(package, why=f"Python {platform.python_version()} cannot make virtual environments yet")
    run_step("making an environment for uv", [sys.executable, "-m", "venv", "--clear", home])


# Node ------------------------------------------------------------------------------------------------------------


def set_up_frontend() -> None:
    """``frontend/node_modules`` with exactly what ``package-lock.json`` names."""
    version = check_node()
    stamp = FRONTEND / "node_modules" / ".made-from"
    manifests = [FRONTEND / "package.json", *sorted(FRONTEND.glob("packages/*/package.json"))]
    dependencies = [fingerprint(*dependencies_of(manifest)) for manifest in manifests]
    made_from = fingerprint(FRONTEND / "package-lock.json", *dependencies, f"node {version[0]}")
    if is_current(stamp, made_from):
        return
    say("Setting up the front end (about half a minute the first time)")
    command = ["npm", "ci", "--no-audit", "--no-fund", "--loglevel=http"]
    run_step("installing the npm packages into frontend/node_modules", command, cwd=FRONTEND)
    stamp.write_text(made_from + "\n")


def dependencies_of(manifest: Path) -> list[str]:
    """What a package.json asks for; its scripts may change without a new installation."""
    content = json.loads(manifest.read_text())
    kinds = ("dependencies", "devDependencies", "peerDependencies", "optionalDependencies", "workspaces")
    return [json.dumps(content.get(kind), sort_keys=True) for kind in kinds]


def check_node() -> tuple[int, int]:
    wanted = ".".join(map(str, NODE_FLOOR))
    where = "It comes from https://nodejs.org/en/download or your distribution; Debian 12's own is too old."
    if shutil.which("node") is None:
        stop(f"Vestnik needs Node.js {wanted} or newer, and there is no `node` on this machine.", where)
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", answer)
    if not found:
        stop(f"Vestnik needs Node.js {wanted} or newer; `node --version` here says {answer.strip()!r}.", where)
    version = int(found[1]), int(found[2])
    if version < NODE_FLOOR:
        stop(f"Vestnik needs Node.js {wanted} or newer; this machine has {answer.strip()}.", where)
    if shutil.which("npm") is None:
        stop("Vestnik needs npm, and there is none on this machine.", "It comes with Node.js: https://nodejs.org")
    return version


# What only the tests need ------------------------------------------------------------------------------------------


def set_up_browser() -> None:
    """Chromium, for the end-to-end tests."""
    if not any(shutil.which(name) for name in BROWSERS):
        # The emoji of reactions are drawn only with a font that has them.
        install_debian_packages(
            "chromium", "fonts-dejavu-core", "fonts-noto-color-emoji", why="the end-to-end tests drive a real Chromium"
        )


def set_up_postgres() -> None:
    """The PostgreSQL server's programs, for the tests that run on it; no server has to be running."""
    if shutil.which("initdb") is None and not glob.glob("/usr/lib/postgresql/*/bin/initdb"):
        install_debian_packages("postgresql", why="the tests that touch the database run on PostgreSQL too")


def install_debian_packages(*packages: str, why: str) -> None:
    """Install by apt-get, as root; say what to install otherwise."""
    wanted = " ".join(packages)
    if shutil.which("apt-get") is None:
        stop(f"Something is missing: {why}.", f"Install what Debian calls: {wanted}")
    if os.geteuid() != 0:
        stop(f"Something is missing: {why}.", f"Install it with: sudo apt-get install {wanted}")
    say(f"Installing Debian packages, since {why}: {wanted}")
    env = environment(DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
    run_step("fetching the list of Debian's packages", ["apt-get", "update", "-q"], env=env)
    run_step(f"installing {wanted}", ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages], env=env)


def works(*command: str | Path) -> bool:
    """Whether the program is there and ends well."""
    try:
        return subprocess.run([str(part) for part in command], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


PARTS = {
    "backend": set_up_backend,
    "frontend": set_up_frontend,
    "browser": set_up_browser,
    "postgres": set_up_postgres,
}


def set_up(*parts: str) -> None:
    """Do the named parts, in order.

    Raises:
        SystemExit: Something is missing that cannot be installed from here; it was said what.
    """
    if "frontend" in parts:
        check_node()  # before anything that takes long
    with one_at_a_time():
        for part in parts:
            PARTS[part]()


if __name__ == "__main__":
    if unknown := set(sys.argv[1:]) - set(PARTS):
        stop(f"No such part of the set-up: {', '.join(sorted(unknown))}.", f"There are: {', '.join(PARTS)}")
    try:
        set_up(*(sys.argv[1:] or ("backend", "frontend")))
    except KeyboardInterrupt:
        stop("Stopped. The next call goes on from here.")
