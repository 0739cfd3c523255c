from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "vestnik.apps.notifications"
    label = "vestnik_notifications"
    verbose_name = "Notifications"
    default_auto_field = "django.db.models.BigAutoField"
