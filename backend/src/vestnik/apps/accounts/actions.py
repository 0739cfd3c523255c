"""Signing in and out, and what people may change of their account."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from django.contrib.auth import authenticate
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from vestnik.apps.accounts.access import active_users, profile_of
from vestnik.apps.accounts.authenticators import info_about, token_secrets
from vestnik.apps.accounts.events import (
    Account,
    LanguageName,
    PreferencesChanged,
    SignedOut,
    ThemeName,
    account,
    personal_channel,
)
from vestnik.apps.accounts.models import Profile, Relation
from vestnik.apps.accounts.revocation import revoke_all
from vestnik.apps.accounts.throttle import Attempt
from vestnik.apps.accounts.tokens import issue_token
from vestnik.apps.conf import vestnik_settings
from vestnik.apps.eventlog.log import append, transaction
from vestnik.core.codes import ErrorCode
from vestnik.core.errors import InvalidParameters, PeerError
from vestnik.core.tokens import ConnectionClaims, issue

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class SignInResult(msgspec.Struct, frozen=True, kw_only=True):
    """The sign-in token, shown this once."""

    token: str
    expires_at: datetime
    user: Account


class ConnectionToken(msgspec.Struct, frozen=True, kw_only=True):
    """A token for the socket."""

    token: str
    expires_at: datetime


def sign_in(
    username: str, password: str, *, address: str, device: str = "", request: HttpRequest | None = None
) -> SignInResult:
    """Hand out a token for one more device.

    Args:
        username: As it was typed.
        password: …
        address: Where the attempt comes from, for the throttle.
        device: A label by which the user will know the device.
        request: For authentication backends and receivers of ``user_logged_in`` that want it.

    Raises:
        PeerError: 101, in the same words and about the same time, for a wrong password, an unknown user and one that
            is not active; 111 after too many failures.
    """
    attempt = Attempt(username=username, address=address)
    refusal = PeerError(ErrorCode.UNAUTHORIZED, "wrong username or password", slug="wrong_credentials")
    found = authenticate(request, username=username, password=password)
    if found is None:
        raise refusal
    with transaction():
        # Checking the password took a while. Whoever was deactivated meanwhile, or given another password, had their
        # tokens revoked: there must not be one more.
        user = active_users().select_for_update(of=("self",)).filter(pk=found.pk, password=found.password).first()
        if user is None:
            raise refusal
        attempt.succeeded()
        row, token = issue_token(user, device)
        user_logged_in.send(sender=type(user), request=request, user=user)
        return SignInResult(token=token, expires_at=row.expiry, user=account(user))


def sign_out(credential: Any) -> None:
    """Revoke the sign-in token ``credential``, a row; its connections are closed. Idempotent."""
    with transaction():
        credential.delete()


def sign_out_everywhere(user: User) -> None:
    """Revoke all sign-in tokens of ``user`` and close all connections.

    Sessions that were opened with a cookie on other devices end when they expire or the password changes: Django does
    not know whose they are. Their connections are closed all the same.
    """
    with transaction():
        append(personal_channel(user.pk), SignedOut(reason="signed_out_everywhere"))
        revoke_all(user, "signed out everywhere")


def connection_token(user: User, *, credential: str, expires_at: datetime | None = None) -> ConnectionToken:
    """Make a token with which ``user`` may connect for some minutes.

    Args:
        user: Whose.
        credential: The id of the sign-in token or session that buys it; revoking that closes the connection.
        expires_at: When that one expires: the connection token never outlives it.
    """
    now = int(time.time())
    expiry = now + max(1, int(vestnik_settings().connection_token_ttl))
    if expires_at is not None:
        expiry = min(expiry, int(expires_at.timestamp()))
    claims = ConnectionClaims(
        sub=str(user.pk),
        exp=expiry,
        iat=now,
        jti=secrets.token_urlsafe(12),
        tid=credential,
        info=msgspec.Raw(info_about(user)),
    )
    return ConnectionToken(token=issue(claims, token_secrets()[0]), expires_at=datetime.fromtimestamp(expiry, UTC))


def change_preferences(user: User, *, language: LanguageName | None = None, theme: ThemeName | None = None) -> Account:
    """Choose the language and the look; ``None`` leaves one as it is. The user's other devices are told."""
    profile = profile_of(user)
    profile.language = language or profile.language
    profile.theme = theme or profile.theme
    save_profile(profile)
    return account(user)


def save_profile(profile: Profile) -> None:
    """Write a profile, and tell the user's devices what of it concerns them."""
    with transaction():
        before = Profile.objects.select_for_update().filter(pk=profile.pk).first()
        profile.save()
        if before is None or (before.language, before.theme) != (profile.language, profile.theme):
            changed = account(profile.user)
            append(
                personal_channel(profile.user_id),
                PreferencesChanged(language=changed.language, theme=changed.theme),
            )


def relate(relation: type[Relation], first: User, second: User) -> Relation:
    """Begin a relation, or take an ended one up again: ``relate(Enrollment, student, teacher)``. Idempotent.

    Raises:
        InvalidParameters: One of the two does not have the role that the relation asks for.
    """
    ends: dict[str, Any] = dict(zip(relation.ends, (first, second), strict=True))
    for (name, user), role in zip(ends.items(), relation.roles, strict=True):
        if profile_of(user).role != role:
            raise InvalidParameters(**{name: f"{profile_of(user).display_name} is not a {role.value}"})
    with transaction():
        found, created = relation._default_manager.get_or_create(**ends)
        if not created and not found.is_active:
            found.is_active = True
            found.save(update_fields=["is_active"])
    return found


def end_relation(relation: Relation) -> None:
    """End a relation; what the two said to each other stays. Idempotent."""
    if relation.is_active:
        with transaction():
            relation.is_active = False
            relation.save(update_fields=["is_active"])
