"""The OpenAPI description of the endpoints, from the same structs that they read and return."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar

import msgspec
from drf_spectacular.drainage import warn
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from vestnik.apps.rest.bodies import answer as respond
from vestnik.apps.rest.errors import ErrorBody
from vestnik.apps.rest.views import ApiView

View = TypeVar("View", bound=Callable[..., Any])

_REFS = "#/components/schemas/{name}"


class Described(dict[str, Any]):
    """The JSON schema of a type, worked out when the whole is: the names in annotations may be defined later.

    drf-spectacular takes a dict as it is.
    """

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape

    def describe(self, registry: ComponentRegistry) -> bool:
        """Fill the dict in; structs become named components. Returns whether something is required of the value."""
        (schema,), components = msgspec.json.schema_components([self.shape], ref_template=_REFS)
        self.update(schema)
        for name, component in components.items():
            _register(registry, name, component)
        return bool(components.get(schema.get("$ref", "").rpartition("/")[2], schema).get("required"))


def _register(registry: ComponentRegistry, name: str, schema: dict[str, Any]) -> None:
    component = ResolvedComponent(  # type: ignore[no-untyped-call]
        name=name, type=ResolvedComponent.SCHEMA, object=name, schema=schema
    )
    if component in registry and registry[component].schema != schema:
        warn(f"two different structs are called {name}; rename one of them")
    registry.register_on_missing(component)


class ApiSchema(AutoSchema):
    """Names operations by method and address, which nothing else can have: ``get_chat_rooms_room_id``."""

    def get_operation_id(self) -> str:
        words = re.split(r"[/{}-]+", self.path.removeprefix("/api"))
        return "_".join([self.method.lower(), *filter(None, words)])

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        needs_body = False
        for described in _described_in(self.get_request_serializer()):
            needs_body = described.describe(registry)
        for described in _described_in(self.get_response_serializers()):
            described.describe(registry)
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if needs_body and operation is not None:
            operation["requestBody"]["required"] = True
        return operation


def _described_in(declared: Any) -> Iterator[Described]:
    for value in declared.values() if isinstance(declared, dict) else ():
        described = value.response if isinstance(value, OpenApiResponse) else value
        if isinstance(described, Described):
            yield described


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
    success = OpenApiResponse(None if answer is None else Described(answer), description="Done.")
    responses: dict[Any, Any] = dict.fromkeys(statuses, success)
    responses["default"] = OpenApiResponse(Described(ErrorBody), description="Refused, or failed.")
    options: dict[str, Any] = {"responses": responses, "request": None}
    if body is not None:
        options["request"] = {"application/json": Described(body)}
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
