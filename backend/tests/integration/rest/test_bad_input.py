"""Every operation, existing and to come, refuses what it cannot mean: with a 4xx, our error body, and no change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from tests.support.routes import Operation, operations
from vestnik.apps.rest.bodies import FORMS, MAX_BODY

OPERATIONS = operations()
WITH_BODY = [operation for operation in OPERATIONS if operation.fields is not None]
WITH_QUERY = [operation for operation in OPERATIONS if operation.parameters]
GUARDED = [operation for operation in OPERATIONS if not operation.is_open]

everywhere = pytest.mark.parametrize("operation", WITH_BODY, ids=str)


def send(client: Client, operation: Operation, body: bytes, content_type: str = "application/json") -> Any:
    return client.generic(operation.method, operation.address(), body, content_type=content_type)


def assert_refused(response: Any, *statuses: int) -> dict[str, Any]:
    assert 400 <= response.status_code < 500, response.content
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    (key, error), *others = response.json().items()
    assert (key, others) == ("error", [])
    assert set(error) == {"code", "message", "fields"}
    assert error["code"] == error["code"].lower()
    assert error["message"]
    assert "Traceback" not in response.content.decode()
    # A thing that is not there may be said first: the address comes before the body.
    if response.status_code not in (403, 404):
        assert response.status_code in statuses
    return error


MALFORMED = {
    "half of it": b'{"text": "a',
    "no JSON": b"text=hello",
    "NaN": b'{"x": NaN}',
    "infinity": b'{"x": -Infinity}',
    "lone surrogate": rb'{"x": "\ud800"}',
    "invalid UTF-8": b'{"\xff": 1}',
    "control character": b'{"x": "\x00"}',
    "nested too deeply": b'{"x": ' + b"[" * 100_000,
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": "{}".encode("utf-16"),
}


@everywhere
def test_malformed_json(tutor: Client, operation: Operation) -> None:
    for what, body in MALFORMED.items():
        error = assert_refused(send(tutor, operation, body), 400)
        if error["code"] == "invalid_parameters":
            assert error["message"].startswith("params: malformed JSON"), what


@everywhere
def test_something_that_is_no_object(tutor: Client, operation: Operation) -> None:
    for body in (b"[]", b'"text"', b"7", b"null", b"true"):
        error = assert_refused(send(tutor, operation, body), 400)
        if error["code"] == "invalid_parameters":
            assert error["message"].startswith("params: Expected `object`"), body


def bodies_with(operation: Operation, value: object) -> list[tuple[str, bytes]]:
    """For each field a body that has ``value`` in it, and nothing else wrong that could be said of it."""
    return [(name, json.dumps({name: value}).encode()) for name in operation.fields or ()]


@everywhere
def test_a_field_of_the_wrong_kind(tutor: Client, operation: Operation) -> None:
    for value in ({"$ne": 1}, [[]], 10**30, -(10**30), 1e308):
        for name, body in bodies_with(operation, value):
            if accepts_anything(operation.fields[name]):
                continue
            error = assert_refused(send(tutor, operation, body), 400)
            if error["code"] == "invalid_parameters":
                # Either this field, or one that is missing beside it.
                assert error["fields"]
                assert "params" not in error["fields"]


def accepts_anything(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" or "$ref" in json.dumps(schema)


@everywhere
def test_text_with_u0000_names_the_field(tutor: Client, operation: Operation) -> None:
    for name, body in bodies_with(operation, "a\x00b"):
        error = assert_refused(send(tutor, operation, body), 400)
        if error["code"] == "invalid_parameters":
            assert error["fields"] == {name: "must not hold the character U+0000"}


@everywhere
def test_invalid_utf8_in_a_field(tutor: Client, operation: Operation) -> None:
    for name in operation.fields or ():
        assert_refused(send(tutor, operation, b'{"%s": "\xff\xfe"}' % name.encode()), 400)


@everywhere
def test_a_body_that_is_too_large(tutor: Client, operation: Operation) -> None:
    assert_refused(send(tutor, operation, b'{"x": "' + b"a" * MAX_BODY + b'"}'), 413)


@everywhere
def test_a_body_that_is_not_said_to_be_json(tutor: Client, operation: Operation) -> None:
    for content_type in (*FORMS, "multipart/form-data; boundary=x", "text/plain", "a/b/c", ""):
        assert_refused(send(tutor, operation, b'{"x": 1}', content_type), 415)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if "{" in one.path], ids=str)
def test_an_address_of_nothing(tutor: Client, operation: Operation) -> None:
    for value in (0, -1, 10**30, "x", "%00", "%FF", "1%2F2", "١"):
        response = tutor.generic(operation.method, operation.address(value), b"{}", content_type="application/json")
        assert_refused(response, 400, 405, 415)


def ask(client: Client, operation: Operation, query: str) -> Any:
    others = "".join(f"&{name}=hello" for name in operation.required if not query.startswith(f"{name}="))
    return client.generic(operation.method, f"{operation.address()}?{query}{others}")


@pytest.mark.parametrize("operation", WITH_QUERY, ids=str)
def test_a_bad_query(tutor: Client, operation: Operation) -> None:
    for name, schema in operation.parameters.items():
        bad = ["%00", "%FF"]
        if schema.get("type") == "integer":
            bad += ["9" * 30, "-1", "x", ""]
        if schema.get("type") != "array":
            bad.append(f"1&{name}=2")
        for value in bad:
            error = assert_refused(ask(tutor, operation, f"{name}={value}"), 400)
            if error["code"] == "invalid_parameters":
                assert set(error["fields"]) & {name, "query"}, value


@pytest.mark.parametrize("operation", [one for one in WITH_QUERY if "cursor" in one.parameters], ids=str)
def test_a_cursor_that_is_none(tutor: Client, operation: Operation) -> None:
    for cursor in ("x", "!!!!", "bnVsbA", "W10", "eyJhIjoxfQ", "A" * 5000, "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OQ"):
        error = assert_refused(ask(tutor, operation, f"cursor={cursor}"), 400)
        if error["code"] == "invalid_parameters":
            assert list(error["fields"]) == ["cursor"], cursor


@pytest.mark.parametrize("operation", GUARDED, ids=str)
def test_nobody_gets_in_without_signing_in(db: None, operation: Operation) -> None:
    response = Client(raise_request_exception=False).generic(operation.method, operation.address())
    assert_refused(response, 401)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("path", sorted({operation.path for operation in OPERATIONS}))
def test_a_method_that_is_not_served(tutor: Client, path: str) -> None:
    served = {operation.method for operation in OPERATIONS if operation.path == path}
    address = next(operation for operation in OPERATIONS if operation.path == path).address()
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"} - served:
        response = tutor.generic(method, address)
        error = assert_refused(response, 405)
        assert (response.status_code, error["code"]) == (405, "method_not_allowed")
        assert set(response.headers["Allow"].split(", ")) - {"HEAD"} == served
