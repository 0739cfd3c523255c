"""What can be said of a project's settings before anything runs; system checks and ``doctor`` say the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from vestnik.apps.conf import VestnikSettings, vestnik_settings
from vestnik.core.findings import Finding

MIN_SECRET_LENGTH = 32  # characters; RFC 7518 asks for 256 bits where HMAC-SHA-256 signs


def settings_findings() -> list[Finding]:
    """All that is wrong with the settings, worst first; empty when all is well."""
    try:
        configured = vestnik_settings()
    except ImproperlyConfigured as error:
        names = ", ".join(sorted(field.upper() for field in VestnikSettings.__struct_fields__))
        return [
            _error("vestnik.E001", f"settings.{error}", f"Correct it in settings.VESTNIK. Its keys are {names}."),
            *_daphne(),
        ]
    return [*_daphne(), *_insecure(configured), *_secret(configured), *_classes(configured)]


def check_configuration(app_configs: Sequence[AppConfig] | None = None, **_: Any) -> list[checks.CheckMessage]:
    """The system check; ``manage.py check`` and ``runserver`` print it."""
    kinds = {"error": checks.Error, "warn": checks.Warning}
    return [
        kinds[finding.level](finding.sentence, hint=finding.hint, id=finding.id)
        for finding in settings_findings()
        if finding.level in kinds
    ]


def _error(id: str, sentence: str, hint: str) -> Finding:
    return Finding(id=id, level="error", sentence=sentence, hint=hint)


def _daphne() -> Iterator[Finding]:
    """Only ``runserver`` needs Daphne, and that is for development."""
    if not settings.DEBUG:
        return
    apps = [app.partition(".apps.")[0] for app in settings.INSTALLED_APPS]
    if "daphne" not in apps:
        yield _error(
            "vestnik.E002",
            "runserver serves no WebSocket: daphne is not in INSTALLED_APPS.",
            'Make "daphne" the first entry of INSTALLED_APPS.',
        )
        return
    static = "django.contrib.staticfiles"
    if static in apps and apps.index(static) < apps.index("daphne"):
        yield _error(
            "vestnik.E003",
            f"runserver serves no WebSocket: {static} comes before daphne in INSTALLED_APPS, and its runserver wins.",
            'Make "daphne" the first entry of INSTALLED_APPS.',
        )
    if not getattr(settings, "ASGI_APPLICATION", None):
        yield _error(
            "vestnik.E004",
            "runserver serves no WebSocket: ASGI_APPLICATION is not set.",
            'Set ASGI_APPLICATION = "<project>.asgi.application".',
        )


def _insecure(configured: VestnikSettings) -> Iterator[Finding]:
    if configured.client_insecure and not settings.DEBUG:
        yield _error(
            "vestnik.E005",
            'VESTNIK["CLIENT_INSECURE"] lets in everybody without a token, and DEBUG is off: it is ignored.',
            'Remove "CLIENT_INSECURE" from VESTNIK; it is for conformance tests only.',
        )


def _secret(configured: VestnikSettings) -> Iterator[Finding]:
    if settings.DEBUG:
        return
    name = 'VESTNIK["TOKEN_SECRET"]' if configured.token_secret else "SECRET_KEY"
    secret = configured.token_secret or str(settings.SECRET_KEY)
    if len(secret) < MIN_SECRET_LENGTH or "insecure" in secret:
        yield _error(
            "vestnik.E006",
            f"Anybody may be able to sign connection tokens: {name} is short or the one for development.",
            "Set it to the output of: "
            "python -c 'from django.core.management.utils import get_random_secret_key as k; print(k())'",
        )


def _classes(configured: VestnikSettings) -> Iterator[Finding]:
    for key, path in (("AUTHENTICATOR", configured.authenticator), ("CHAT_POLICY", configured.chat_policy)):
        try:
            if path:
                import_string(path)
        except ImportError as error:
            yield _error(
                "vestnik.E007",
                f'VESTNIK["{key}"] = "{path}" cannot be imported: {error}.',
                "Correct the dotted path, or remove the key for the default.",
            )
