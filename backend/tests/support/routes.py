"""All operations of the HTTP API, as the schema describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from drf_spectacular.generators import SchemaGenerator


@cache
def schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(request=None, public=True)


class Operation(msgspec.Struct, frozen=True):
    """One method at one address.

    Attributes:
        method: In upper case.
        path: With ``{names}`` in it.
        fields: Name to JSON schema of each field of the JSON body; ``None`` if it reads none.
        parameters: Name to JSON schema of each query parameter.
        required: The names of those that must be there.
        is_open: Nobody has to be signed in.
    """

    method: str
    path: str
    fields: dict[str, Any] | None
    parameters: dict[str, Any]
    required: tuple[str, ...]
    is_open: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, value: object = 1) -> str:
        """With ``value`` for each name."""
        return re.sub(r"\{\w+\}", str(value), self.path)


def operations() -> list[Operation]:
    return list(_operations())


def _operations() -> Iterator[Operation]:
    for path, methods in schema()["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            body = content.get("application/json")
            yield Operation(
                method=method.upper(),
                path=path,
                fields=None if body is None else _resolve(body["schema"]).get("properties", {}),
                parameters={
                    parameter["name"]: parameter["schema"]
                    for parameter in operation.get("parameters", ())
                    if parameter["in"] == "query"
                },
                required=tuple(
                    parameter["name"]
                    for parameter in operation.get("parameters", ())
                    if parameter["in"] == "query" and parameter.get("required")
                ),
                is_open={} in operation.get("security", ()) or not operation.get("security"),
            )


def _resolve(schema_or_ref: dict[str, Any]) -> dict[str, Any]:
    name = schema_or_ref.get("$ref", "").rpartition("/")[2]
    return schema()["components"]["schemas"][name] if name else schema_or_ref
