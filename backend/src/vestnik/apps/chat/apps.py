from django.apps import AppConfig


class ChatConfig(AppConfig):
    name = "vestnik.apps.chat"
    label = "vestnik_chat"
    verbose_name = "Chat"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from vestnik.apps.accounts.signals import relations_changed
        from vestnik.apps.chat.signals import on_relations_changed

        relations_changed.connect(on_relations_changed, dispatch_uid="vestnik.apps.chat")
