"""What address would be compiled into the page by ``npm run build``?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.core.findings import Finding
from vestnik.doctor.address import VARIABLE, parse, value_in_files, without_secrets
from vestnik.doctor.findings import error, ok, warn
from vestnik.doctor.situation import Situation

PLACEHOLDER = "yourdomain.com"


def probe(situation: Situation) -> Iterator[Finding]:
    if situation.frontend is None:
        return
    value, source = value_in_files(situation.frontend, "production")
    if not value:
        yield ok("production-address", "a production build uses the host that the page is loaded from")
        return
    try:
        address = parse(value)
    except ValueError as problem:
        yield error(
            "url-malformed",
            f"a production build would use {without_secrets(value)!r}, which is no WebSocket address: {problem}",
            f"change {source} to: {VARIABLE}=wss://{PLACEHOLDER}/ws with your own domain",
        )
        return
    if not address.is_secure and not address.is_local:
        yield error(
            "insecure-url-on-secure-page",
            f"a production build would use {without_secrets(value)}; on a page over https:// the browser refuses it",
            f"change {source} to: {VARIABLE}=wss://{address.netloc}{address.path or '/ws'}",
        )
    elif PLACEHOLDER in address.host and situation.mode == "production":
        yield warn(
            "placeholder-domain",
            f"a production build would use the example's address {without_secrets(value)}",
            f"change {source} to: {VARIABLE}=wss://<your domain>/ws, or leave it empty for the page's own host",
        )
    else:
        note = ", the example's: replace it before you build" if PLACEHOLDER in address.host else ""
        yield ok("production-address", f"a production build uses {without_secrets(value)} ({source}){note}")
