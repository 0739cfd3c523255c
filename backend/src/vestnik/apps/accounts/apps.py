from django.apps import AppConfig
from django.core import checks


class AccountsConfig(AppConfig):
    name = "vestnik.apps.accounts"
    label = "vestnik_accounts"
    verbose_name = "Accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Both need the models of other apps, which are loaded now.
        from vestnik.apps.accounts.revocation import connect_signals
        from vestnik.apps.checks import check_configuration

        connect_signals()
        checks.register(check_configuration, "vestnik")
