from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "vestnik.apps.chat"
    label = "vestnik_chat"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"
