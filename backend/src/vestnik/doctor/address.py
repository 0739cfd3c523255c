"""Which address a page uses for its socket, by the same three rules as ``getWebSocketBaseUrl()`` in the browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

VARIABLE = "VITE_WEBSOCKET_URL"
FALLBACK = "ws://localhost:8000/ws"
DEVELOPMENT_PORT = 8080

Mode = Literal["development", "production"]


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """An address, and why it is this one.

    Attributes:
        url: What the page connects to; may be malformed, that is for a probe to say.
        rule: In the words of the browser's log line.
        source: The file and line, or the variable, to change for another address.
    """

    url: str
    rule: str
    source: str

    @property
    def shown(self) -> str:
        """The address as it may be printed: without what may be a secret."""
        return without_secrets(self.url)


def without_secrets(url: str) -> str:
    """An address without password and query, which sometimes holds a token."""
    url = re.sub(r"//[^/@]*@", "//…@", url)
    return re.sub(r"[?#].*", "?…", url)


def choose(environ: Mapping[str, str], frontend: Path | None, mode: Mode, page: str) -> Choice:
    """The address that a page served at ``page`` uses.

    Vite reads ``.env``, ``.env.local``, ``.env.MODE`` and ``.env.MODE.local``, where the later wins and the
    environment wins over all; it compiles the value into the page.

    Args:
        environ: The environment that Vite is started with.
        frontend: The directory of the front end; ``None`` when there is none on this machine.
        mode: ``development`` for ``npm run dev``, ``production`` for ``npm run build``.
        page: The origin that the page is loaded from.
    """
    value, source = environ.get(VARIABLE), "the environment"
    if value is None and frontend is not None:
        value, source = value_in_files(frontend, mode)
    if value:
        return Choice(url=value, rule=f"{VARIABLE} env var", source=f"{VARIABLE} in {source}")
    scheme = "wss" if page.startswith("https:") else "ws"
    return Choice(
        url=f"{scheme}://{page.partition('//')[2]}/ws", rule="window.location", source=f"the page's own address, {page}"
    )


def value_in_files(frontend: Path, mode: Mode) -> tuple[str | None, str]:
    """The variable's value in Vite's files and where it stands; ``None`` when it stands nowhere."""
    for name in (f".env.{mode}.local", f".env.{mode}", ".env.local", ".env"):
        path = frontend / name
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        found = None
        for number, line in enumerate(lines, start=1):
            if match := re.match(rf"\s*(?:export\s+)?{VARIABLE}\s*=\s*(.*?)\s*$", line):
                found = _unquote(match[1]), f"{frontend.name}/{name}, line {number}"
        if found:
            return found
    return None, ""


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'`":
        return text[1:-1]
    return text.partition(" #")[0].strip()


class Address(msgspec.Struct, frozen=True):
    """A socket's address, taken apart."""

    is_secure: bool
    host: str
    port: int
    path: str

    @property
    def is_local(self) -> bool:
        return self.host in {"localhost", "::1", "0.0.0.0"} or self.host.startswith("127.")  # noqa: S104

    @property
    def netloc(self) -> str:
        """``host:port`` as it stands in a URL and a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_secure else 80) else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """What a page loaded from this host says in its Origin header."""
        return f"{'https' if self.is_secure else 'http'}://{self.netloc}"

    @property
    def url(self) -> str:
        return f"{'wss' if self.is_secure else 'ws'}://{self.netloc}{self.path}"


def parse(url: str) -> Address:
    """Take an address apart.

    Raises:
        ValueError: It cannot be a WebSocket's; the sentence says why.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in {"ws", "wss"}:
        raise ValueError(f"it begins with {parts.scheme + '://' if parts.scheme else 'no scheme'}, not ws:// or wss://")
    if not parts.hostname:
        raise ValueError("it names no host")
    if parts.username or parts.password:
        raise ValueError("it holds a password; browsers refuse that")
    is_secure = parts.scheme == "wss"
    return Address(is_secure, parts.hostname, parts.port or (443 if is_secure else 80), parts.path)
