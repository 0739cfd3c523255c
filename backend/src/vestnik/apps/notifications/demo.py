"""Notifications of the demo: everybody has one of every kind, some of them read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone

from vestnik.apps.eventlog.log import transaction
from vestnik.apps.notifications import actions
from vestnik.apps.notifications.actions import notify
from vestnik.apps.notifications.kinds import KINDS
from vestnik.apps.notifications.models import Notification

if TYPE_CHECKING:
    from django.contrib.auth.models import User

APART = timedelta(hours=5)
READ_BEFORE = 4  # the latest ones are left unread

# What any of the built-in templates may ask for.
PARAMS: Mapping[str, Any] = {
    "sender": "Анна Сергеевна Петрова",
    "by": "Анна Сергеевна Петрова",
    "room": "Маша, математика",
    "text": "Завтра разбираем квадратные уравнения, захватите тетрадь.",
    "title": "Каникулы с 28 декабря по 8 января",
    "number": "2026-00000",
    "description": "Математика, 8 занятий",
    "amount": {"amount_minor": 1_200_000, "currency": "RUB"},
    "paid": {"amount_minor": 600_000, "currency": "RUB"},
    "payer": "Ольга Иванова",
    "device": "Chrome, Linux",
}


def fill(people: Mapping[str, User]) -> None:
    """Tell everybody of every kind what they were not told of yet; repeatable."""
    for user in people.values():
        with transaction():
            _fill(user)


def _fill(user: User) -> None:
    now = timezone.now()
    told = set(Notification.objects.filter(user_id=user.pk).values_list("kind", flat=True))
    missing = [kind for kind in KINDS if kind.name not in told]
    rows = []
    for age, kind in enumerate(reversed(missing)):
        at = now - (len(missing) - age) * APART
        params = {**PARAMS, "at": at, "due_date": (at + timedelta(days=14)).date()}
        area = kind.name.partition(".")[0]
        link = {"chat": "/chat", "invoice": "/invoices", "payment": "/invoices"}.get(area, "")
        rows.append(notify(user, kind.name, params=params, link=link, now=at))
    read = [row.pk for row in rows[:-READ_BEFORE] if row is not None]
    if read:
        actions.read(user, ids=read)
