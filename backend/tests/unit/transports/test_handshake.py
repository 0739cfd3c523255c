"""What is decided before a socket is opened."""

from __future__ import annotations

import pytest

from vestnik.core.ports import Credentials
from vestnik.transports.handshake import Doorkeeper, Handshake, Refused

OWN = "https://school.example"


async def admitted(*, origins: tuple[str, ...] = (), path: str = "/ws", **headers: str) -> Credentials:
    """What the doorkeeper makes of a handshake at ``school.example``."""

    async def check(handshake: Handshake) -> Credentials:
        return Credentials(user="7" if "cookie" in handshake.headers else "", headers=handshake.headers)

    handshake = Handshake(path=path, headers={"host": "school.example", **headers})
    return (await Doorkeeper(check, origins).admit(handshake)).credentials


@pytest.mark.parametrize(
    ("origins", "origin"),
    [
        ((), OWN),
        ((), "https://SCHOOL.example"),
        (("https://app.example",), "https://app.example"),
        (("https://app.example/",), "https://app.example"),
        (("*",), OWN),
        (("*", "https://app.example"), "https://app.example"),
    ],
)
async def test_the_cookie_counts_on_pages_of_the_site_and_on_listed_ones(origins: tuple[str, ...], origin: str) -> None:
    assert (await admitted(origins=origins, origin=origin, cookie="sessionid=x")).user == "7"


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "*", "https://school.example.evil", ""])
async def test_where_all_pages_are_let_in_the_cookie_counts_on_none_but_the_sites_own(origin: str) -> None:
    credentials = await admitted(origins=("*",), origin=origin, cookie="sessionid=x")
    assert credentials.user == ""
    assert "cookie" not in credentials.headers


async def test_without_an_origin_the_cookie_does_not_count() -> None:
    assert (await admitted(cookie="sessionid=x")).user == ""


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://school.example:444", "ftp://school.example"]
)
async def test_a_page_that_is_not_listed_is_refused(origin: str) -> None:
    with pytest.raises(Refused) as refused:
        await admitted(origins=("https://app.example",), origin=origin)
    assert refused.value.status == 403


@pytest.mark.parametrize("path", ["/ws\n", "/ws/chat/١٢/", "/ws/chat/7\n", "//ws", "/ws//"])
async def test_what_only_looks_like_the_path_is_404(path: str) -> None:
    with pytest.raises(Refused) as refused:
        await admitted(path=path)
    assert refused.value.status == 404
