"""Whose connection is tried: from a given token, or a token made for a given user."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from vestnik.apps.accounts.access import active_users
from vestnik.apps.accounts.authenticators import token_secrets
from vestnik.apps.accounts.tokens import Refusal, TokenRefused, find_token, token_id
from vestnik.core.errors import VestnikError
from vestnik.core.tokens import ConnectionClaims, ExpiredToken, InvalidToken, issue, verify
from vestnik.doctor.findings import Reason

if TYPE_CHECKING:
    from django.contrib.auth.models import User

LIFETIME = 60.0  # seconds that a token made here is good for: one examination


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who is tried.

    Attributes:
        user: The user's id as on the wire.
        token: What the ``connect`` command carries.
        in_words: For the report; holds no secret.
    """

    user: str
    token: str
    in_words: str


class NoIdentity(VestnikError):
    """There is nobody to sign in as.

    Attributes:
        reason: An anchor of the page "Connection lost".
        sentence: What is wrong.
        hint: What to do.
    """

    def __init__(self, reason: Reason, sentence: str, hint: str) -> None:
        super().__init__(reason, sentence, hint)
        self.reason, self.sentence, self.hint = reason, sentence, hint


REASONS: dict[Refusal, Reason] = {
    "malformed": "token-malformed",
    "expired": "signed-out-expired",
    "revoked": "signed-out-revoked",
    "inactive": "signed-out-revoked",
}
SIGN_IN_AGAIN = 'sign in again: localStorage.removeItem("auth_token") in the browser\'s console, then reload the page'


def find_identity(token: str, username: str) -> Identity:
    """Read the token, or make one for the named user, or for any active user when nothing was given.

    Raises:
        NoIdentity: Says why it cannot be done.
        DatabaseError: The database was needed and did not answer.
    """
    if token:
        return _from_connection_token(token) if token.count(".") == 2 else _from_sign_in_token(token)
    users = active_users().order_by("pk")
    user = users.filter(username=username).first() if username else users.first()
    if user is None and username:
        raise NoIdentity(
            "user-unknown",
            f"there is no active user {username!r}",
            "name another one: python manage.py doctor --user NAME (python manage.py demo creates `student`)",
        )
    if user is None:
        raise NoIdentity(
            "signed-out-missing",
            "no token was given and there is no user to make one for",
            "create users: python manage.py demo, or python manage.py createsuperuser",
        )
    return _for_user(user)


def _for_user(user: User) -> Identity:
    now = time.time()
    claims = ConnectionClaims(sub=str(user.pk), iat=now, exp=now + LIFETIME)
    words = f"a connection token made for {user.get_username()}"
    return Identity(user=str(user.pk), token=issue(claims, token_secrets()[0]), in_words=words)


def _from_connection_token(token: str) -> Identity:
    now = time.time()
    try:
        claims = verify(token, token_secrets(), now=now)
    except ExpiredToken as expired:
        raise NoIdentity(
            "signed-out-expired",
            f"the connection token expired {now - expired.expired_at:.0f} s ago",
            "fetch a new one: POST /api/realtime/token/ with `Authorization: Token <auth_token>`; the page does it by "
            "itself unless its sign-in token is no longer good either",
        ) from expired
    except InvalidToken as invalid:
        if invalid.reason == "signature":
            raise NoIdentity(
                "token-foreign-key",
                "the connection token is signed with another key than this server's",
                "give all processes the same SECRET_KEY (or VESTNIK['TOKEN_SECRET']), restart them, and sign in again",
            ) from invalid
        raise NoIdentity(
            "token-malformed", f"the connection token is malformed: {invalid.detail or invalid.reason}", SIGN_IN_AGAIN
        ) from invalid
    until = f"good for another {claims.exp - now:.0f} s" if claims.exp else "which never expires"
    return Identity(user=claims.sub, token=token, in_words=f"a connection token of user {claims.sub}, {until}")


def _from_sign_in_token(token: str) -> Identity:
    try:
        row = find_token(token, now=time.time())
    except TokenRefused as refused:
        raise NoIdentity(REASONS[refused.reason], str(refused), SIGN_IN_AGAIN) from refused
    words = f"the sign-in token {token_id(row)[:8]}… of {row.user.get_username()}"
    return Identity(user=str(row.user.pk), token=token, in_words=words)
