"""What goes wrong has one shape, whoever found it: an action, DRF, Django, or nobody."""

from __future__ import annotations

import logging

import pytest
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path, re_path
from pytest_django import Settings
from rest_framework.exceptions import ParseError, Throttled, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from vestnik.apps.rest.bodies import answer
from vestnik.apps.rest.errors import STATUSES
from vestnik.apps.rest.plain import no_such_address
from vestnik.apps.rest.views import ApiView
from vestnik.core.codes import ErrorCode
from vestnik.core.errors import BackendError, Conflict, InvalidParameters, LocalError, NotFound, PeerError

SECRET = "the database password is hunter2"

ERRORS = {
    "fields": InvalidParameters(text="required"),
    "missing": NotFound("chat room"),
    "conflict": Conflict("the invoice is paid", slug="invoice_paid"),
    "throttled": PeerError(ErrorCode.TOO_MANY_REQUESTS, retry_after=1.2),
    "unauthorized": PeerError(ErrorCode.UNAUTHORIZED),
    "large": PeerError(ErrorCode.TOO_LARGE),
    "busy": BackendError(SECRET),
    "broken": BackendError(SECRET, temporary=False),
    "local": LocalError(SECRET),
    "unforeseen": ValueError(SECRET),
    "http404": Http404(SECRET),
    "django403": DjangoPermissionDenied(SECRET),
    "suspicious": SuspiciousOperation(SECRET),
    "drf": ParseError("it does not parse"),
    "drf_fields": ValidationError({"a": ["b"]}),
    "drf_throttled": Throttled(wait=30),
}


class Fails(ApiView):
    permission_classes = [AllowAny]
    authentication_classes = []

    def get(self, request: Request, name: str) -> Response:
        raise ERRORS[name]


class Unencodable(ApiView):
    permission_classes = [AllowAny]
    authentication_classes = []

    def get(self, request: Request) -> Response:
        return answer({"when": object()})


def plain(request: HttpRequest) -> HttpResponse:
    raise ValueError(SECRET)


urlpatterns = [
    path("api/fails/<str:name>/", Fails.as_view()),
    path("api/unencodable/", Unencodable.as_view()),
    path("api/plain/", plain),
    path("page/", plain),
    path("api/", include("vestnik.apps.accounts.api")),
    re_path("^api/", no_such_address),
]


@pytest.fixture(autouse=True)
def _urls(settings: Settings) -> None:
    settings.ROOT_URLCONF = __name__


@pytest.fixture(params=[False, True], ids=["production", "debug"])
def client(request: pytest.FixtureRequest, settings: Settings) -> Client:
    settings.DEBUG = request.param
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("fields", 400, "invalid_parameters"),
        ("missing", 404, "chat_room_not_found"),
        ("conflict", 409, "invoice_paid"),
        ("throttled", 429, "too_many_requests"),
        ("unauthorized", 401, "unauthorized"),
        ("large", 413, "too_large"),
        ("busy", 503, "unavailable"),
        ("broken", 500, "internal"),
        ("local", 500, "internal"),
        ("unforeseen", 500, "internal"),
        ("http404", 404, "not_found"),
        ("django403", 403, "permission_denied"),
        ("suspicious", 400, "bad_request"),
        ("drf", 400, "parse_error"),
        ("drf_fields", 400, "invalid"),
        ("drf_throttled", 429, "too_many_requests"),
    ],
)
def test_an_error_in_a_view(client: Client, name: str, status: int, code: str) -> None:
    response = client.get(f"/api/fails/{name}/")
    assert response.status_code == status
    error = response.json()["error"]
    assert error["code"] == code
    assert error["message"]
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert SECRET not in response.content.decode()
    assert "Traceback" not in response.content.decode()


def test_the_headers_say_when_to_come_back_and_how_to_sign_in(client: Client) -> None:
    assert client.get("/api/fails/throttled/").headers["Retry-After"] == "2"
    assert client.get("/api/fails/drf_throttled/").headers["Retry-After"] == "30"
    assert client.get("/api/fails/busy/").headers["Retry-After"] == "5"
    assert client.get("/api/fails/unauthorized/").headers["WWW-Authenticate"] == "Token"


def test_fields_are_named(client: Client) -> None:
    assert client.get("/api/fails/fields/").json()["error"] == {
        "code": "invalid_parameters",
        "message": "text: required",
        "fields": {"text": "required"},
    }


def test_what_nobody_foresaw_is_in_the_log_with_its_traceback(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/api/fails/unforeseen/")
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR and record.exc_info]
    assert SECRET in str(record.exc_info[1])


def test_error_trackers_see_it() -> None:
    with pytest.raises(ValueError, match="hunter2"):
        Client(raise_request_exception=True).get("/api/fails/unforeseen/")


def test_what_is_no_view_of_ours_answers_in_json_too(client: Client) -> None:
    response = client.get("/api/plain/")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal")
    assert SECRET not in response.content.decode()
    assert client.get("/page/").headers["Content-Type"].startswith("text/html")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/", "/api/nothing/", "/api/auth/", "/api/auth/me/7/", "/api/%00", "/api/%ff/"])
def test_an_address_that_does_not_exist(client: Client, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "OPTIONS"):
        response = client.generic(method, path)
        assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")


def test_an_address_without_its_slash_is_told_so(client: Client) -> None:
    for method in ("GET", "POST"):
        response = client.generic(method, "/api/auth/me")
        assert response.status_code == 404
        assert "/api/auth/me/" in response.json()["error"]["message"]


def test_a_host_that_is_not_ours(client: Client) -> None:
    response = client.get("/api/auth/me/", headers={"host": "evil.example"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "bad_request")


async def test_all_that_holds_over_asgi(settings: Settings) -> None:
    client = AsyncClient(raise_request_exception=False)
    for address, status in (("/api/fails/unforeseen/", 500), ("/api/plain/", 500), ("/api/nothing/", 404)):
        response = await client.get(address)
        assert response.status_code == status
        assert response.json()["error"]["message"]


def test_an_answer_that_cannot_be_encoded_is_our_fault(client: Client) -> None:
    response = client.get("/api/unencodable/")
    assert (response.status_code, response.json()["error"]["code"]) == (500, "internal")


def test_every_code_has_a_status() -> None:
    assert set(STATUSES) == set(ErrorCode)
    assert all(400 <= status <= 599 for status in STATUSES.values())
