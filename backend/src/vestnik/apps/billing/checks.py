"""Misconfigurations of billing that a site learns of at start-up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from vestnik.apps.billing.providers import PROVIDERS
from vestnik.apps.conf import vestnik_settings


@checks.register(checks.Tags.security)
def check_providers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Names that are no providers, and a sandbox where real money is expected."""
    try:
        names = vestnik_settings().payment_providers
    except ImproperlyConfigured:
        return []  # vestnik.E001 says so
    found: list[checks.CheckMessage] = [
        checks.Error(
            f"VESTNIK['PAYMENT_PROVIDERS'] lists {name!r}, which is no payment provider.",
            hint=f"Known ones are: {', '.join(PROVIDERS)}.",
            id="vestnik.E030",
        )
        for name in names
        if name not in PROVIDERS
    ]
    if "sandbox" in names and not settings.DEBUG:
        found.append(
            checks.Warning(
                "The sandbox is enabled, and DEBUG is off: invoices can be marked as paid without any money.",
                hint="Take 'sandbox' out of PAYMENT_PROVIDERS.",
                id="vestnik.W030",
            )
        )
    return found
