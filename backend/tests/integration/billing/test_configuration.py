"""What a site is told when its payment providers make no sense."""

from __future__ import annotations

import pytest
from django.test import override_settings

from vestnik.apps.billing.checks import check_providers


@pytest.mark.parametrize(
    ("names", "debug", "found"),
    [
        ([], False, []),
        (["sandbox"], True, []),
        (["sandbox"], False, ["vestnik.W030"]),
        (["paypal", "sandbox"], False, ["vestnik.E030", "vestnik.W030"]),
        (["paypal"], True, ["vestnik.E030"]),
    ],
)
def test_providers_that_make_no_sense_are_found(names: list[str], debug: bool, found: list[str]) -> None:
    with override_settings(VESTNIK={"PAYMENT_PROVIDERS": names}, DEBUG=debug):
        messages = check_providers(None)
    assert [message.id for message in messages] == found
    assert all(message.hint for message in messages)
