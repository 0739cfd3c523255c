"""Does the address end in the path that the server serves?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok
from vestnik.doctor.situation import Situation

SERVED = ("/ws", "/connection/websocket")


def probe(situation: Situation) -> Iterator[Finding]:
    address = situation.address
    if address is None:
        return
    path = address.path.rstrip("/")
    if any(path == served or path.startswith(f"{served}/") for served in SERVED):
        yield ok("path", f"its path {address.path} is one that the server serves")
        return
    right = f"{'wss' if address.is_secure else 'ws'}://{address.netloc}/ws"
    named = f"its path is {path}" if path else "it has no path"
    yield error(
        "url-path-missing-ws",
        f"{situation.choice.shown} does not end in /ws: {named}",
        f"change {situation.choice.source} to: VITE_WEBSOCKET_URL={right}",
    )
