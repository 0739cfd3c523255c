"""Remembers what was revoked lately, so that a connection token made before cannot open what was just closed."""

from __future__ import annotations

from vestnik.core.orders import DisconnectToken, DisconnectUser
from vestnik.core.ports import SignedIn


class Revocations:
    """Revoked credentials and users, for as long as a connection token issued before may still be good.

    A connection token is verified by its signature alone. That is safe only because every node hears of revocations
    through the log and holds them against tokens until these expire by themselves.

    Args:
        keep_for: Seconds; at least the lifetime of a connection token.

    Attributes:
        count: How many were ever added.
    """

    def __init__(self, keep_for: float) -> None:
        self._keep_for = keep_for
        self._tokens: dict[str, float] = {}
        self._users: dict[str, float] = {}
        self._numbers: dict[str, int] = {}
        self.count = 0

    def add(self, order: DisconnectToken | DisconnectUser) -> None:
        at = order.at.timestamp()
        self.count += 1
        if isinstance(order, DisconnectToken):
            self._tokens[order.token] = at
        else:
            self._users[order.user] = max(at, self._users.get(order.user, 0.0))
            self._numbers[order.user] = self.count

    def covers(self, signed_in: SignedIn) -> bool:
        """Whether who has just signed in was revoked after the proof was issued."""
        caller = signed_in.caller
        if caller.token in self._tokens:
            return True
        revoked_at = self._users.get(caller.user)
        # Tokens carry whole seconds: one issued within the second of the revocation counts as issued after it.
        # Its credential, if that was revoked, is in the other list.
        return revoked_at is not None and signed_in.issued_at < int(revoked_at)

    def has_heard_of(self, user: str, *, since: int) -> bool:
        """Whether ``user`` was revoked after :attr:`count` was ``since``."""
        return self._numbers.get(user, 0) > since

    def forget_old(self, now: float) -> None:
        """``now`` is Unix time."""
        for table in (self._tokens, self._users):
            for key in [key for key, at in table.items() if at < now - self._keep_for]:
                del table[key]
                if table is self._users:
                    del self._numbers[key]
