"""People who are told things."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from vestnik.apps.accounts.models import Profile


@pytest.fixture
def person(db: None) -> Callable[..., User]:
    def make(name: str, *, language: str = "en", is_staff: bool = False) -> User:
        user = User.objects.create_user(name, password="secret", is_staff=is_staff)
        Profile.objects.update_or_create(
            user=user, defaults={"role": "parent", "display_name": name.title(), "language": language}
        )
        return User.objects.select_related("profile").get(pk=user.pk)

    return make


@pytest.fixture
def anna(person: Callable[..., User]) -> User:
    return person("anna")


@pytest.fixture
def boris(person: Callable[..., User]) -> User:
    return person("boris", language="ru")
