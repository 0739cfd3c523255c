"""Would a browser refuse the address because the page is encrypted and the socket is not?"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from vestnik.apps.conf import vestnik_settings
from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    address = situation.address
    if address is None or address.is_local:
        return
    secure_origin = f"https://{address.netloc}"
    if address.is_secure:
        yield ok("scheme", "the socket is encrypted (wss://), so a page over https:// may use it")
    elif settings.SECURE_SSL_REDIRECT or not settings.DEBUG or secure_origin in vestnik_settings().allowed_origins:
        yield error(
            "insecure-url-on-secure-page",
            f"{situation.choice.shown} is not encrypted; on a page over https:// the browser refuses it",
            f"change {situation.choice.source} to: VITE_WEBSOCKET_URL=wss://{address.netloc}{situation.socket_path}",
        )
