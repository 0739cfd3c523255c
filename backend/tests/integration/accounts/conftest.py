from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from django.core.cache import cache
from django.test import Client

if TYPE_CHECKING:
    from django.contrib.auth.models import User

PASSWORD = "correct horse"


@pytest.fixture(autouse=True)
def _fresh_throttle() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def masha(db: None, django_user_model: type[User]) -> User:
    return django_user_model.objects.create_user("masha", password=PASSWORD, first_name="Маша", last_name="Иванова")


@pytest.fixture
def anonymous() -> Client:
    return Client(raise_request_exception=False)


@pytest.fixture
def signed_in(anonymous: Client) -> Callable[..., Client]:
    """``signed_in(username, device="")``: a client with a token of its own, in ``client.token``."""

    def sign_in(username: str, *, device: str = "") -> Client:
        response = anonymous.post(
            "/api/auth/login/",
            {"username": username, "password": PASSWORD, "device": device},
            content_type="application/json",
        )
        assert response.status_code == 200, response.content
        token = response.json()["token"]
        client = Client(raise_request_exception=False, headers={"authorization": f"Token {token}"})
        client.token = token
        return client

    return sign_in
