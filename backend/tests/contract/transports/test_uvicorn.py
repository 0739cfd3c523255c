"""The behaviour suite over uvicorn."""

from __future__ import annotations

from tests.support.transport_behaviour import TransportBehaviour


class TestUvicorn(TransportBehaviour):
    server = "uvicorn"
