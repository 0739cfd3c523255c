"""How often one may fail to sign in, by address and by username.

Only failures count: a class of thirty that signs in behind one router at nine o'clock is not an attack. Counters live
in Django's default cache: processes share them if they share that.
"""

from __future__ import annotations

import hashlib
import time
from contextlib import suppress

import msgspec
from django.core.cache import cache

from vestnik.core.codes import ErrorCode
from vestnik.core.errors import PeerError


class Limit(msgspec.Struct, frozen=True):
    """At most ``failures`` in each window of ``seconds``."""

    failures: int
    seconds: int


# A person mistypes a few times; ten guesses in five minutes find no password of any worth.
PER_USERNAME = Limit(failures=10, seconds=300)
# A school shares one address; guessing many names from one is still slow.
PER_ADDRESS = Limit(failures=100, seconds=300)


class Attempt:
    """One attempt to sign in. It counts as failed until it has :meth:`succeeded`, so that attempts made side by side
    do not slip through together.

    Raises:
        PeerError: 111 (HTTP 429) with ``retry_after``; whether the password was right is then not looked at.
    """

    def __init__(self, *, username: str, address: str) -> None:
        now = time.time()
        self._keys = [
            _count(PER_ADDRESS, "address", address, now),
            _count(PER_USERNAME, "username", username.casefold(), now),
        ]

    def succeeded(self) -> None:
        """Take the attempt back, and forgive the username its earlier failures."""
        address, username = self._keys
        with suppress(ValueError):  # it has expired meanwhile
            cache.decr(address)
        cache.delete(username)


def _count(limit: Limit, kind: str, value: str, now: float) -> str:
    window, elapsed = divmod(now, limit.seconds)
    # Hashed: a cache key may not hold any character, and who tried to sign in is nobody's business.
    digest = hashlib.sha256(value.encode()).hexdigest()[:32]
    key = f"vestnik.sign_in.{kind}.{digest}.{int(window)}"
    cache.add(key, 0, timeout=limit.seconds)
    try:
        failures = cache.incr(key)
    except ValueError:  # it has expired between the two lines
        failures = 1
    if failures > limit.failures:
        raise PeerError(
            ErrorCode.TOO_MANY_REQUESTS, "too many attempts to sign in", retry_after=limit.seconds - elapsed
        )
    return key
