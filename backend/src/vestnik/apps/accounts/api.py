"""HTTP doors: signing in and out, the account, the token for the socket."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from django.contrib.auth import logout
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from vestnik.apps.accounts import actions
from vestnik.apps.accounts.actions import ConnectionToken, SignInResult
from vestnik.apps.accounts.authentication import user_of
from vestnik.apps.accounts.events import Account, LanguageName, ThemeName, account
from vestnik.apps.accounts.revocation import session_id
from vestnik.apps.accounts.tokens import token_id
from vestnik.apps.rest.bodies import answer, body
from vestnik.apps.rest.schema import documented
from vestnik.apps.rest.views import ApiView
from vestnik.core.values import Text


class SignInBody(msgspec.Struct, frozen=True, kw_only=True):
    username: Annotated[Text, msgspec.Meta(min_length=1, max_length=254)]
    # Longer ones only make the hashing slow.
    password: Annotated[Text, msgspec.Meta(min_length=1, max_length=1024)]
    device: Annotated[Text, msgspec.Meta(max_length=100)] = ""


class PreferencesBody(msgspec.Struct, frozen=True, kw_only=True):
    language: LanguageName | None = None
    theme: ThemeName | None = None


class SignIn(ApiView):
    # A token or cookie that has gone bad must not keep anybody from fetching a good one.
    authentication_classes = []
    permission_classes = [AllowAny]

    @documented(body=SignInBody, answer=SignInResult)
    def post(self, request: Request) -> Response:
        """Sign in on one more device. The token goes into `Authorization: Token …`; using it renews it."""
        given = body(request, SignInBody)
        result = actions.sign_in(
            given.username,
            given.password,
            address=str(BaseThrottle().get_ident(request)),
            device=given.device,
            request=request._request,
        )
        return answer(result)


class SignOut(ApiView):
    @documented()
    def post(self, request: Request) -> Response:
        """Revoke the token of this request, or end its session; its live connections are closed."""
        if request.auth is None:
            logout(request._request)
        else:
            actions.sign_out(request.auth)
        return answer(None, status=204)


class SignOutEverywhere(ApiView):
    @documented()
    def post(self, request: Request) -> Response:
        """Revoke all tokens of the user, and close all live connections."""
        actions.sign_out_everywhere(user_of(request))
        if request.auth is None:
            logout(request._request)
        return answer(None, status=204)


class Me(ApiView):
    @documented(answer=Account)
    def get(self, request: Request) -> Response:
        """Who one is."""
        return answer(account(user_of(request)))

    @documented(body=PreferencesBody, answer=Account)
    def patch(self, request: Request) -> Response:
        """Choose the language and the theme."""
        given = body(request, PreferencesBody)
        return answer(actions.change_preferences(user_of(request), language=given.language, theme=given.theme))


class RealtimeToken(ApiView):
    @documented(answer=ConnectionToken)
    def post(self, request: Request) -> Response:
        """A short-lived token for the socket, for the `connect` command or a refresh."""
        credential, expires_at = _credential_of(request)
        return answer(actions.connection_token(user_of(request), credential=credential, expires_at=expires_at))


def _credential_of(request: Request) -> tuple[str, datetime | None]:
    if request.auth is not None:
        row: Any = request.auth
        return token_id(row), row.expiry
    session = request._request.session
    return session_id(session.session_key or ""), session.get_expiry_date()


urlpatterns = [
    path("auth/login/", SignIn.as_view()),
    path("auth/logout/", SignOut.as_view()),
    path("auth/logout-all/", SignOutEverywhere.as_view()),
    path("auth/me/", Me.as_view()),
    path("realtime/token/", RealtimeToken.as_view()),
]
