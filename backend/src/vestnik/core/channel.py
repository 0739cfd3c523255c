"""Channel names: ``namespace:rest``, with ``#`` before the ids of the only users who may subscribe.

``chat:42`` is channel 42 of namespace ``chat``; ``notifications:#7`` belongs to user 7, ``dialog#7,8`` to users
7 and 8; ``news`` has no namespace, which is the namespace ``""``.

Source: https://centrifugal.dev/docs/server/channels
"""

from __future__ import annotations

import msgspec

MAX_CHANNEL_LENGTH = 255  # characters; Centrifugo's default, and what fits an index of every database


class Channel(msgspec.Struct, frozen=True):
    """A parsed channel name."""

    name: str
    namespace: str
    rest: str
    users: tuple[str, ...]

    def admits(self, user: str) -> bool:
        """Whether the name itself lets ``user`` in: always, unless it lists users."""
        return not self.users or user in self.users


def parse_channel(name: str) -> Channel:
    """Split ``name`` into its parts.

    Raises:
        ValueError: The name is empty, too long, or holds characters that are not printable.
    """
    if not name:
        raise ValueError("a channel name is empty")
    if len(name) > MAX_CHANNEL_LENGTH:
        raise ValueError(f"a channel name has {len(name)} characters, at most {MAX_CHANNEL_LENGTH} are allowed")
    if not name.isprintable():
        raise ValueError("a channel name holds a character that is not printable")
    namespace, colon, rest = name.partition(":")
    if not colon:
        namespace, rest = "", name
    _, sharp, users = rest.partition("#")
    return Channel(name, namespace, rest, tuple(users.split(",")) if sharp else ())
