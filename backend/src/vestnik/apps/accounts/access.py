"""Users and their relations, as other apps may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from vestnik.apps.accounts.models import Enrollment, Guardianship, Profile, Role, Tutorship
from vestnik.core.errors import NotFound, PermissionDenied
from vestnik.core.namespaces import Caller
from vestnik.core.values import MAX_INTEGER

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def active_users() -> QuerySet[User]:
    """All who may sign in, with their profiles."""
    return get_user_model()._default_manager.filter(is_active=True).select_related("profile")


def user_for(caller: Caller) -> User:
    """The user on whose behalf a command runs.

    Raises:
        PermissionDenied: The connection is anonymous, or the user is gone or no longer active.
    """
    user = user_by_id(caller.user)
    if user is None:
        raise PermissionDenied("not signed in", slug="not_signed_in")
    return user


def user_by_id(user_id: str | int) -> User | None:
    """The active user with this id, ``None`` for anything else, be it no number at all."""
    text = str(user_id)
    if not (text.isascii() and text.isdecimal()) or int(text) > MAX_INTEGER:
        return None
    return active_users().filter(pk=int(text)).first()


def person_for(user: User, user_id: int) -> User:
    """Another active user that ``user`` names.

    Raises:
        NotFound: There is none.
    """
    found = user_by_id(user_id)
    if found is None:
        raise NotFound("user")
    return found


def profile_of(user: User) -> Profile:
    """The profile; made now for a user who came in by a way that sends no signal (``bulk_create``)."""
    try:
        profile: Profile = user.profile
    except Profile.DoesNotExist:
        profile, _ = Profile.objects.get_or_create(user=user, defaults=profile_defaults(user))
    return profile


def profile_defaults(user: User) -> dict[str, str]:
    """What a new profile says: the least privileged role unless the user is staff."""
    return {
        "role": Role.ADMIN if user.is_staff or user.is_superuser else Role.STUDENT,
        "display_name": (user.get_full_name() or user.get_username())[:150],
    }


def role_of(user: User) -> Role:
    return Role(profile_of(user).role)


# Relations between two people: true only while they are active ---------------------------------------------------


def are_enrolled(student: User, teacher: User) -> bool:
    return Enrollment.objects.filter(student=student, teacher=teacher, is_active=True).exists()


def is_tutor_of(tutor: User, student: User) -> bool:
    return Tutorship.objects.filter(tutor=tutor, student=student, is_active=True).exists()


def is_parent_of(parent: User, student: User) -> bool:
    return Guardianship.objects.filter(parent=parent, student=student, is_active=True).exists()


def teaches_child_of(teacher: User, parent: User) -> bool:
    """Whether a child of ``parent`` is enrolled with ``teacher``."""
    return students_taught_by(teacher).filter(_child_of(parent)).exists()


def tutors_child_of(tutor: User, parent: User) -> bool:
    """Whether ``tutor`` looks after a child of ``parent``."""
    return students_of(tutor).filter(_child_of(parent)).exists()


def share_student(teacher: User, tutor: User) -> bool:
    """Whether a student of ``tutor`` is enrolled with ``teacher``."""
    return students_taught_by(teacher).filter(pk__in=students_of(tutor).values("pk")).exists()


def _child_of(parent: User) -> Q:
    return Q(pk__in=children_of(parent).values("pk"))


# … and from one person to many: only those who are active themselves ---------------------------------------------


def teachers_of(student: User) -> QuerySet[User]:
    return active_users().filter(pk__in=Enrollment.objects.filter(student=student, is_active=True).values("teacher"))


def students_taught_by(teacher: User) -> QuerySet[User]:
    return active_users().filter(pk__in=Enrollment.objects.filter(teacher=teacher, is_active=True).values("student"))


def tutors_of(student: User) -> QuerySet[User]:
    return active_users().filter(pk__in=Tutorship.objects.filter(student=student, is_active=True).values("tutor"))


def students_of(tutor: User) -> QuerySet[User]:
    """The students that ``tutor`` looks after."""
    return active_users().filter(pk__in=Tutorship.objects.filter(tutor=tutor, is_active=True).values("student"))


def children_of(parent: User) -> QuerySet[User]:
    return active_users().filter(pk__in=Guardianship.objects.filter(parent=parent, is_active=True).values("student"))


def parents_of(student: User) -> QuerySet[User]:
    return active_users().filter(pk__in=Guardianship.objects.filter(student=student, is_active=True).values("parent"))
