"""``manage.py gateway``: the process that only holds sockets."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from vestnik.core.errors import BackendError


class Command(BaseCommand):
    help = "Serves WebSocket in production, beside any server for HTTP. Ends in order on SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8001, help="port to listen on (8001)")
        parser.add_argument(
            "--test-echo", action="store_true", help="also serve /echo, which returns every message; needs DEBUG"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["test_echo"] and not settings.DEBUG:
            raise CommandError("--test-echo: refused unless DEBUG; it lets anybody use this server as a mirror.")
        if not 0 < options["port"] < 65_536:
            raise CommandError(f"--port: expected 1 to 65535, got {options['port']}.")
        try:
            from vestnik.gateway.service import Address, serve
        except ModuleNotFoundError as error:
            raise CommandError(f"{error.name} is missing. Install it with: pip install 'vestnik[gateway]'") from error
        address = Address(options["host"], options["port"])
        try:
            serve(address, test_echo=options["test_echo"])
        except OSError as error:
            raise CommandError(f"cannot listen on {address}: {error.strerror or error}") from error
        except BackendError as error:
            raise CommandError(str(error)) from error
