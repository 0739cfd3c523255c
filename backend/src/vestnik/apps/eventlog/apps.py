"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class EventLogConfig(AppConfig):
    name = "vestnik.apps.eventlog"
    label = "vestnik_eventlog"
    verbose_name = "Event log"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from vestnik.apps.eventlog import durability  # noqa: F401  # registers its check
