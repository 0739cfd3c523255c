"""A misconfiguration has an id, a sentence and a hint, and is found before anything runs."""

from __future__ import annotations

import io
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.checks import Error
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings

from vestnik.apps.checks import check_configuration, settings_findings


@pytest.fixture
def production(settings: Settings) -> Settings:
    settings.DEBUG = False
    settings.SECRET_KEY = "k" * 50
    return settings


@pytest.fixture
def development(settings: Settings) -> Settings:
    settings.DEBUG = True
    return settings


def ids() -> list[str]:
    return [finding.id for finding in settings_findings()]


def test_the_project_itself_is_well(development: Settings) -> None:
    assert settings_findings() == []


def test_an_unknown_key_is_named_and_the_known_ones_are_listed(development: Settings) -> None:
    development.VESTNIK = {"BROKR": "redis"}
    (finding,) = settings_findings()
    assert (finding.id, finding.level) == ("vestnik.E001", "error")
    assert "BROKR" in finding.sentence
    assert "BROKER" in finding.hint


def test_a_value_of_the_wrong_type_is_named(development: Settings) -> None:
    development.VESTNIK = {"MAX_SUBSCRIPTIONS": "many"}
    (finding,) = settings_findings()
    assert finding.id == "vestnik.E001"
    assert "MAX_SUBSCRIPTIONS" in finding.sentence


def without_daphne(apps: list[str]) -> list[str]:
    return [app for app in apps if app != "daphne"]


@pytest.mark.parametrize(
    ("apps", "found"),
    [
        (lambda apps: without_daphne(apps), ["vestnik.E002"]),
        (lambda apps: [*without_daphne(apps), "daphne"], ["vestnik.E003"]),
        (lambda apps: ["daphne.apps.DaphneConfig", *without_daphne(apps)], []),
        (lambda apps: ["django.contrib.admin", *apps], []),
    ],
    ids=["missing", "after staticfiles", "by its config", "second but before staticfiles"],
)
def test_daphne_has_to_come_before_staticfiles(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, apps: Any, found: list[str]
) -> None:
    # A stand-in, because Django would load the apps of another list.
    installed = SimpleNamespace(DEBUG=True, ASGI_APPLICATION="x", INSTALLED_APPS=apps(list(settings.INSTALLED_APPS)))
    monkeypatch.setattr("vestnik.apps.checks.settings", installed)
    assert ids() == found


def test_an_asgi_application_has_to_be_named(development: Settings) -> None:
    development.ASGI_APPLICATION = None
    assert ids() == ["vestnik.E004"]


def test_production_needs_no_daphne_but_a_secret(production: Settings) -> None:
    production.ASGI_APPLICATION = None
    assert ids() == []
    production.SECRET_KEY = "short"
    assert ids() == ["vestnik.E006"]
    production.SECRET_KEY = "insecure-development-key-change-me-in-production"
    assert ids() == ["vestnik.E006"]
    production.VESTNIK = {"TOKEN_SECRET": "k" * 32}
    assert ids() == [], "the secret that signs is what matters"
    production.VESTNIK = {"TOKEN_SECRET": "short"}
    assert ids() == ["vestnik.E006"]


def test_no_finding_repeats_the_secret(production: Settings) -> None:
    production.SECRET_KEY = "hunter2"
    assert "hunter2" not in str(settings_findings())


def test_letting_everybody_in_is_for_debug_only(production: Settings) -> None:
    production.VESTNIK = {"CLIENT_INSECURE": True}
    assert ids() == ["vestnik.E005"]
    production.DEBUG = True
    assert ids() == []


@pytest.mark.parametrize("key", ["AUTHENTICATOR", "CHAT_POLICY"])
def test_a_class_that_is_not_there_is_named(development: Settings, key: str) -> None:
    development.VESTNIK = {key: "school.rules.Nothing"}
    (finding,) = settings_findings()
    assert finding.id == "vestnik.E007"
    assert "school.rules.Nothing" in finding.sentence


def test_manage_py_check_reports_them(development: Settings) -> None:
    development.VESTNIK = {"BROKR": "redis"}
    (message,) = check_configuration()
    assert isinstance(message, Error)
    assert message.hint
    with pytest.raises(SystemCheckError, match=r"vestnik\.E001.*\n.*HINT: "):
        call_command("check", stderr=io.StringIO())


def test_every_finding_says_what_to_do(production: Settings) -> None:
    production.SECRET_KEY = "short"
    production.VESTNIK = {"CLIENT_INSECURE": True, "AUTHENTICATOR": "a.b"}
    findings = settings_findings()
    assert len(findings) == 3
    assert all(finding.sentence.endswith(".") and finding.hint for finding in findings)
