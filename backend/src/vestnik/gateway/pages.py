"""What the gateway answers beside sockets: whether it is alive, can do its work, and what it counts."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

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

    async def metrics(request: Request) -> Answer:
        return Answer(status=200, body=generate_latest(), content_type=CONTENT_TYPE_LATEST)

    return {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}


def _json(content: object, status: int) -> Answer:
    return Answer(status=status, body=msgspec.json.encode(content), content_type="application/json")
