"""What Daphne can do but ASGI cannot say: a close reason, a 401 before the upgrade, how much waits to be read.

Daphne hands the application a ``send`` that is bound to its protocol object. Where that is so, this module talks to the
protocol; everywhere else, and should a later Daphne differ, the plain ASGI messages are used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from vestnik.transports.framing import framed

try:
    from autobahn.websocket.types import ConnectionDeny
    from daphne.ws_protocol import WebSocketProtocol
    from twisted.internet.tcp import Server as PlainTransport
except ImportError:  # served by something else, in an environment without Daphne
    WebSocketProtocol = None

# Larger messages go through the protocol, which knows fragments, limits and eight-byte lengths.
MAX_DIRECT_BYTES = 65_535


class DaphneSocket:
    """One WebSocket of a Daphne server."""

    __slots__ = ("_protocol",)

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol

    @classmethod
    def behind(cls, send: Any) -> DaphneSocket | None:
        """The socket behind an ASGI ``send``; None if it is not Daphne's."""
        if WebSocketProtocol is None or not isinstance(send, partial) or not send.args:
            return None
        protocol = send.args[0]
        return cls(protocol) if isinstance(protocol, WebSocketProtocol) else None

    def refuse(self, status: int, reason: str) -> None:
        """Answer the handshake with an HTTP status. Daphne's own way always says 403."""
        protocol = self._protocol
        protocol.handshake_deferred.errback(ConnectionDeny(code=status, reason=reason))  # type: ignore[no-untyped-call]
        del protocol.handshake_deferred
        protocol.server.protocol_disconnected(protocol)

    def send(self, message: bytes, *, is_text: bool) -> int:
        """Send one message. Never waits: what the peer does not read piles up.

        Where nothing piles up yet, the message goes straight into the socket, framed once for all who are sent the
        same object. Daphne's own way frames it for each, and waits for the next turn of the loop with two more system
        calls.

        Returns:
            How many bytes the peer has not read.
        """
        protocol = self._protocol
        if protocol.state != protocol.STATE_OPEN:
            return 0
        transport: Any = protocol.transport
        kind: Any = type(transport)
        if (
            kind is not PlainTransport  # TLS, or something that Daphne does not use today
            or transport.TLS
            or transport._tempDataLen
            or transport.dataBuffer
            or not transport.connected
            or transport.disconnecting
            or protocol.send_queue
            or protocol._perMessageCompress is not None
            or len(message) > MAX_DIRECT_BYTES
        ):
            protocol.sendMessage(message, not is_text)
            return self.waiting
        frame = framed(message, is_text)
        sent: int
        try:
            sent = transport.socket.send(frame)
        except OSError:
            sent = 0  # full, or gone: the transport finds out which
        if sent == len(frame):
            return 0
        transport.write(frame[sent:])
        return len(frame) - sent

    def close(self, code: int, reason: str) -> None:
        """Close with a reason, which Daphne's own way drops."""
        self._protocol.sendClose(int(code), reason)

    @property
    def waiting(self) -> int:
        """Bytes that the peer has not read."""
        transport = self._protocol.transport
        buffered = len(getattr(transport, "dataBuffer", b"")) - getattr(transport, "offset", 0)
        return max(0, buffered) + int(getattr(transport, "_tempDataLen", 0))


def before_shutdown(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Have ``work`` awaited when Daphne is asked to stop, before it closes anything.

    Daphne itself cancels the applications then, but not if one of its HTTP connections has just been served: a key that
    it has deleted by then is looked up. This does not depend on that.
    """
    from twisted.internet import defer, reactor

    def begin() -> Any:
        return defer.Deferred.fromFuture(asyncio.ensure_future(work()))

    reactor.addSystemEventTrigger("before", "shutdown", begin)  # type: ignore[arg-type]
