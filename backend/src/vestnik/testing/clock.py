"""A clock that stands still until it is turned."""

from __future__ import annotations


class ManualClock:
    """Call it for the time in seconds, like ``time.time`` or ``time.monotonic``.

    Example::

        clock = ManualClock()
        broker = MemoryBroker(clock=clock)
        clock.advance(60.0)
    """

    def __init__(self, now: float = 1_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Turn the clock forward.

        Raises:
            ValueError: Time does not go backwards.
        """
        if seconds < 0:
            raise ValueError(f"cannot turn the clock by {seconds} s: time does not go backwards")
        self.now += seconds
