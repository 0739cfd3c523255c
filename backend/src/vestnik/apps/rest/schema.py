"""The OpenAPI description of the endpoints, from the same structs that they read and return."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

import msgspec
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from vestnik.apps.rest.bodies import answer as respond
from vestnik.apps.rest.errors import ErrorBody
from vestnik.apps.rest.views import ApiView

View = TypeVar("View", bound=Callable[..., Any])

_REFS = "#/components/schemas/{name}"


class Described:
    """A type for drf-spectacular, which asks for an object that its extensions recognise."""

    def __init__(self, shape: Any) -> None:
        self.shape = shape


class StructExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Describes whatever msgspec can encode; structs become named components."""

    target_class = Described

    def get_name(self, auto_schema: AutoSchema, direction: Any) -> str | None:
        return None  # the components are the structs inside

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        (schema,), components = msgspec.json.schema_components([self.target.shape], ref_template=_REFS)
        for name, component in components.items():
            auto_schema.registry.register_on_missing(
                ResolvedComponent(  # type: ignore[no-untyped-call]
                    name=name, type=ResolvedComponent.SCHEMA, object=name, schema=component
                )
            )
        return dict(schema)


def documented(
    *,
    answer: Any = None,
    body: Any = None,
    query: type[msgspec.Struct] | None = None,
    status: int | tuple[int, ...] | None = None,
    upload: dict[str, Any] | None = None,
    tags: list[str] | None = None,
) -> Callable[[View], View]:
    """Tell the schema what a handler reads and returns; the docstring of the handler becomes its description.

    Example::

        class Rooms(ApiView):
            @documented(body=NewRoom, answer=Room, status=201)
            def post(self, request: Request) -> Response:
                '''Open a room.'''

    Args:
        answer: What the body of the response holds: a struct, ``list[Struct]``, ``Page[Struct]``; ``None`` for no body.
        body: What the body of the request holds.
        query: The struct of the query parameters.
        status: The status of success, or several with the same body; 200, or 204 without a body, when omitted.
        upload: Instead of ``body``, the JSON schema of a multipart form.
        tags: The headings under which it is listed; the first word of the address when omitted.
    """
    statuses = (status,) if isinstance(status, int) else status or ((204,) if answer is None else (200,))
    success = OpenApiResponse(description="Done.") if answer is None else Described(answer)
    responses: dict[Any, Any] = dict.fromkeys(statuses, success)
    responses["default"] = OpenApiResponse(Described(ErrorBody), description="Refused, or failed.")
    options: dict[str, Any] = {"responses": responses, "request": None if body is None else Described(body)}
    if upload is not None:
        options["request"] = {"multipart/form-data": upload}
    if query is not None:
        options["parameters"] = list(_parameters(query))
    if tags is not None:
        options["tags"] = tags
    return extend_schema(**options)


def _parameters(shape: type[msgspec.Struct]) -> list[OpenApiParameter]:
    (schema,), components = msgspec.json.schema_components([shape], ref_template=_REFS)
    described = components.get(schema.get("$ref", "").rpartition("/")[2], schema)
    required = described.get("required", [])
    return [
        OpenApiParameter(
            name=name,
            location=OpenApiParameter.QUERY,
            required=name in required,
            description=detail.get("description", ""),
            type=_inline(detail, components),
        )
        for name, detail in described.get("properties", {}).items()
    ]


def _inline(schema: Any, components: dict[str, Any]) -> Any:
    """Parameters may not refer to components that no body uses: put the referred-to schema in their place."""
    if isinstance(schema, list):
        return [_inline(item, components) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(components[schema["$ref"].rpartition("/")[2]], components)
    return {key: _inline(value, components) for key, value in schema.items() if key != "description"}


@cache
def _document() -> bytes:
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    return msgspec.json.encode(generator.get_schema(request=None, public=True))  # type: ignore[no-untyped-call]


class SchemaView(ApiView):
    """The description itself."""

    permission_classes = [AllowAny]
    authentication_classes = []
    schema = None

    def get(self, request: Request) -> Response:
        return respond(msgspec.Raw(_document()))
