from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "vestnik.apps.billing"
    label = "vestnik_billing"
    verbose_name = "Billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from vestnik.apps.billing import checks  # noqa: F401  # registers its check
