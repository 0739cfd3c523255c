"""``manage.py prune_events``: remove events past the retention of their namespace."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from vestnik.apps.eventlog.namespaces import declared_namespaces
from vestnik.apps.eventlog.pruning import prune, undeclared_streams


class Command(BaseCommand):
    help = "Removes events that are older than the retention of their namespace. Safe to repeat, and while in use."

    def handle(self, *args: Any, **options: Any) -> None:
        namespaces = declared_namespaces()
        removed = prune(namespaces)
        for name, count in removed.items():
            self.stdout.write(f"{name or '(no namespace)'}: {count} events removed")
        if not removed:
            self.stdout.write("Nothing is old enough to be removed.")
        left_alone = undeclared_streams(namespaces)
        if left_alone:
            self.stdout.write(
                self.style.WARNING(f"{left_alone} streams belong to no declared namespace and are never pruned.")
            )
