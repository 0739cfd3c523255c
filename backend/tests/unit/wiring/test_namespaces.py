"""What a project may say about namespaces in its settings."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from vestnik.apps.conf import VestnikSettings
from vestnik.core.errors import LocalError
from vestnik.wiring import build_namespaces


def test_the_apps_namespaces_are_there_and_the_settings_add_to_them() -> None:
    config = VestnikSettings(namespaces={"news": {"presence": True, "allow_subscribe_for_client": True}})
    names = {namespace.name: namespace for namespace in build_namespaces(config)}
    assert {"chat", "typing", "notifications", "invoices", "user", "news"} == set(names)
    assert names["news"].presence
    assert not names["news"].logged


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"presense": True}, "presense"),
        ({"presence": "yes"}, "presence"),
        ({"history_size": 10}, "history_size"),
        ({"logged": True}, "logged"),
    ],
)
def test_an_option_that_is_unknown_or_of_the_wrong_type_is_named(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=problem):
        build_namespaces(VestnikSettings(namespaces={"news": options}))


def test_a_namespace_of_an_app_cannot_be_declared_again() -> None:
    with pytest.raises(LocalError, match="chat"):
        build_namespaces(VestnikSettings(namespaces={"chat": {}}))


def test_the_control_channel_is_in_no_namespace_that_a_client_can_name() -> None:
    assert build_namespaces(VestnikSettings()).get("control") is None


def test_an_open_namespace_is_open_to_whoever_is_signed_in() -> None:
    namespace = build_namespaces(VestnikSettings(open_namespace="load")).get("load")
    assert namespace is not None
    assert namespace.allow_subscribe_for_client
    assert namespace.allow_publish_for_client
    assert not namespace.logged
