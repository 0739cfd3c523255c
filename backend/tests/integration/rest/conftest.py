from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from vestnik.apps.accounts.demo import fill
from vestnik.apps.accounts.tokens import issue_token

if TYPE_CHECKING:
    from django.contrib.auth.models import User


@pytest.fixture
def people(db: None) -> dict[str, User]:
    return fill()


@pytest.fixture
def tutor(people: dict[str, User]) -> Client:
    """Signed in by token; answers with a 500 where something was not foreseen, as a server does."""
    _, token = issue_token(people["tutor"])
    return Client(raise_request_exception=False, headers={"authorization": f"Token {token}"})
