"""Finding out who connects: by a connection token, a sign-in token, or a session that the transport has looked up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import parse_qsl

import msgspec
from django.conf import settings
from django.contrib.auth import get_user
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from vestnik.apps.accounts.access import user_by_id
from vestnik.apps.accounts.events import person
from vestnik.apps.accounts.revocation import session_id
from vestnik.apps.accounts.tokens import TokenRefused, find_token, token_id
from vestnik.apps.conf import vestnik_settings
from vestnik.core.codes import DisconnectCode, ErrorCode
from vestnik.core.errors import Disconnect, PeerError, VestnikError
from vestnik.core.namespaces import Caller
from vestnik.core.ports import Credentials, SignedIn
from vestnik.core.tokens import ExpiredToken, InvalidToken, verify
from vestnik.core.values import text_problem

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class Authenticator(Protocol):
    """What ``VESTNIK["AUTHENTICATOR"]`` names: a class without arguments, one instance per process.

    Example::

        class Badge:
            def authenticate(self, credentials: Credentials, now: float) -> SignedIn:
                badge = Badge.objects.filter(code=credentials.token).first()
                if badge is None:
                    raise Disconnect(DisconnectCode.INVALID_TOKEN, "unknown badge")
                return SignedIn(caller=Caller(user=str(badge.user_id)), issued_at=now)
    """

    def authenticate(self, credentials: Credentials, now: float) -> SignedIn:
        """Find out who connects or refreshes. Called in a thread with database access; may be called by several.

        Args:
            credentials: What the client has shown; nothing in it is to be trusted but ``user``.
            now: Unix time.

        Raises:
            PeerError: 109 when the token was good but has expired: the client fetches a new one and tries again.
            Disconnect: 3500 for anything else that lets nobody in; the reason is shown to the client.
        """


def load_authenticator() -> Authenticator:
    """The authenticator that the project has chosen.

    Raises:
        ImproperlyConfigured: There is no class at the dotted path.
    """
    path = vestnik_settings().authenticator
    if not path:
        return DefaultAuthenticator()
    try:
        chosen: Authenticator = import_string(path)()
    except ImportError as error:
        raise ImproperlyConfigured(f"VESTNIK: AUTHENTICATOR: {error}") from error
    return chosen


class DefaultAuthenticator:
    """Takes, in this order: a token (a connection token, else a sign-in token), the transport's user, and, where
    ``CLIENT_INSECURE`` is set in ``DEBUG``, nobody.

    A connection token is believed without a query: thousands of clients that come back verify a signature each. It
    lives for minutes, and what is revoked meanwhile is closed by order.
    """

    def authenticate(self, credentials: Credentials, now: float) -> SignedIn:
        if credentials.token:
            if is_connection_token(credentials.token):
                return _by_connection_token(credentials.token, now)
            return _by_sign_in_token(credentials.token, now)
        if credentials.user:
            return _by_transport(credentials, now)
        if vestnik_settings().client_insecure and settings.DEBUG:
            return SignedIn(caller=Caller(user=""), issued_at=now)
        raise Disconnect(DisconnectCode.INVALID_TOKEN, "not signed in: no token")


def is_connection_token(token: str) -> bool:
    """Whether it looks like a JWT; sign-in tokens have no dots."""
    return "." in token


def token_secrets() -> list[str]:
    """What connection tokens may be signed with; the first is what new ones are."""
    configured = vestnik_settings().token_secret
    return [configured] if configured else [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def info_about(user: User) -> bytes:
    """What other subscribers learn of ``user`` in presence and join, as JSON."""
    return msgspec.json.encode(person(user))


def _by_connection_token(token: str, now: float) -> SignedIn:
    try:
        claims = verify(token, token_secrets(), now=now)
    except ExpiredToken as error:
        raise PeerError(ErrorCode.TOKEN_EXPIRED) from error
    except InvalidToken as error:
        raise Disconnect(DisconnectCode.INVALID_TOKEN, str(error)[:100]) from error
    return SignedIn(
        caller=Caller(user=claims.sub, token=claims.tid),
        issued_at=float(claims.iat or 0),  # without it every revocation counts
        expires_at=claims.exp,
        info=bytes(claims.info),
        channels=list(dict.fromkeys((*claims.channels, *claims.subs))),
    )


def _by_sign_in_token(token: str, now: float) -> SignedIn:
    try:
        row = find_token(token, now=now)
    except TokenRefused as error:
        raise Disconnect(DisconnectCode.INVALID_TOKEN, str(error)) from error
    return SignedIn(
        caller=Caller(user=str(row.user.pk), token=token_id(row)),
        issued_at=now,
        expires_at=None if row.expiry is None else row.expiry.timestamp(),
        info=info_about(row.user),
    )


def _by_transport(credentials: Credentials, now: float) -> SignedIn:
    user = user_by_id(credentials.user)
    if user is None:
        raise Disconnect(DisconnectCode.INVALID_TOKEN, "the user is not active")
    return SignedIn(
        caller=Caller(user=str(user.pk), token=credentials.user_token), issued_at=now, info=info_about(user)
    )


# Before the upgrade ----------------------------------------------------------------------------------------------

Reason = Literal["missing_signature", "malformed", "wrong_signature", "expired", "revoked"]


class HandshakeRefused(VestnikError):
    """The handshake carries a credential that lets nobody in: answer it with HTTP 401 and this reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class HandshakeUser(msgspec.Struct, frozen=True, kw_only=True):
    """Who a handshake belongs to; the fields go into :class:`~vestnik.core.ports.Credentials` under the same names.

    Attributes:
        user: The user's id, as text.
        user_token: The id of the credential.
        token: The token itself if there was one, so that the session learns when it expires. Never log it.
    """

    user: str
    user_token: str = ""
    token: str = ""

    def __repr__(self) -> str:
        return f"HandshakeUser(user={self.user!r})"


def handshake_token(headers: Mapping[str, str], query: str) -> str | None:
    """The token in ``Authorization: Token …``, ``Authorization: Bearer …`` or else ``?token=``; ``None`` without any.

    Another scheme, such as ``Basic`` for a site behind a password, is not ours and counts as none.

    Args:
        headers: Lower-case names.
        query: The query string, without the question mark.
    """
    scheme, _, value = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() in ("token", "bearer"):
        return value.strip()
    return dict(parse_qsl(query)).get("token")


def handshake_user(headers: Mapping[str, str], query: str, *, now: float | None = None) -> HandshakeUser | None:
    """Check the token in a handshake before it is upgraded. Blocking; touches the database for sign-in tokens only.

    Args:
        headers: Lower-case names.
        query: The query string, without the question mark.
        now: Unix time; the present when omitted.

    Returns:
        ``None`` when there is no token: the first frame, or a session cookie, will say who it is.

    Raises:
        HandshakeRefused: There is one that lets nobody in.
    """
    token = handshake_token(headers, query)
    if token is None:
        return None
    moment = time.time() if now is None else now
    if is_connection_token(token):
        return _checked_connection_token(token, moment)
    try:
        row = find_token(token, now=moment)
    except TokenRefused as error:
        raise HandshakeRefused("revoked" if error.reason == "inactive" else error.reason) from None
    return HandshakeUser(user=str(row.user.pk), user_token=token_id(row), token=token)


def _checked_connection_token(token: str, now: float) -> HandshakeUser:
    parts = token.split(".")
    if len(parts) == 2 or (len(parts) == 3 and not parts[2]):
        raise HandshakeRefused("missing_signature")
    try:
        claims = verify(token, token_secrets(), now=now)
    except ExpiredToken:
        raise HandshakeRefused("expired") from None
    except InvalidToken as error:
        raise HandshakeRefused("wrong_signature" if error.reason == "signature" else "malformed") from None
    return HandshakeUser(user=claims.sub, user_token=claims.tid, token=token)


def session_user(cookies: Mapping[str, str]) -> HandshakeUser | None:
    """The user of Django's session cookie, ``None`` without one that is good. Blocking.

    A session may be used by pages of the site alone: whoever calls this has compared ``Origin`` with the host first.
    """
    key = cookies.get(settings.SESSION_COOKIE_NAME, "")
    if not key or text_problem(key):
        return None
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(key)
    user = get_user(request)
    if not user.is_authenticated or not user.is_active:
        return None
    return HandshakeUser(user=str(user.pk), user_token=session_id(key))
