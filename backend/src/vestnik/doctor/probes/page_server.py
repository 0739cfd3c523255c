"""Does the page's own server listen, and is it Vite?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.core.findings import Finding
from vestnik.doctor import network
from vestnik.doctor.findings import error, ok
from vestnik.doctor.network import Reach, listeners
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    page, reach = situation.page, situation.page_reach
    if page is None or reach is None:
        return
    if reach is not Reach.OPEN:
        start = "cd frontend && npm run dev" if page.is_local else f"systemctl status nginx  # on {page.host}"
        what = f"nothing listens on port {page.port}" if page.is_local else f"{page.netloc} {reach.value}"
        why = ": connection refused" if page.is_local and reach is Reach.REFUSED else ""
        yield error("page-server-down", f"{what}{why}", f"run: {start}")
        return
    if not page.is_local:
        yield ok("page-server", f"{page.netloc} accepts connections")
        return
    client = network.get(page, "/@vite/client")
    is_vite = client.status == 200 and "javascript" in client.headers.get("content-type", "")
    if is_vite:
        yield ok("page-server", f"Vite answers on port {page.port} in {client.seconds * 1000:.0f} ms")
    elif situation.page_upgrade.is_websocket:
        yield ok("page-server", f"another server than Vite answers on port {page.port}, and passes /ws on")
    else:
        whom = "".join(f" (process {process}: {name})" for process, name in sorted(listeners(page.port).items())[:1])
        yield error(
            "page-server-is-another-program",
            f"something listens on port {page.port}, but it is not Vite: GET /@vite/client came to "
            f"{client.in_words}{whom}",
            f"stop it and run: cd frontend && npm run dev, or use another port: make run FRONTEND_PORT={page.port + 1}",
        )
