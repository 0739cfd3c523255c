"""The numbers that bound what one client can make a server do."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds and times of one connection; sizes in bytes, times in seconds.

    Attributes:
        max_frame_size: Bytes in one frame from the client; more closes the connection.
        max_subscriptions: Channels that one connection may be subscribed to; more is error 106.
        max_waiting_bytes: Bytes that may wait for a client that does not read; past that it is closed with 3008.
        command_rate: Commands a second that a client may send for long; more is error 111 …
        command_burst: … and how many at once.
        connect_timeout: Until the ``connect`` command must have come.
        ping_interval: Between the server's pings.
        pong_timeout: Until a ping must have been answered.
        expiry_grace: After a token's or a subscription's time is up, until the server acts on it.
    """

    max_frame_size: int = 65_536
    max_subscriptions: int = 512
    max_waiting_bytes: int = 1_048_576
    command_rate: float = 30.0
    command_burst: int = 100
    connect_timeout: float = 10.0
    # nginx closes connections that are idle for 60 s; two tries fit.
    ping_interval: float = 25.0
    pong_timeout: float = 10.0
    # A client refreshes when its time is up; a slow network must not make it too late.
    expiry_grace: float = 25.0


class TokenBucket:
    """Admits ``burst`` at once and ``rate`` a second for long."""

    __slots__ = ("_burst", "_rate", "_tokens", "_updated_at")

    def __init__(self, rate: float, burst: int, *, now: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = self._burst
        self._updated_at = now

    def admits(self, *, now: float) -> bool:
        """Take one token; False if there is none."""
        self._tokens = min(self._burst, self._tokens + (now - self._updated_at) * self._rate)
        self._updated_at = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
