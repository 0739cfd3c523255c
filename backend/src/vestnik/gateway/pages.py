"""What the gateway answers beside sockets: whether it is alive, and whether it can do its work."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from vestnik.apps.rest.health import readiness
from vestnik.transports.front_door import Answer, Request
from vestnik.transports.picows import Page
from vestnik.wiring import Site


def pages_of(site: Site) -> Mapping[str, Page]:
    """The pages of one process."""

    async def healthz(request: Request) -> Answer:
        return _json({"status": "ok"}, 200)

    async def readyz(request: Request) -> Answer:
        found = await site.in_database_thread(readiness)
        return _json(found, 200 if found.status == "ok" else 503)

    return {"/healthz": healthz, "/readyz": readyz}


def _json(content: object, status: int) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(content), content_type="application/json")
