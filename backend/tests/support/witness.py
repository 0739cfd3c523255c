"""Clients of a library that is not ours, which remember everything they were promised and everything they were told."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from centrifuge import (
    Client,
    ClientEventHandler,
    PublicationContext,
    SubscribedContext,
    SubscriptionEventHandler,
    UnsubscribedContext,
)
from centrifuge.exceptions import CentrifugeError

from tests.support.site import RunningSite


class Witness(SubscriptionEventHandler):
    """One client in one room: what it sent and was acknowledged, and what it received, in order.

    Attributes:
        acknowledged: ``client_id`` to the message that the server answered with.
        received: Messages of ``message.created``, in order of arrival.
        lost_state: How many times the server said that it could not resume.
    """

    def __init__(self, site: RunningSite, auth_token: str, room: int, name: str) -> None:
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.received: list[dict[str, Any]] = []
        self.offsets: list[int] = []
        self.lost_state = 0
        self.name = name
        self._site = site
        self._auth_token = auth_token
        self._room = room
        self._client = Client(
            site.url,
            events=ClientEventHandler(),
            get_token=self._get_token,
            min_reconnect_delay=0.05,
            max_reconnect_delay=0.5,
            timeout=2.0,
        )
        self._subscription = self._client.new_subscription(
            f"chat:{room}", events=self, min_resubscribe_delay=0.05, max_resubscribe_delay=0.5
        )

    async def begin(self) -> None:
        await self._client.connect()
        await self._subscription.subscribe()
        await self._subscription.ready(timeout=30.0)

    async def end(self) -> None:
        await self._client.disconnect()

    async def send(self, text: str) -> None:
        """Send until acknowledged, with the same ``client_id``, as a client with an outbox does."""
        client_id = str(uuid.uuid4())
        params = {"room": self._room, "client_id": client_id, "text": text}
        while client_id not in self.acknowledged:
            try:
                await self._client.ready(timeout=30.0)
                result = await self._client.rpc("chat.send", params)
            except (CentrifugeError, TimeoutError):
                await asyncio.sleep(0.05)
                continue
            self.acknowledged[client_id] = result.data["message"]

    async def on_publication(self, ctx: PublicationContext) -> None:
        self.offsets.append(ctx.pub.offset)
        if ctx.pub.data["type"] == "message.created":
            self.received.append(ctx.pub.data["message"])

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        if ctx.was_recovering and not ctx.recovered:
            self.lost_state += 1

    async def on_unsubscribed(self, ctx: UnsubscribedContext) -> None:
        self.lost_state += ctx.code == 2500

    async def _get_token(self, ctx: Any = None) -> str:
        def fetch() -> str:
            token: str = self._site.api("POST", "realtime/token/", self._auth_token)["token"]
            return token

        while True:
            try:
                return await asyncio.to_thread(fetch)
            except Exception:  # the server is being killed; the library would give up on an error of ours
                await asyncio.sleep(0.05)


def check_testimony(witnesses: list[Witness], stored: list[dict[str, Any]]) -> None:
    """Compare what was acknowledged, what each received and what the database holds.

    Raises:
        AssertionError: Something was lost, doubled, swapped or altered; says what.
    """
    by_client_id = {message["client_id"]: message for message in stored}
    assert len(by_client_id) == len(stored), "doubled in the database"
    assert [message["seq"] for message in stored] == list(range(stored[0]["seq"], stored[0]["seq"] + len(stored)))
    for witness in witnesses:
        for client_id, message in witness.acknowledged.items():
            assert by_client_id.get(client_id) == message, f"{witness.name}: acknowledged, but not stored as such"
        seqs = [message["seq"] for message in witness.received]
        assert len(set(seqs)) == len(seqs), f"{witness.name}: doubled {sorted({s for s in seqs if seqs.count(s) > 1})}"
        assert seqs == sorted(seqs), f"{witness.name}: out of order"
        missing = sorted({message["seq"] for message in stored} - set(seqs))
        assert not missing, f"{witness.name}: missing {missing}"
        assert witness.received == stored, f"{witness.name}: altered"
        assert witness.offsets == list(range(witness.offsets[0], witness.offsets[0] + len(witness.offsets)))
        assert witness.lost_state == 0, f"{witness.name}: could not resume"
