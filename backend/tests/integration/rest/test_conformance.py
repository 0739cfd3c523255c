"""What the schema says is what the server does: requests made up from the schema, answers held against it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import schemathesis
from django.contrib.auth.models import User
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from vestnik.apps.accounts.tokens import issue_token

# Signing out would end the test, and webhooks are the providers' to describe.
api = schemathesis.openapi.from_wsgi("/api/schema/", get_wsgi_application()).exclude(
    path_regex="/auth/logout|/webhooks/"
)


@pytest.fixture(autouse=True)
def _connection_kept_open() -> Iterator[None]:
    """As Django's test client does it: the connection, and its transaction, belong to the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@api.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_the_server_does_what_its_schema_says(case: schemathesis.Case, people: dict[str, User]) -> None:
    _, token = issue_token(people["tutor"])
    # Not that all which fits the schema is accepted: that a relation exists, or a cursor is ours, it cannot say.
    case.call_and_validate(headers={"Authorization": f"Token {token}"}, excluded_checks=[positive_data_acceptance])
