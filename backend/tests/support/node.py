"""A node over a log in memory, for tests that stand between its steps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import msgspec

from vestnik.backends.memory import MemoryBroker
from vestnik.core.channel import Channel
from vestnik.core.codes import DisconnectCode, ErrorCode
from vestnik.core.errors import Disconnect, PeerError, PermissionDenied
from vestnik.core.limits import Limits
from vestnik.core.namespaces import Caller, Namespace, Namespaces
from vestnik.core.orders import CONTROL_CHANNEL, DisconnectToken, DisconnectUser, Order, UnsubscribeUser
from vestnik.core.ports import Credentials, Grant, SignedIn
from vestnik.node.node import Node
from vestnik.testing.clock import ManualClock
from vestnik.testing.memory_log import MemoryEventLog

NAMESPACES = Namespaces(
    [
        Namespace(
            name="chat",
            logged=True,
            presence=True,
            join_leave=True,
            allow_presence_for_subscriber=True,
            allow_history_for_subscriber=True,
        ),
        Namespace(name="notifications", logged=True, personal=True),
        Namespace(name="open", allow_subscribe_for_client=True, allow_publish_for_client=True),
    ]
)


async def _nothing() -> None:
    return


class Doorman:
    """An authority: a token is ``user`` or ``user/credential``; members of ``chat`` channels are listed."""

    def __init__(self) -> None:
        self.members: dict[str, set[str]] = {}
        self.issued_at: float | None = None
        self.before_answer: Callable[[], Awaitable[None]] = _nothing
        self.after_answer: Callable[[], Awaitable[None]] = _nothing
        self.asked = 0

    async def sign_in(self, credentials: Credentials, *, now: float) -> SignedIn:
        await self.before_answer()
        user, _, credential = (credentials.token or credentials.user).partition("/")
        if user == "expired":
            raise PeerError(ErrorCode.TOKEN_EXPIRED)
        if not user:
            raise Disconnect(DisconnectCode.INVALID_TOKEN)
        return SignedIn(
            caller=Caller(user=user, token=credential),
            issued_at=now if self.issued_at is None else self.issued_at,
            expires_at=now + 60 if credential == "short" else None,
        )

    async def may_subscribe(
        self, caller: Caller, channel: Channel, namespace: Namespace, *, token: str, data: bytes, now: float
    ) -> Grant:
        self.asked += 1
        await self.before_answer()
        is_member = not self.members.get(channel.name) or caller.user in self.members[channel.name]
        await self.after_answer()
        if not is_member:
            raise PermissionDenied
        return Grant()


class Echo:
    """Calls that return what they were given; ``wait`` waits for ``gate``."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.carried_out: list[str] = []

    async def call(self, caller: Caller, method: str, data: bytes) -> bytes:
        if method == "wait":
            await self.gate.wait()
        elif method == "fail":
            raise RuntimeError("secret detail")
        elif method != "echo":
            raise PeerError(ErrorCode.METHOD_NOT_FOUND)
        self.carried_out.append(method)
        return data or b"null"


class Stage:
    """A running node and what it stands on."""

    def __init__(self, node: Node, log: MemoryEventLog, broker: MemoryBroker, doorman: Doorman, calls: Echo) -> None:
        self.node = node
        self.log = log
        self.broker = broker
        self.doorman = doorman
        self.calls = calls
        self.clock = ManualClock()

    def publish(self, channel: str, *numbers: int) -> None:
        """Commit one event per number, with the number as its data."""
        self.log.add(channel, *(json.dumps(number).encode() for number in numbers))

    def order(self, order: Order) -> None:
        self.log.add(CONTROL_CHANNEL, msgspec.json.encode(order))

    def unsubscribe(self, user: str, channel: str) -> None:
        self.order(UnsubscribeUser(at=datetime.now(UTC), user=user, channel=channel))

    def disconnect_user(self, user: str, **fields: Any) -> None:
        code = fields.pop("code", DisconnectCode.INVALID_TOKEN)
        self.order(DisconnectUser(at=datetime.now(UTC), user=user, code=code, reason="signed out"))

    def disconnect_token(self, token: str) -> None:
        code = DisconnectCode.INVALID_TOKEN
        self.order(DisconnectToken(at=datetime.now(UTC), token=token, code=code, reason="signed out"))


@asynccontextmanager
async def stage(
    *, hints: bool = True, limits: Limits | None = None, log: MemoryEventLog | None = None, poll_interval: float = 0.02
) -> AsyncIterator[Stage]:
    """A node that has been started; without ``hints`` it learns of commits by looking alone."""
    log = log or MemoryEventLog()
    broker, doorman, calls, clock = MemoryBroker(), Doorman(), Echo(), ManualClock()
    node = Node(
        namespaces=NAMESPACES,
        authority=doorman,
        calls=calls,
        log=log,
        broker=broker,
        limits=limits or Limits(),
        version="test",
        poll_interval=poll_interval,
        revocations_kept_for=600.0,
        now=clock,
    )
    await node.start()
    if hints:
        log.hint = broker.publish
    result = Stage(node, log, broker, doorman, calls)
    result.clock = clock
    try:
        yield result
    finally:
        log.hint = lambda hint: None
        calls.gate.set()
        await node.stop()
