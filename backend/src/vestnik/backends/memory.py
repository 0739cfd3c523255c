"""The broker of a single process: signals go from node to node through memory, presence is a dictionary."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Mapping

import msgspec

from vestnik.core.errors import LocalError
from vestnik.core.messages import ClientInfo
from vestnik.core.ports import Receive, Signal

logger = logging.getLogger(__name__)

PRESENCE_TTL = 60.0  # seconds; presence is repeated every 25 s, so that two tries fit


class _Presence(msgspec.Struct, frozen=True):
    info: ClientInfo
    expires_at: float


class MemoryExchange:
    """What the brokers of one process share. All of them must live in one event loop."""

    def __init__(self) -> None:
        self.brokers: dict[str, list[MemoryBroker]] = {}
        self.presence: defaultdict[str, dict[str, _Presence]] = defaultdict(dict)


class MemoryBroker:
    """A :class:`vestnik.core.ports.Broker` that reaches the nodes of this process.

    Signals that are published during one turn of the loop are delivered together in the next, never from inside
    ``publish``: the caller is no more surprised by its own signal here than with a broker across the network.

    Args:
        exchange: What it shares with the brokers of other nodes; its own when omitted, for a node that is alone.
        clock: Seconds, for the expiry of presence.
    """

    def __init__(self, exchange: MemoryExchange | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._exchange = exchange or MemoryExchange()
        self._clock = clock
        self._channels: set[str] = set()
        self._receive: Receive | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived: list[Signal] = []

    async def start(self, receive: Receive) -> None:
        self._loop = asyncio.get_running_loop()
        self._receive = receive

    async def stop(self) -> None:
        self._receive = None
        self._arrived.clear()
        for channel in list(self._channels):
            self.unsubscribe(channel)

    def subscribe(self, channel: str) -> None:
        if channel not in self._channels:
            self._channels.add(channel)
            self._exchange.brokers.setdefault(channel, []).append(self)

    def unsubscribe(self, channel: str) -> None:
        if channel in self._channels:
            self._channels.remove(channel)
            brokers = self._exchange.brokers[channel]
            brokers.remove(self)
            if not brokers:
                del self._exchange.brokers[channel]

    def publish(self, signal: Signal) -> None:
        if self._receive is None:
            raise LocalError(f"cannot publish on {signal.channel}: the broker is not running")
        for broker in self._exchange.brokers.get(signal.channel, ()):
            broker._arrive(signal)

    async def add_presence(self, channel: str, info: ClientInfo) -> None:
        self._exchange.presence[channel][info.client] = _Presence(info, self._clock() + PRESENCE_TTL)

    async def remove_presence(self, channel: str, client: str) -> None:
        if channel in self._exchange.presence:
            self._exchange.presence[channel].pop(client, None)
            self._forget_expired(channel)

    async def presence(self, channel: str) -> Mapping[str, ClientInfo]:
        if channel not in self._exchange.presence:
            return {}
        self._forget_expired(channel)
        return {client: entry.info for client, entry in self._exchange.presence.get(channel, {}).items()}

    def _arrive(self, signal: Signal) -> None:
        if self._receive is None or self._loop is None:
            return
        if not self._arrived:
            self._loop.call_soon(self._deliver)
        self._arrived.append(signal)

    def _deliver(self) -> None:
        arrived, self._arrived = self._arrived, []
        for signal in arrived:
            if self._receive is None:
                return
            if signal.channel not in self._channels:
                continue
            try:
                self._receive(signal)
            except Exception:
                logger.exception("a node failed on a signal", extra={"channel": signal.channel})

    def _forget_expired(self, channel: str) -> None:
        now = self._clock()
        entries = self._exchange.presence[channel]
        for client in [client for client, entry in entries.items() if entry.expires_at <= now]:
            del entries[client]
        if not entries:
            del self._exchange.presence[channel]
