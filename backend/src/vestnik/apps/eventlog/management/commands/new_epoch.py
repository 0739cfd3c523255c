"""``manage.py new_epoch``: to be run once after a backup was restored."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from vestnik.apps.eventlog.pruning import start_new_epochs


class Command(BaseCommand):
    help = (
        "Starts a new epoch in every stream, so that clients who saw events that the restored backup does not hold "
        "fetch a fresh snapshot. Run it after restoring a backup, before the servers start."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{start_new_epochs()} streams start a new epoch.")
