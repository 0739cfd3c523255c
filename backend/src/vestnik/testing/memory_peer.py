"""A client in the same process: no socket between it and the node, so that a test can stand at every step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from vestnik.core import messages as m
from vestnik.core.codec import JSON, Codec
from vestnik.core.ports import Credentials
from vestnik.node.node import Node

PATIENCE = 5.0  # seconds until a test that waits for something that does not come fails


class MemoryPeer:
    """Speaks the protocol with a node, and is the socket at the same time.

    Attributes:
        frames: What was written, undecoded.
        pushes: Pushes, in the order of arrival.
        pings: Server pings that have come.
        closed: The close code and reason, once closed.
        buffered: Bytes that seem to wait; set it to play a peer that does not read.

    Example::

        peer = MemoryPeer(node)
        await peer.connect("token")
        reply = await peer.ask(subscribe=SubscribeRequest(channel="chat:1"))
    """

    def __init__(
        self,
        node: Node,
        *,
        codec: Codec = JSON,
        credentials: Credentials | None = None,
        channels: Sequence[str] = (),
    ) -> None:
        self.codec = codec
        self.frames: list[bytes] = []
        self.pushes: list[m.Push] = []
        self.pings = 0
        self.closed: tuple[int, str] | None = None
        self.buffered = 0
        self._replies: dict[int, m.Reply] = {}
        self._last_id = 0
        self._news = asyncio.Event()
        self.connection = node.connect(self, codec, credentials=credentials or Credentials(), channels=channels)

    # The socket's side

    def write(self, frame: bytes) -> None:
        if self.closed is not None:
            return
        self.frames.append(frame)
        for reply in self.codec.decode_replies(frame):
            if reply.push is not None:
                self.pushes.append(reply.push)
            elif reply.id:
                self._replies[reply.id] = reply
            else:
                self.pings += 1
        self._news.set()

    def close(self, code: int, reason: str) -> None:
        if self.closed is None:
            self.closed = (int(code), reason)
            self._news.set()

    # The client's side

    def send(self, **request: Any) -> int:
        """Send one command; returns its id."""
        self._last_id += 1
        self.connection.receive(self.codec.encode_commands([m.Command(id=self._last_id, **request)]))
        return self._last_id

    def pong(self) -> None:
        self.connection.receive(self.codec.encode_commands([m.Command()]))

    def drop(self) -> None:
        """Lose the socket without a word."""
        self.connection.lost()
        self.closed = self.closed or (1006, "")

    async def reply(self, command_id: int) -> m.Reply:
        """The reply to a command.

        Raises:
            TimeoutError: It does not come.
        """
        await self.until(lambda: command_id in self._replies)
        return self._replies[command_id]

    async def ask(self, **request: Any) -> m.Reply:
        """Send one command and wait for its reply."""
        return await self.reply(self.send(**request))

    async def connect(self, token: str = "", **fields: Any) -> m.ConnectResult:
        """Sign in.

        Raises:
            AssertionError: It was refused.
        """
        reply = await self.ask(connect=m.ConnectRequest(token=token, **fields))
        assert reply.connect is not None, reply
        return reply.connect

    async def subscribe(self, channel: str, **fields: Any) -> m.SubscribeResult:
        """Subscribe.

        Raises:
            AssertionError: It was refused.
        """
        reply = await self.ask(subscribe=m.SubscribeRequest(channel=channel, **fields))
        assert reply.subscribe is not None, reply
        return reply.subscribe

    def publications(self, channel: str) -> list[tuple[int, Any]]:
        """Offset and decoded data of each publication that was pushed on a channel."""
        return [
            (push.pub.offset, msgspec.json.decode(push.pub.data))
            for push in self.pushes
            if push.pub is not None and push.channel == channel
        ]

    async def until(self, condition: Any) -> None:
        """Wait until ``condition()`` holds; looked at whenever something arrives.

        Raises:
            TimeoutError: It does not come to hold.
        """
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._news.clear()
                try:
                    await asyncio.wait_for(self._news.wait(), 0.05)
                except TimeoutError:
                    continue

    async def wait_closed(self) -> tuple[int, str]:
        """The close code and reason."""
        await self.until(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed
