"""The OpenAPI schema is valid, complete, and what the server serves."""

from __future__ import annotations

import io

from django.core.management import call_command
from django.test import Client

from tests.support.routes import operations
from vestnik.apps.rest.views import ApiView


def test_it_is_made_without_a_warning() -> None:
    # Raises for an invalid schema, and for an endpoint that is not described.
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=io.StringIO())


def test_it_is_served_to_everybody_as_json(db: None) -> None:
    response = Client().get("/api/schema/", headers={"accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["openapi"].startswith("3.1")


def test_it_describes_the_endpoints_that_the_contract_names() -> None:
    described = {str(operation) for operation in operations()}
    assert described >= {
        "POST /api/auth/login/",
        "POST /api/auth/logout/",
        "POST /api/auth/logout-all/",
        "GET /api/auth/me/",
        "PATCH /api/auth/me/",
        "POST /api/realtime/token/",
    }


def test_every_endpoint_has_our_conventions() -> None:
    from django.urls import URLPattern, get_resolver

    def views(patterns: list[object]):
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield getattr(pattern.callback, "cls", None)
            else:
                yield from views(pattern.url_patterns)

    served = [view for view in views(get_resolver().url_patterns) if view is not None]
    assert served
    assert [view.__name__ for view in served if not issubclass(view, ApiView)] == []


def test_a_component_says_what_a_field_may_be(db: None) -> None:
    schemas = Client().get("/api/schema/").json()["components"]["schemas"]
    assert schemas["SignInBody"]["required"] == ["username", "password"]
    assert schemas["SignInBody"]["properties"]["username"]["maxLength"] == 254
    assert schemas["ErrorBody"]["required"] == ["error"]
