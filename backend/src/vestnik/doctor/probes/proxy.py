"""Does the page's own server pass WebSockets on to the backend?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.core.findings import Finding
from vestnik.doctor.address import Address
from vestnik.doctor.findings import error, ok
from vestnik.doctor.network import Answer, Reach
from vestnik.doctor.situation import Situation

FOR_NGINX = (
    "in nginx, inside `location /ws`: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; "
    'proxy_set_header Connection "upgrade"; proxy_read_timeout 75s;'
)


def probe(situation: Situation) -> Iterator[Finding]:
    page, backend = situation.page, situation.backend
    if page is None or backend is None or situation.page_reach is not Reach.OPEN or page.port == backend.port:
        return
    if not situation.backend_upgrade.is_websocket:
        return  # what stands behind the proxy is not well, and that was said
    answer = situation.page_upgrade
    if answer.is_websocket:
        yield ok("proxy", f"handshake through the proxy on port {page.port}: {answer.seconds * 1000:.0f} ms")
    elif answer.status in {502, 503, 504}:
        yield error(
            "proxy-does-not-upgrade",
            f"the proxy on port {page.port} answers {answer.status} while the backend on port {backend.port} is well: "
            "it looks for the backend elsewhere",
            f"restart it so that it looks there: cd frontend && BACKEND_PORT={backend.port} npm run dev",
        )
    elif answer.status == 403:
        yield error(
            "origin-refused",
            f"the backend lets pages of {page.origin} in, but not through the proxy on port {page.port}: the proxy "
            "changes the Host or Origin header",
            "in frontend/vite.config.ts, in the entry for /ws of server.proxy: changeOrigin: false",
        )
    else:
        yield error(
            "proxy-does-not-upgrade",
            f"the backend on port {backend.port} opens a WebSocket, but the proxy on port {page.port} does not pass "
            f"{page.path} on: {answer.in_words}",
            _remedy(answer, page, backend),
        )


def _remedy(answer: Answer, page: Address, backend: Address) -> str:
    if "nginx" in answer.headers.get("server", ""):
        return FOR_NGINX
    entry = f'"/ws": {{ target: "ws://127.0.0.1:{backend.port}", ws: true }}'
    return f"in frontend/vite.config.ts, in server.proxy: {entry}, and restart `npm run dev`"
