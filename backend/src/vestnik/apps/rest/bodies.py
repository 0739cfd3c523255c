"""Requests become msgspec structs, structs become responses: the same structs, and the same refusals, as over rpc."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, TypeVar, Union, get_args, get_origin
from urllib.parse import parse_qsl

import msgspec
from django.core.exceptions import RequestDataTooBig
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from vestnik.core.codes import ErrorCode
from vestnik.core.errors import InvalidParameters, PeerError
from vestnik.core.procedures import decode_params, invalid_parameters
from vestnik.core.values import MAX_INTEGER, text_problem

# A message text at its default limit, every character written as an escape, fits eight times.
MAX_BODY = 1_048_576  # bytes
MAX_QUERY_FIELDS = 100
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

Shape = TypeVar("Shape", bound=msgspec.Struct)


def body(request: Request, shape: type[Shape]) -> Shape:
    """Decode the JSON body. An empty body counts as ``{}``, with or without a content type.

    Raises:
        InvalidParameters: Malformed JSON, or a field that does not fit; the message names it.
        PeerError: 413 for more than ``MAX_BODY`` bytes.
        UnsupportedMediaType: 415 for a body that is not ``application/json``.
    """
    content_type = (request.content_type or "").partition(";")[0].strip().lower()
    if content_type in FORMS:  # they may have been read as a stream, and cannot be read again
        raise UnsupportedMediaType(content_type)
    data = _read(request)
    if data and content_type != "application/json":
        raise UnsupportedMediaType(content_type or "none")
    return decode_params(data or b"{}", shape)


def _read(request: Request) -> bytes:
    # DRF takes a body without a Content-Length (chunked) for no body at all; Django has it.
    too_large = PeerError(ErrorCode.TOO_LARGE, f"the body is larger than {MAX_BODY} bytes")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdecimal() and int(length) > MAX_BODY:
        raise too_large
    try:
        data = bytes(request._request.body)
    except RequestDataTooBig as error:
        raise too_large from error
    if len(data) > MAX_BODY:
        raise too_large
    return data


def query(request: Request, shape: type[Shape]) -> Shape:
    """Decode the query string: text is turned into numbers and booleans where the struct says so.

    A field whose type is a list may be repeated, another may not. Fields that the struct does not know are ignored.

    Raises:
        InvalidParameters: A field that does not fit; the message names it.
    """
    given: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            request.META.get("QUERY_STRING", ""),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_QUERY_FIELDS,
        )
    except UnicodeDecodeError as error:
        raise InvalidParameters(query="invalid UTF-8") from error
    except ValueError as error:
        raise InvalidParameters(query=f"more than {MAX_QUERY_FIELDS} fields") from error
    for name, value in pairs:
        given.setdefault(name, []).append(value)
    fields: dict[str, str | list[str]] = {}
    for field in msgspec.structs.fields(shape):
        values = given.get(field.encode_name)
        if values is None:
            continue
        for value in values:
            if problem := text_problem(value):
                raise InvalidParameters(**{field.encode_name: problem})
        if _is_list(field.type):
            fields[field.encode_name] = values
        elif len(values) > 1:
            raise InvalidParameters(**{field.encode_name: "given more than once"})
        else:
            fields[field.encode_name] = values[0]
    try:
        converted = msgspec.convert(fields, shape, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_parameters(error) from error
    for field in msgspec.structs.fields(shape):
        value = getattr(converted, field.name)
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            raise InvalidParameters(**{field.encode_name: "integer out of range"})
    return converted


def _is_list(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_is_list(option) for option in get_args(annotation))
    return annotation is list or get_origin(annotation) is list


def answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response with ``content``, a struct or a list of them, as JSON; ``None`` for no body (status 204)."""
    return Response(content, status=status, headers=dict(headers or {}))
