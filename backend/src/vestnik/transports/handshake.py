"""What is decided before a socket is opened; the same for every transport."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

import msgspec

from vestnik.core.codec import JSON, PROTOBUF, Codec
from vestnik.core.errors import VestnikError
from vestnik.core.ports import Credentials

logger = logging.getLogger(__name__)

SUBPROTOCOLS: dict[str, Codec] = {"centrifuge-json": JSON, "centrifuge-protobuf": PROTOBUF}

# The SDKs' usual address; the mission's; and one per service, which subscribes to that service's channel on connect.
PATHS = re.compile(r"/(?:connection/websocket|ws(?:/(?:chat/(?P<room>[0-9]{1,18})|notifications|invoices))?)/?")


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """A request to open a WebSocket.

    Attributes:
        path: As sent, decoded, without the query.
        query: The raw query string.
        headers: Lower-case names; of a header sent twice the last one counts.
        subprotocols: As offered, in the client's order.
        address: The peer's address, for the log.
    """

    path: str
    query: str = ""
    headers: Mapping[str, str] = {}
    subprotocols: Sequence[str] = ()
    address: str = ""


class Refused(VestnikError):
    """The socket is not opened: an HTTP status, and a word that the log and the body carry."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """The socket may be opened.

    Attributes:
        codec: What is spoken over it.
        subprotocol: To be confirmed to the client; None if it offered none.
        credentials: What the handshake showed of who this is.
        channels: To be subscribed on connect.
    """

    codec: Codec
    subprotocol: str | None
    credentials: Credentials
    channels: Sequence[str]


CheckCredentials = Callable[[Handshake], Awaitable[Credentials]]
"""Looks at the credential in a handshake, if there is one. Raises :class:`Refused` with 401 for a bad one."""


class Doorkeeper:
    """Admits or refuses handshakes.

    Args:
        check_credentials: Who knows tokens and cookies.
        allowed_origins: ``scheme://host[:port]`` of pages that may open a socket, beside the site's own; ``*`` for all,
            whose cookies do not count unless they are listed too.
    """

    def __init__(self, check_credentials: CheckCredentials, allowed_origins: Sequence[str]) -> None:
        self._check_credentials = check_credentials
        self._allowed_origins = frozenset(origin.rstrip("/").lower() for origin in allowed_origins)

    async def admit(self, handshake: Handshake, *, is_draining: bool = False) -> Admitted:
        """Decide.

        Raises:
            Refused: 503 while the node ``is_draining``, 404 for another path, 403 for an origin that is not allowed,
                401 for a bad credential, 400 for a subprotocol that nobody here speaks.
        """
        if is_draining:
            raise Refused(503, "shutting down")
        match = PATHS.fullmatch(handshake.path)
        if match is None:
            raise Refused(404, "no WebSocket at this path; the address ends in /ws")
        origin = handshake.headers.get("origin", "")
        is_trusted = self.is_trusted_origin(origin, handshake.headers.get("host", ""))
        if origin and not is_trusted and "*" not in self._allowed_origins:
            raise Refused(403, "origin not allowed")
        subprotocol, codec = _agree(handshake)
        if not is_trusted:
            handshake = _without_cookies(handshake)
        credentials = await self._check_credentials(handshake)
        channels = (f"chat:{match['room']}",) if match["room"] else ()
        return Admitted(codec=codec, subprotocol=subprotocol, credentials=credentials, channels=channels)

    def is_trusted_origin(self, origin: str, host: str) -> bool:
        """Whether ``origin`` is the site's own, or listed by name. ``*`` lets pages in without trusting them."""
        if origin != "*" and origin.rstrip("/").lower() in self._allowed_origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        return parts.scheme in ("http", "https") and bool(host) and parts.netloc.lower() == host.lower()


def _without_cookies(handshake: Handshake) -> Handshake:
    """A browser sends the site's cookies whichever page asks, so that they say nothing of who wants the socket."""
    headers = {name: value for name, value in handshake.headers.items() if name != "cookie"}
    return msgspec.structs.replace(handshake, headers=headers)


def _agree(handshake: Handshake) -> tuple[str | None, Codec]:
    for name in handshake.subprotocols:
        if name in SUBPROTOCOLS:
            return name, SUBPROTOCOLS[name]
    if handshake.subprotocols:
        raise Refused(400, "no subprotocol in common; this server speaks centrifuge-json and centrifuge-protobuf")
    query = parse_qs(handshake.query)
    wants_protobuf = "protobuf" in (*query.get("format", ()), *query.get("cf_protocol", ()))
    return None, PROTOBUF if wants_protobuf else JSON
