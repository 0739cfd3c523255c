"""The site's settings: ``settings.VESTNIK``, typed and with defaults.

Keys are the attribute names in upper case. An unknown key or a value of the wrong type is an error at start-up.
"""

from __future__ import annotations

from typing import Any

import msgspec
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class VestnikSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="upper"):
    """What a project may set in ``VESTNIK = {...}``.

    Attributes:
        broker: ``memory``, ``redis`` or ``postgres``; chosen from what is configured when empty.
        redis_url: Where Redis is; empty for none.
        namespaces: Further namespaces: name to options, with Centrifugo's option names.
        open_namespace: A namespace in which any signed-in client may subscribe and publish; for load tests only.
        client_insecure: Admit connections without a token; tests only, refused unless ``DEBUG``.
        allowed_origins: Origins whose pages may open a socket; the site's own host is always allowed.
        token_secret: Signs connection tokens; ``SECRET_KEY`` when empty.
        connection_token_ttl: Seconds that a connection token is good for.
        auth_token_ttl: Seconds that a sign-in token is good for.
        authenticator: Dotted path of the class that finds out who connects.
        chat_policy: Dotted path of the class that decides who may chat with whom.
        payment_providers: Through whom invoices can be paid, the default first; ``sandbox`` takes no real money.
        max_text_length: Characters in a chat message.
        max_attachment_size: Bytes in a file that is sent with one.
        max_frame_size: Bytes in one frame from a client.
        max_subscriptions: Channels that one connection may subscribe to.
        max_waiting_bytes: Bytes that may wait for a connection that does not read; past that it is closed with 3008.
        command_rate: Commands a second that a connection may send for long …
        command_burst: … and at once.
        connect_timeout: Seconds until the ``connect`` command must have come.
        ping_interval: Seconds between the server's pings.
        pong_timeout: Seconds that a client may take to answer one.
        poll_interval: Seconds between looks for changes that no hint announced.
        database_threads: Threads that run queries for the sockets of one process.
    """

    broker: str = ""
    redis_url: str = ""
    namespaces: dict[str, dict[str, Any]] = {}
    open_namespace: str = ""
    client_insecure: bool = False
    allowed_origins: list[str] = []
    token_secret: str = ""
    connection_token_ttl: float = 600.0
    auth_token_ttl: float = 30 * 86400.0
    authenticator: str = ""
    chat_policy: str = "vestnik.apps.chat.policy.SchoolPolicy"
    payment_providers: list[str] = []
    max_text_length: int = 10_000
    max_attachment_size: int = 10_485_760
    max_frame_size: int = 65_536
    max_subscriptions: int = 512
    max_waiting_bytes: int = 1_048_576
    command_rate: float = 30.0
    command_burst: int = 100
    connect_timeout: float = 10.0
    # nginx closes connections that are idle for 60 s; two tries fit.
    ping_interval: float = 25.0
    pong_timeout: float = 10.0
    # A change by another process must reach browsers within half a second; several looks fit.
    poll_interval: float = 0.1
    database_threads: int = 4


def vestnik_settings() -> VestnikSettings:
    """The settings as they are now (tests override them).

    Raises:
        ImproperlyConfigured: Names the key and what is wrong with it.
    """
    try:
        return msgspec.convert(getattr(settings, "VESTNIK", {}), VestnikSettings)
    except msgspec.ValidationError as error:
        raise ImproperlyConfigured(f"VESTNIK: {error}") from error
