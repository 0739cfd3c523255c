"""The server is killed again and again while people talk: nothing acknowledged is lost, doubled, swapped or altered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from tests.support.site import RunningSite
from tests.support.witness import Witness, check_testimony

KILLS = 3
MESSAGES_EACH = 30

# ``centrifuge-python`` leaves the socket of a connection that ended half way to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.usefixtures("collect_garbage"),
]


@pytest.fixture(params=["daphne", "uvicorn", "picows"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with RunningSite(request.param, tmp_path_factory.mktemp(request.param)) as site:
        yield site


async def test_nothing_acknowledged_is_lost_doubled_or_swapped_when_the_server_is_killed(site: RunningSite) -> None:
    tokens = {name: site.sign_in(name) for name in ("student", "teacher", "tutor", "parent")}
    room = next(
        room["id"] for room in site.api("GET", "chat/rooms/", tokens["student"])["results"] if len(room["members"]) == 4
    )
    before = site.api("GET", f"chat/rooms/{room}/messages/?limit=1", tokens["student"])["results"][-1]["seq"]
    witnesses = [Witness(site, token, room, name) for name, token in tokens.items()]
    for witness in witnesses:
        await witness.begin()

    async def talk(witness: Witness) -> None:
        for number in range(MESSAGES_EACH):
            await witness.send(f"{witness.name} says {number}")
            await asyncio.sleep(0.02)

    async def kill_and_restart() -> None:
        for _ in range(KILLS):
            await asyncio.sleep(1.0)
            await asyncio.to_thread(site.restart)

    await asyncio.gather(kill_and_restart(), *map(talk, witnesses))
    for witness in witnesses:
        await witness.send(f"{witness.name} is done")
    total = len(witnesses) * (MESSAGES_EACH + 1)
    async with asyncio.timeout(60):
        while any(len(witness.received) < total for witness in witnesses):  # noqa: ASYNC110 their library calls back
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)  # whatever comes twice comes now
    for witness in witnesses:
        await witness.end()
    check_testimony(witnesses, _stored(site, tokens["student"], room, before))


def _stored(site: RunningSite, token: str, room: int, after: int) -> list[dict[str, object]]:
    stored: list[dict[str, object]] = []
    while True:
        page = site.api("GET", f"chat/rooms/{room}/messages/?after={after}&limit=100", token)["results"]
        if not page:
            return stored
        stored += page
        after = page[-1]["seq"]
