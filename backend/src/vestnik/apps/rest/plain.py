"""The same errors outside DRF: addresses that do not exist, and what Django answers before any view is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve
from django.utils.decorators import sync_and_async_middleware
from django.views.decorators.csrf import csrf_exempt

from vestnik.apps.rest.errors import ErrorBody, Refusal, refusal

API_PREFIX = "/api/"

_SENTENCES = {
    400: ("bad_request", "bad request"),
    403: ("permission_denied", "permission denied"),
    404: ("not_found", "not found"),
    405: ("method_not_allowed", "method not allowed"),
    413: ("too_large", "too large"),
    500: ("internal", "internal server error"),
}


def plain_response(found: Refusal) -> HttpResponse:
    """A response of Django's own."""
    return HttpResponse(
        msgspec.json.encode(ErrorBody(found.detail)),
        status=found.status,
        content_type="application/json",
        headers={"Cache-Control": "no-store", **found.headers},
    )


@csrf_exempt
def no_such_address(request: HttpRequest) -> HttpResponse:
    """Stands last among the addresses under ``/api/``: Django's own page for this is HTML, and tells much in DEBUG."""
    try:
        if resolve(f"{request.path_info}/").func is not no_such_address:
            message = f"there is no such address; {request.path}/ ends with a slash"
            return plain_response(refusal(404, "not_found", message))
    except Resolver404:
        pass
    return plain_response(refusal(404, "not_found", "there is no such address"))


@sync_and_async_middleware
def api_errors(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Middleware, the first of all: what other middleware refuses under ``/api/`` is JSON too, also in ``DEBUG``."""
    if iscoroutinefunction(get_response):

        async def answer_later(request: HttpRequest) -> HttpResponseBase:
            response: Awaitable[HttpResponseBase] = get_response(request)
            return _as_json(request, await response)

        return answer_later

    def answer(request: HttpRequest) -> HttpResponseBase:
        return _as_json(request, get_response(request))

    return answer


def _as_json(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    is_page = response.headers.get("Content-Type", "").startswith("text/")
    if response.status_code < 400 or not is_page or not request.path.startswith(API_PREFIX):
        return response
    code, message = _SENTENCES.get(response.status_code, ("error", response.reason_phrase.lower()))
    replacement = plain_response(refusal(response.status_code, code, message))
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in response.headers:
            replacement.headers[name] = response.headers[name]
    return replacement
