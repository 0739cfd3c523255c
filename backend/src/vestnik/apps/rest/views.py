"""The base of every endpoint: our errors, JSON by msgspec both ways, nothing cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from django.utils.functional import Promise
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, FormParser, JSONParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from vestnik.apps.rest.errors import error_response


def _encode_other(value: Any) -> Any:
    if isinstance(value, Promise):  # a translated sentence that was not looked up yet
        return str(value)
    raise NotImplementedError(f"cannot encode {type(value).__name__} as JSON")


class JsonRenderer(BaseRenderer):
    """Structs to JSON, once."""

    media_type = "application/json"
    format = "json"
    charset = None
    render_style = "binary"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else msgspec.json.encode(data, enc_hook=_encode_other)


class AlwaysJson(BaseContentNegotiation):
    """There is one representation; an ``Accept`` header does not change it and is no reason to refuse."""

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser | None:  # type: ignore[override]
        content_type = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(  # type: ignore[override]
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], str(renderers[0].media_type)


class ApiView(APIView):
    """DRF's view with our conventions; handlers read by ``body`` and ``query`` and return ``answer(…)``.

    Who asks is found out by the project's ``DEFAULT_AUTHENTICATION_CLASSES``, and everybody has to be signed in unless
    the view says otherwise. ``OPTIONS`` is not served: the schema describes the endpoints.
    """

    renderer_classes = [JsonRenderer]
    # Forms as well, although ``body`` refuses them: with a session, DRF looks for the CSRF token in a form.
    parser_classes = [JSONParser, FormParser, MultiPartParser]
    content_negotiation_class = AlwaysJson
    http_method_names = ["get", "head", "post", "put", "patch", "delete"]

    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response]:
        return error_response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
