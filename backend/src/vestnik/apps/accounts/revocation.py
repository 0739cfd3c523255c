"""Whatever takes a credential away ends the live connections that were opened with it, in the same transaction.

The deletion of a token, a new password, deactivation, deletion of a user and a sign-out from a session are noticed
whoever does them: an action, the admin, knox's own views, the shell. Only ``QuerySet.update`` tells nobody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.db.models import Q
from django.db.models.signals import post_delete, post_save, pre_save
from django.utils import timezone
from knox.models import get_token_model

from vestnik.apps.accounts.models import Device, Enrollment, Guardianship, Profile, Relation, Tutorship
from vestnik.apps.accounts.signals import relations_changed
from vestnik.apps.accounts.tokens import token_id
from vestnik.apps.eventlog.control import disconnect_token, disconnect_user
from vestnik.apps.eventlog.log import transaction
from vestnik.core.codes import DisconnectCode

RELATIONS: tuple[type[Relation], ...] = (Enrollment, Tutorship, Guardianship)


def connect_signals() -> None:
    """Called once, when the apps are ready."""
    user_model = get_user_model()
    post_delete.connect(_token_deleted, sender=get_token_model(), dispatch_uid="vestnik.token_deleted")
    pre_save.connect(_user_changes, sender=user_model, dispatch_uid="vestnik.user_changes")
    post_save.connect(_user_changed, sender=user_model, dispatch_uid="vestnik.user_changed")
    post_delete.connect(_user_deleted, sender=user_model, dispatch_uid="vestnik.user_deleted")
    user_logged_out.connect(_session_ended, dispatch_uid="vestnik.session_ended")
    post_save.connect(_profile_changed, sender=Profile, dispatch_uid="vestnik.profile_changed")
    for model in RELATIONS:
        for signal in (post_save, post_delete):
            signal.connect(_relation_changed, sender=model, dispatch_uid=f"vestnik.{model.__name__}_changed")


def session_id(session_key: str) -> str:
    """The public name of a session, as a credential: says nothing of its key."""
    return f"session-{hashlib.sha256(session_key.encode()).hexdigest()[:32]}"


def revoke_all(user: Any, reason: str) -> None:
    """Delete the tokens of ``user`` and close all their connections, those by session included."""
    with transaction():
        get_token_model().objects.filter(user=user).delete()
        disconnect_user(str(user.pk), code=DisconnectCode.INVALID_TOKEN, reason=reason)


def _token_deleted(instance: Any, **_: Any) -> None:
    with transaction():
        Device.objects.filter(token_id=token_id(instance)).delete()
        if instance.expiry is None or instance.expiry > timezone.now():
            disconnect_token(token_id(instance), code=DisconnectCode.INVALID_TOKEN, reason="signed out")


def _user_changes(instance: Any, update_fields: Any = None, raw: bool = False, **_: Any) -> None:
    """Remember what was, where the save can change it."""
    instance._vestnik_was_active = None
    if raw or instance.pk is None or (update_fields is not None and "is_active" not in update_fields):
        return
    before = get_user_model()._default_manager.filter(pk=instance.pk).values_list("is_active", flat=True)
    instance._vestnik_was_active = before.first()


def _user_changed(instance: Any, created: bool, raw: bool = False, **_: Any) -> None:
    if raw or created:
        return
    was_active = instance._vestnik_was_active
    if was_active and not instance.is_active:
        revoke_all(instance, "the account was deactivated")
    elif instance._password is not None:
        # Set by set_password() and still there only while the user is being saved; a hash that is merely upgraded at
        # sign-in leaves it empty.
        revoke_all(instance, "the password was changed")
    if was_active is not None and was_active != instance.is_active:
        _announce_user(instance.pk)


def _user_deleted(instance: Any, **_: Any) -> None:
    with transaction():
        disconnect_user(str(instance.pk), code=DisconnectCode.INVALID_TOKEN, reason="the account was deleted")


def _session_ended(request: Any, user: Any, **_: Any) -> None:
    key = getattr(getattr(request, "session", None), "session_key", None)
    if user is not None and key:
        with transaction():
            disconnect_token(session_id(key), code=DisconnectCode.INVALID_TOKEN, reason="signed out")


def _relation_changed(instance: Relation, raw: bool = False, **_: Any) -> None:
    if not raw:
        _announce(instance.people)


def _profile_changed(instance: Profile, raw: bool = False, **_: Any) -> None:
    if not raw:
        _announce_user(instance.user_id)


def _announce_user(user_id: int) -> None:
    """Two people may be related through this user, so those around the user are concerned too."""
    user_ids = {user_id}
    for model in RELATIONS:
        first, second = model.ends
        related = model._default_manager.filter(Q(**{first: user_id}) | Q(**{second: user_id}))
        user_ids = user_ids.union(*related.values_list(f"{first}_id", f"{second}_id"))
    _announce(user_ids)


def _announce(user_ids: Iterable[int]) -> None:
    relations_changed.send(sender=None, user_ids=frozenset(user_ids))
