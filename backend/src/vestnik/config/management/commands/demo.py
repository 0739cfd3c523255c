"""``manage.py demo``: people, rooms, notifications and invoices to try things out with."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand

from vestnik.apps.accounts import demo as accounts
from vestnik.apps.billing import demo as billing
from vestnik.apps.billing.models import Invoice
from vestnik.apps.chat import demo as chat
from vestnik.apps.chat.models import Message, Room
from vestnik.apps.notifications import demo as notifications
from vestnik.apps.notifications.models import Notification


class Command(BaseCommand):
    help = "(Re)creates the demo data: what is missing is created, what is there stays. Never run it on a real site."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        users = accounts.fill()
        self.stdout.write(f"    people: {', '.join(users)} (password: {accounts.PASSWORD})")
        chat.fill(users)
        self.stdout.write(f"    chat: {Room.objects.count()} rooms, {Message.objects.count()} messages")
        notifications.fill(users)
        self.stdout.write(f"    notifications: {Notification.objects.count()}")
        billing.fill(users)
        self.stdout.write(f"    invoices: {Invoice.objects.count()}")
        self.stdout.write(self.style.SUCCESS(f"    demo data is there, {time.monotonic() - started:.1f} s"))
