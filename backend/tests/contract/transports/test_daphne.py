"""The behaviour suite over Daphne, started as in development: ``manage.py runserver``."""

from __future__ import annotations

from tests.support.transport_behaviour import TransportBehaviour


class TestDaphne(TransportBehaviour):
    server = "daphne"
