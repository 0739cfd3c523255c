"""The payment providers of the site: those that ``VESTNIK["PAYMENT_PROVIDERS"]`` lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from vestnik.apps.billing.providers.port import Provider
from vestnik.apps.billing.providers.sandbox import SandboxProvider
from vestnik.apps.conf import vestnik_settings
from vestnik.core.errors import Conflict, NotFound

PROVIDERS: Mapping[str, Callable[[], Provider]] = {"sandbox": SandboxProvider}
"""All that there are, by the name that stands in the settings, in addresses and in the database."""


def provider_named(name: str) -> Provider:
    """An enabled provider.

    Raises:
        NotFound: There is none of that name, or the site does not use it.
    """
    if name not in vestnik_settings().payment_providers or name not in PROVIDERS:
        raise NotFound("payment provider")
    return PROVIDERS[name]()


def default_provider() -> str:
    """The first one in the settings.

    Raises:
        Conflict: The site takes no payments.
    """
    names = vestnik_settings().payment_providers
    if not names:
        raise Conflict("this site takes no payments online", slug="no_payment_provider")
    return names[0]
