"""The people of the demo: a student with a teacher, a tutor and a parent, and an administrator. Password: ``demo``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db import transaction

from vestnik.apps.accounts.actions import relate
from vestnik.apps.accounts.models import Enrollment, Guardianship, Language, Profile, Role, Tutorship

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PASSWORD = "demo"  # noqa: S105

# username, role, display name, language; the roles happen to be the usernames
PEOPLE = (
    ("student", Role.STUDENT, "Маша Иванова", Language.RU),
    ("teacher", Role.TEACHER, "Анна Сергеевна Петрова", Language.RU),
    ("tutor", Role.TUTOR, "Daniel Brooks", Language.EN),
    ("parent", Role.PARENT, "Ольга Иванова", Language.RU),
    ("admin", Role.ADMIN, "Виктор Кузнецов", Language.RU),
)


def fill() -> dict[str, User]:
    """Create what is missing, and set back what was changed; repeatable.

    Returns:
        The users by username.
    """
    with transaction.atomic():
        people = {username: _person(username, role, name, language) for username, role, name, language in PEOPLE}
        relate(Enrollment, people["student"], people["teacher"])
        relate(Tutorship, people["tutor"], people["student"])
        relate(Guardianship, people["parent"], people["student"])
    return people


def _person(username: str, role: Role, display_name: str, language: Language) -> User:
    users = get_user_model()
    user, _ = users._default_manager.get_or_create(username=username)
    # A new password would sign everybody out, so it is set only where it is another.
    if not user.check_password(PASSWORD):
        user.set_password(PASSWORD)
    user.is_active = True
    user.is_staff = user.is_superuser = role == Role.ADMIN
    user.save()
    defaults = {"role": role, "display_name": display_name, "language": language}
    profile, created = Profile.objects.get_or_create(user=user, defaults=defaults)
    if not created and (profile.role, profile.display_name) != (role, display_name):
        # The language stays: whoever tries the demo may have chosen it.
        profile.role, profile.display_name = role, display_name
        profile.save()
    user.profile = profile
    return user
