"""The behaviour suite over the gateway, with HTTP served by another process, as in production."""

from __future__ import annotations

from tests.support.transport_behaviour import TransportBehaviour


class TestPicows(TransportBehaviour):
    server = "picows"
