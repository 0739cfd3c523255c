"""What the probes know: the address and where it comes from, who signs in, and what answered so far."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection

from vestnik.doctor import network
from vestnik.doctor.address import DEVELOPMENT_PORT, Address, Choice, Mode, choose, parse
from vestnik.doctor.dialogue import Reply
from vestnik.doctor.identity import Identity, NoIdentity, find_identity
from vestnik.doctor.network import Answer, Reach


class Situation:
    """One examination's subject. Observations are made when first asked for and then kept.

    Args:
        url: An address to look at instead of the one that a page would use.
        token: A credential to try: a connection token or a sign-in token.
        username: Whose connection to try; a token is made for them.
        backend_port: Where Django listens on this machine.
        environ: The environment that Vite would see.
        frontend: The front end's directory; the project's own when omitted.
    """

    def __init__(
        self,
        *,
        url: str = "",
        token: str = "",
        username: str = "",
        backend_port: int = 0,
        environ: Mapping[str, str] | None = None,
        frontend: Path | None = None,
    ) -> None:
        self.environ = os.environ if environ is None else environ
        self.frontend = frontend or _frontend_directory()
        self.token = token
        self.username = username
        self.backend_port = backend_port or int(self.environ.get("BACKEND_PORT") or 8000)
        self.frontend_port = int(self.environ.get("FRONTEND_PORT") or DEVELOPMENT_PORT)
        self._url = url
        self.connected: Reply | None = None  # the server's reply to a sign-in that succeeded

    @property
    def mode(self) -> Mode:
        return "development" if settings.DEBUG else "production"

    @cached_property
    def choice(self) -> Choice:
        """The address, and by which rule."""
        if self._url:
            return Choice(url=self._url, rule="--url", source="--url")
        return choose(self.environ, self.frontend, self.mode, f"http://localhost:{self.frontend_port}")

    @cached_property
    def address(self) -> Address | None:
        """The address taken apart, ``None`` when it cannot be."""
        try:
            return parse(self.choice.url)
        except ValueError:
            return None

    @cached_property
    def backend(self) -> Address | None:
        """Where Django itself listens; ``None`` when it is on another machine, behind the address."""
        if self.address is None or not self.address.is_local:
            return None
        return Address(False, "127.0.0.1", self.backend_port, self.socket_path)

    @cached_property
    def socket_path(self) -> str:
        path = self.address.path if self.address else ""
        return path if path.strip("/") else "/ws"

    @cached_property
    def bypasses_proxy(self) -> bool:
        """Whether a page of the development server would talk past it."""
        return self.address is not None and self.address.is_local and self.address.port == self.backend_port

    @cached_property
    def page(self) -> Address | None:
        """Where the page comes from, and the socket should too."""
        if self.address is None:
            return None
        if self.bypasses_proxy:
            return Address(False, self.address.host, self.frontend_port, self.socket_path)
        return Address(self.address.is_secure, self.address.host, self.address.port, self.socket_path)

    # What answers ------------------------------------------------------------------------------------------------

    @cached_property
    def backend_reach(self) -> Reach | None:
        return network.reach(self.backend.host, self.backend.port) if self.backend else None

    @cached_property
    def backend_health(self) -> Answer:
        return network.get(self.backend, "/healthz") if self.backend else Answer(problem="not on this machine")

    @cached_property
    def backend_upgrade(self) -> Answer:
        """What the backend says to an upgrade as the page's proxy passes it on."""
        if self.backend is None or self.page is None:
            return Answer(problem="not on this machine")
        return network.upgrade(self.backend, origin=self.page.origin)

    @cached_property
    def page_reach(self) -> Reach | None:
        return network.reach(self.page.host, self.page.port) if self.page else None

    @cached_property
    def page_upgrade(self) -> Answer:
        if self.page is None:
            return Answer(problem="there is no address")
        return network.upgrade(self.page, origin=self.page.origin)

    @property
    def is_backend_up(self) -> bool:
        """Whether something accepts connections where Django should be; unknown counts as yes."""
        return self.backend_reach in (None, Reach.OPEN)

    @property
    def is_database_up(self) -> bool:
        try:
            connection.ensure_connection()
        except DatabaseError:
            return False
        return True

    # Who signs in ------------------------------------------------------------------------------------------------

    @cached_property
    def identity(self) -> Identity:
        """Whose connection is tried; see :func:`identity.find_identity` for what is raised when nobody's."""
        return find_identity(self.token, self.username)

    @property
    def identity_or_none(self) -> Identity | None:
        try:
            return self.identity
        except (NoIdentity, DatabaseError):
            return None

    # The ways to the server --------------------------------------------------------------------------------------

    @cached_property
    def ways(self) -> dict[str, Address]:
        """The ways to the server over which a WebSocket opens, by name."""
        ways: dict[str, Address] = {}
        if self.page and self.page_reach is Reach.OPEN and self.page_upgrade.is_websocket:
            ways[f"port {self.page.port}" if self.page.is_local else self.page.host] = self.page
        if self.backend and self.backend_reach is Reach.OPEN and self.backend_upgrade.is_websocket:
            ways.setdefault(f"port {self.backend.port}", self.backend)
        return ways


def _frontend_directory() -> Path | None:
    """The directory with the front end of this project, if it is where a checkout has it."""
    base = Path(getattr(settings, "BASE_DIR", "."))
    for candidate in (base.parent / "frontend", base / "frontend", base):
        if (candidate / "vite.config.ts").is_file() or (candidate / ".env.development").is_file():
            return candidate
    return None
