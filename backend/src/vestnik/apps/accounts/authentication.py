"""``Authorization: Token …`` (or ``Bearer …``) on HTTP requests, as DRF wants it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from vestnik.apps.accounts.tokens import TokenRefused, find_token

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SCHEMES = (b"token", b"bearer")


class TokenAuthentication(BaseAuthentication):
    """``request.user`` is the token's user, ``request.auth`` its row."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, value = get_authorization_header(request).strip().partition(b" ")
        if scheme.lower() not in SCHEMES:
            return None
        try:
            row = find_token(value.strip().decode("latin-1"), now=time.time())
        except TokenRefused as error:
            raise AuthenticationFailed(str(error), code=f"token_{error.reason}") from error
        return row.user, row

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def user_of(request: Request) -> User:
    """The user behind a request that has passed ``IsAuthenticated``."""
    return cast("User", request.user)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells the schema of it."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <token>`, with the token that `/api/auth/login/` has returned.",
        }
