"""Clients that nobody here wrote, against a site that runs: ``centrifuge`` of npm and ``centrifuge-python``."""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from centrifuge import (
    Client,
    ClientEventHandler,
    ClientState,
    DisconnectedContext,
    PublicationContext,
    SubscribedContext,
    SubscriptionEventHandler,
)
from centrifuge.exceptions import ReplyError

from tests.support.site import RunningSite

SCRIPT = Path(__file__).parents[2] / "support" / "js" / "client.cjs"
PATIENCE = 60.0

# ``centrifuge-python`` leaves the socket of a connection that ended half way to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.usefixtures("collect_garbage"),
]


@pytest.fixture(scope="module", params=["daphne", "uvicorn"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    with RunningSite(request.param, tmp_path_factory.mktemp(request.param)) as site:
        yield site


@pytest.fixture(scope="module")
def student(site: RunningSite) -> str:
    return site.sign_in("student")


@pytest.fixture
def room(site: RunningSite, student: str) -> int:
    """The room of student and teacher, which is quiet."""
    teacher = next(c["id"] for c in site.api("GET", "contacts/", student)["results"] if c["role"] == "teacher")
    found: int = site.api("POST", "chat/rooms/", student, json={"kind": "direct", "member_ids": [teacher]})["id"]
    return found


def connection_token(site: RunningSite, student: str, **claims: Any) -> str:
    good = site.api("POST", "realtime/token/", student)["token"]
    decoded = jwt.decode(good, site.secret_key, algorithms=["HS256"])
    return jwt.encode({**decoded, **claims}, site.secret_key, algorithm="HS256")


@pytest.mark.parametrize("flavour", ["json", "protobuf"])
async def test_the_javascript_library_talks_resumes_refreshes_and_stays_away_when_told(
    site: RunningSite, student: str, room: int, flavour: str
) -> None:
    tokens = (
        connection_token(site, student, exp=int(time.time()) - 10),
        connection_token(site, student),
        connection_token(site, student)[:-4] + "AAAA",
    )
    done = await asyncio.to_thread(
        subprocess.run,
        ["node", str(SCRIPT), site.url, flavour, str(room), *tokens],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr + site.log()[-2000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["unexpected"] == []
    assert seen["tokensAsked"] >= 2
    assert seen["texts"] == ["first", "sent while the socket was cut", "last"]
    assert seen["offsets"] == list(range(seen["offsets"][0], seen["offsets"][0] + 3))
    assert (seen["recovered"], seen["wasRecovering"]) == (True, True)
    assert seen["presence"] == 1
    assert seen["history"] == 1
    assert seen["unknown"] == 104
    assert seen["turnedAway"] == {"code": 3500, "hasReason": True, "state": "disconnected", "sockets": 1}


class Ears(SubscriptionEventHandler):
    """What a subscription was told."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.offsets: list[int] = []
        self.subscribed: list[SubscribedContext] = []

    async def on_publication(self, ctx: PublicationContext) -> None:
        data = ctx.pub.data
        event = json.loads(data) if isinstance(data, bytes) else data
        if event["type"] == "message.created":
            self.texts.append(event["message"]["text"])
            self.offsets.append(ctx.pub.offset)

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self.subscribed.append(ctx)


class Fate(ClientEventHandler):
    """How a connection ended."""

    def __init__(self) -> None:
        self.disconnected: list[DisconnectedContext] = []

    async def on_disconnected(self, ctx: DisconnectedContext) -> None:
        self.disconnected.append(ctx)


async def until(condition: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 their library calls back
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("use_protobuf", [False, True], ids=["json", "protobuf"])
async def test_the_python_library_talks_resumes_and_refreshes(
    site: RunningSite, student: str, room: int, use_protobuf: bool
) -> None:
    tokens = [connection_token(site, student, exp=int(time.time()) - 10)]

    async def get_token(ctx: Any = None) -> str:
        return tokens.pop() if tokens else await asyncio.to_thread(connection_token, site, student)

    client = Client(site.url, get_token=get_token, use_protobuf=use_protobuf, min_reconnect_delay=0.05)
    ears = Ears()
    subscription = client.new_subscription(f"chat:{room}", events=ears)

    async def send(text: str) -> None:
        params: Any = {"room": room, "client_id": str(uuid.uuid4()), "text": text}
        await client.rpc("chat.send", json.dumps(params).encode() if use_protobuf else params)

    await client.connect()
    await subscription.subscribe()
    await subscription.ready(timeout=PATIENCE)
    assert tokens == []
    await send("first")
    await until(lambda: ears.texts == ["first"])
    await client.disconnect()
    other = site.api("POST", f"chat/rooms/{room}/messages/", student, json=_message("missed"))
    assert other["text"] == "missed"
    await client.connect()
    await until(lambda: ears.texts == ["first", "missed"])
    await send("last")
    await until(lambda: len(ears.texts) == 3)
    assert ears.texts == ["first", "missed", "last"]
    assert ears.offsets == list(range(ears.offsets[0], ears.offsets[0] + 3))
    assert [context.recovered for context in ears.subscribed] == [False, True]
    with pytest.raises(ReplyError) as unknown:
        await client.rpc("no.such", b"{}" if use_protobuf else {})
    assert unknown.value.code == 104
    await client.disconnect()


async def test_the_python_library_stays_away_when_told(site: RunningSite, student: str) -> None:
    fate = Fate()
    forged = connection_token(site, student)[:-4] + "AAAA"
    client = Client(site.url, events=fate, token=forged, min_reconnect_delay=0.05)
    await client.connect()
    await until(lambda: fate.disconnected)
    assert fate.disconnected[0].code == 3500
    assert fate.disconnected[0].reason
    await asyncio.sleep(0.5)
    assert client.state == ClientState.DISCONNECTED
    assert len(fate.disconnected) == 1


def _message(text: str) -> dict[str, str]:
    return {"client_id": str(uuid.uuid4()), "text": text}
