"""Namespaces: what may be done on channels of one kind, and who may subscribe to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from vestnik.core.channel import Channel, parse_channel
from vestnik.core.codes import ErrorCode
from vestnik.core.errors import LocalError, PeerError


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf a command is carried out.

    Attributes:
        user: The user's id as text; ``""`` for an anonymous connection.
        client: The id of the connection.
        token: The id of the credential that the connection was opened with, if revoking it must close the connection.
    """

    user: str
    client: str = ""
    token: str = ""


MaySubscribe = Callable[[Caller, Channel], None]
"""Returns if the caller may subscribe, raises :class:`PeerError` if not. Called in a thread with database access."""


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """Options of one namespace; those that Centrifugo has too bear Centrifugo's names.

    Attributes:
        name: What stands before the colon; ``""`` is for channels without one.
        logged: Publications go through the event log: they are durable, have offsets and can be recovered.
        personal: Each user has the channel ``name:#<user>`` and is subscribed to it by the server on connect.
        may_subscribe: Decides who may subscribe; without it only channels that name the user admit anyone.
        presence: The server keeps who is subscribed.
        join_leave: The server announces who comes and goes to those who ask for it with ``join_leave``.
        force_push_join_leave: … and to those who did not ask.
        allow_subscribe_for_client: Any signed-in client may subscribe.
        allow_publish_for_client: Any signed-in client may publish.
        allow_publish_for_subscriber: A client that is subscribed may publish.
        allow_presence_for_subscriber: A client that is subscribed may ask who else is.
        allow_history_for_subscriber: A client that is subscribed may read the history.
        retention: For logged channels: seconds that an event is kept before ``prune_events`` may remove it.
    """

    name: str
    logged: bool = False
    personal: bool = False
    may_subscribe: MaySubscribe | None = None
    presence: bool = False
    join_leave: bool = False
    force_push_join_leave: bool = False
    allow_subscribe_for_client: bool = False
    allow_publish_for_client: bool = False
    allow_publish_for_subscriber: bool = False
    allow_presence_for_subscriber: bool = False
    allow_history_for_subscriber: bool = False
    retention: float = 30 * 86400.0


class Namespaces:
    """All namespaces of a site, by name."""

    def __init__(self, namespaces: Iterable[Namespace] = ()) -> None:
        self._by_name: dict[str, Namespace] = {}
        for namespace in namespaces:
            self.add(namespace)

    def add(self, namespace: Namespace) -> None:
        if namespace.name in self._by_name:
            raise LocalError(f"namespace {namespace.name!r} is declared twice")
        self._by_name[namespace.name] = namespace

    def __iter__(self) -> Iterator[Namespace]:
        return iter(self._by_name.values())

    def get(self, name: str) -> Namespace | None:
        return self._by_name.get(name)

    def resolve(self, name: str) -> tuple[Channel, Namespace]:
        """Parse a channel name and find its namespace.

        Raises:
            PeerError: 107 for a name that cannot be, 102 for an unknown namespace.
        """
        try:
            channel = parse_channel(name)
        except ValueError as error:
            raise PeerError(ErrorCode.BAD_REQUEST, f"channel: {error}") from error
        namespace = self._by_name.get(channel.namespace)
        if namespace is None:
            raise PeerError(ErrorCode.UNKNOWN_CHANNEL)
        return channel, namespace

    def personal_channels(self, user: str) -> list[str]:
        """The channels that the server subscribes ``user`` to on connect."""
        return [f"{namespace.name}:#{user}" for namespace in self if namespace.personal] if user else []
