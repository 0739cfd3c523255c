"""What a user wants to be told of, and how: the matrix kind × way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vestnik.apps.notifications.events import PreferenceRow, Preferences
from vestnik.apps.notifications.kinds import KINDS, WAYS, Way
from vestnik.apps.notifications.models import Preference
from vestnik.core.errors import InvalidParameters

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def is_wanted(user: User, kind_name: str, way: Way) -> bool:
    """Whether ``user`` is to be told of this kind in this way. A kind that is not registered goes in the app only."""
    kind = KINDS.find(kind_name)
    if kind is None:
        return way == "in_app"
    if kind.locked:
        return True
    chosen = Preference.objects.filter(user_id=user.pk, kind=kind_name, way=way).values_list("enabled", flat=True)
    return next(iter(chosen), kind.is_on_by_default(way))


def preferences_of(user: User, language: str) -> Preferences:
    """The whole matrix."""
    chosen = {
        (kind, way): enabled
        for kind, way, enabled in Preference.objects.filter(user_id=user.pk).values_list("kind", "way", "enabled")
    }
    return Preferences(
        kinds=[
            PreferenceRow(
                kind=kind.name,
                label=kind.wording(language).label,
                locked=kind.locked,
                ways={way: kind.locked or chosen.get((kind.name, way), kind.is_on_by_default(way)) for way in WAYS},
            )
            for kind in KINDS
        ]
    )


def check_choices(choices: Mapping[str, Mapping[Way, bool]]) -> None:
    """Refuse what cannot be chosen.

    Raises:
        InvalidParameters: Names the kind that does not exist, or that cannot be switched off.
    """
    for name, ways in choices.items():
        kind = KINDS.find(name)
        if kind is None:
            raise InvalidParameters(kind=f"there is no kind {name[:64]!r}")
        if kind.locked and not all(ways.values()):
            raise InvalidParameters(kind=f"{name} cannot be switched off")
