"""What others learn of a user, and what a user's own devices are told on ``user:#<id>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import msgspec

from vestnik.apps.accounts.access import profile_of
from vestnik.apps.eventlog.events import Event

if TYPE_CHECKING:
    from django.contrib.auth.models import User


# The values of the enumerations in ``models``, which msgspec does not take for enumerations.
RoleName = Literal["student", "teacher", "tutor", "parent", "admin"]
LanguageName = Literal["ru", "en"]
ThemeName = Literal["system", "light", "dark"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A user as others see them."""

    id: int
    display_name: str
    role: RoleName


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user as they see themselves."""

    id: int
    username: str
    display_name: str
    role: RoleName
    language: LanguageName
    theme: ThemeName


def person(user: User) -> Person:
    """Costs a query unless ``user`` came with its profile (``select_related("profile")``)."""
    profile = profile_of(user)
    return Person(id=user.pk, display_name=profile.display_name, role=cast(RoleName, profile.role))


def account(user: User) -> Account:
    profile = profile_of(user)
    return Account(
        id=user.pk,
        username=user.get_username(),
        display_name=profile.display_name,
        role=cast(RoleName, profile.role),
        language=cast(LanguageName, profile.language),
        theme=cast(ThemeName, profile.theme),
    )


def personal_channel(user_id: int) -> str:
    return f"user:#{user_id}"


class PreferencesChanged(Event, frozen=True, tag="preferences.changed"):
    """The user chose another language or theme on one of their devices."""

    language: LanguageName
    theme: ThemeName


class SignedOut(Event, frozen=True, tag="signed_out"):
    """All devices of the user were signed out. ``reason`` is a word for programs."""

    reason: str
