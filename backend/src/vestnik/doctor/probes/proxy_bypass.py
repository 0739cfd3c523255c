"""Does the page of the development server talk to it, or past it?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    address = situation.address
    if address is None or not address.is_local:
        return
    if situation.bypasses_proxy:
        right = f"ws://{address.host}:{situation.frontend_port}/ws"
        yield error(
            "url-bypasses-proxy",
            f"{situation.choice.shown} goes straight to Django on port {address.port}, past the proxy of the page's "
            f"own server on port {situation.frontend_port}: another origin than in production",
            f"change {situation.choice.source} to: VITE_WEBSOCKET_URL={right} and restart `npm run dev`",
        )
    else:
        yield ok("proxy-bypass", f"the socket goes to port {address.port}, where the page comes from")
