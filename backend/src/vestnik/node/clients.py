"""Who is connected to this node, by user and by the credential that they came with."""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.node.connection import ClientConnection


class Clients:
    """The connections of a node. Iterating gives a copy, so that what is done to one may end others."""

    def __init__(self) -> None:
        self._all: set[ClientConnection] = set()
        self._by_user: dict[str, set[ClientConnection]] = {}
        self._by_token: dict[str, set[ClientConnection]] = {}

    def __iter__(self) -> Iterator[ClientConnection]:
        return iter(list(self._all))

    def __len__(self) -> int:
        return len(self._all)

    @property
    def users(self) -> int:
        """How many different users are signed in."""
        return len(self._by_user)

    def add(self, connection: ClientConnection) -> None:
        self._all.add(connection)

    def signed_in(self, connection: ClientConnection) -> None:
        """From now on the connection is found by its caller."""
        for index, key in self._entries(connection):
            if key:
                index.setdefault(key, set()).add(connection)

    def discard(self, connection: ClientConnection) -> bool:
        """Forget a connection; returns False if it was not known."""
        if connection not in self._all:
            return False
        self._all.discard(connection)
        for index, key in self._entries(connection):
            if key in index:
                index[key].discard(connection)
                if not index[key]:
                    del index[key]
        return True

    def of_user(self, user: str) -> list[ClientConnection]:
        return list(self._by_user.get(user, ()))

    def of_token(self, token: str) -> list[ClientConnection]:
        return list(self._by_token.get(token, ()))

    def _entries(self, connection: ClientConnection) -> tuple[tuple[dict[str, set[ClientConnection]], str], ...]:
        caller = connection.session.caller
        return (self._by_user, caller.user), (self._by_token, caller.token)
