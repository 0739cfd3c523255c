"""``manage.py mark_overdue``: note on unpaid invoices since when they are overdue."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from vestnik.apps.billing.actions import mark_overdue


class Command(BaseCommand):
    help = (
        "Marks unpaid invoices whose due date has passed, and notifies. Safe to repeat; run it daily, after midnight."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"marked {len(mark_overdue())} invoices as overdue")
