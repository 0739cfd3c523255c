"""Does the server let pages of this origin open a socket?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.apps.conf import vestnik_settings
from vestnik.core.findings import Finding
from vestnik.doctor import network
from vestnik.doctor.findings import error, ok
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    page = situation.page
    if page is None or not situation.is_backend_up:
        return
    address = situation.backend or page
    answer = situation.backend_upgrade if situation.backend else situation.page_upgrade
    if answer.status == 403:
        # The same request from the server's own origin tells an origin that is refused from any other refusal.
        is_origin = network.upgrade(address, origin=address.origin).is_websocket
        allowed = vestnik_settings().allowed_origins
        line = f"ALLOWED_ORIGINS={','.join([*allowed, page.origin])}"
        yield error(
            "origin-refused",
            f"the server refuses sockets from pages of {page.origin} with 403"
            + ("" if is_origin or page.origin not in allowed else ", although these settings allow them"),
            f"set in backend/.env or the environment, and restart Django: {line}",
        )
    elif answer.is_websocket:
        yield ok("origin", f"pages of {page.origin} may open a socket")
