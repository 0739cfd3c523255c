from django.apps import AppConfig


class EventLogConfig(AppConfig):
    name = "vestnik.apps.eventlog"
    label = "vestnik_eventlog"
    verbose_name = "Event log"
    default_auto_field = "django.db.models.BigAutoField"
