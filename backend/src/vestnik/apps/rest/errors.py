"""Whatever goes wrong leaves as ``{"error": {…}}`` with the right status, never as a traceback."""

from __future__ import annotations

import logging
import math
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import set_rollback

from vestnik.core.codes import ErrorCode
from vestnik.core.errors import BackendError, PeerError

logger = logging.getLogger(__name__)

STATUSES: dict[ErrorCode, int] = {
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAUTHORIZED: 401,
    ErrorCode.UNKNOWN_CHANNEL: 404,
    ErrorCode.PERMISSION_DENIED: 403,
    ErrorCode.METHOD_NOT_FOUND: 404,
    ErrorCode.ALREADY_SUBSCRIBED: 409,
    ErrorCode.LIMIT_EXCEEDED: 409,
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.NOT_AVAILABLE: 404,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.EXPIRED: 401,
    ErrorCode.TOO_MANY_REQUESTS: 429,
    ErrorCode.UNRECOVERABLE_POSITION: 409,
    ErrorCode.INVALID_PARAMETERS: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.TOO_LARGE: 413,
}


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong: a stable word for programs, a sentence for developers, and what is wrong with which field."""

    code: str
    message: str
    fields: dict[str, str] = {}


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer with a status of 400 or more."""

    error: ErrorDetail


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """An error answer before it becomes a response of one framework or another."""

    status: int
    detail: ErrorDetail
    headers: dict[str, str] = {}


def refusal(
    status: int,
    code: str,
    message: str,
    *,
    fields: dict[str, str] | None = None,
    retry_after: float | None = None,
) -> Refusal:
    return Refusal(
        status=status,
        detail=ErrorDetail(code=code, message=message, fields=fields or {}),
        headers={} if retry_after is None else {"Retry-After": str(max(1, math.ceil(retry_after)))},
    )


def refusal_for(error: Exception) -> Refusal | None:
    """The answer to an error that says whose fault it was; ``None`` for one that nobody foresaw."""
    match error:
        case PeerError():
            return refusal(
                STATUSES[error.code], error.slug, error.message, fields=error.fields, retry_after=error.retry_after
            )
        case BackendError(temporary=True):
            return refusal(503, "unavailable", "something that this depends on does not answer", retry_after=5)
        case Http404() | drf.NotFound():
            return refusal(404, "not_found", "not found")
        case RequestDataTooBig():
            return refusal(413, "too_large", "the body is too large")
        case UnreadablePostError() | SuspiciousOperation():
            return refusal(400, "bad_request", "bad request")
        case DjangoPermissionDenied():
            return refusal(403, "permission_denied", "permission denied")
        case drf.Throttled():
            return refusal(429, "too_many_requests", "too many requests", retry_after=getattr(error, "wait", None))
        case drf.PermissionDenied() if str(error.detail).startswith("CSRF Failed: "):
            return refusal(
                403, "csrf_failed", f"the CSRF check failed: {str(error.detail).removeprefix('CSRF Failed: ')}"
            )
        case drf.APIException():
            code = error.get_codes()
            detail = str(error.detail) if isinstance(error.detail, str) else str(error.default_detail)
            return refusal(error.status_code, code if isinstance(code, str) else error.default_code, detail)
    return None


def error_response(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's ``EXCEPTION_HANDLER``: always an answer, so that DRF never raises into Django's pages.

    An error that nobody foresaw is logged with its traceback and reported as Django itself would report it, so that
    error trackers (and Django's test client) see it.
    """
    set_rollback()
    found = refusal_for(error)
    if found is None:
        view, request = context.get("view"), context.get("request")
        logger.exception("unexpected error in %s", type(view).__name__)
        got_request_exception.send(sender=type(view), request=getattr(request, "_request", None))
        found = refusal(500, "internal", "internal server error")
    headers = dict(found.headers)
    if found.status == 401:
        headers["WWW-Authenticate"] = _authenticate_header(context)
    return Response(ErrorBody(found.detail), status=found.status, headers=headers)


def _authenticate_header(context: dict[str, Any]) -> str:
    view, request = context.get("view"), context.get("request")
    header = view.get_authenticate_header(request) if view is not None else None
    return header or "Token"
