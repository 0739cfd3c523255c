"""``manage.py reconcile_payments``: ask the payment providers about whatever may have changed unheard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vestnik.apps.billing.reconciliation import reconcile


class Command(BaseCommand):
    help = "Repairs what lost webhooks left. Safe to repeat; run it every few minutes."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--older-than",
            type=int,
            default=0,
            metavar="SECONDS",
            help="leave alone what was begun less than this ago (default: 0)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["older_than"] < 0:
            raise CommandError("--older-than: a number of seconds, not below 0")
        done = reconcile(older_than=timedelta(seconds=options["older_than"]))
        self.stdout.write(f"checked {done.checked}, changed {done.changed}, failed {done.failed}")
        if done.failed:
            raise CommandError("some could not be reconciled, see the log; they are tried again next time")
