"""Orders to every node: close this user's connections, end that subscription. Logged, so that none is lost."""

from __future__ import annotations

import logging

import msgspec

from vestnik.apps.eventlog.events import Event
from vestnik.apps.eventlog.log import append
from vestnik.core.codes import DISCONNECT_REASONS, DisconnectCode
from vestnik.core.namespaces import Namespace

logger = logging.getLogger(__name__)

CHANNEL = "control:nodes"
"""Nodes read this channel from the log like any other; no client may."""

NAMESPACE = Namespace(name="control", logged=True, retention=86400.0)
"""Not among the namespaces that clients can name: for ``prune_events`` alone. A node that slept for a day restarts."""


class DisconnectUser(Event, frozen=True, tag="disconnect_user"):
    """Close all connections of a user."""

    user: str
    code: DisconnectCode
    reason: str


class DisconnectToken(Event, frozen=True, tag="disconnect_token"):
    """Close all connections that were opened with a credential."""

    token: str
    code: DisconnectCode
    reason: str


class UnsubscribeUser(Event, frozen=True, tag="unsubscribe_user"):
    """End a user's subscriptions to a channel."""

    user: str
    channel: str


Order = DisconnectUser | DisconnectToken | UnsubscribeUser

_decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


def disconnect_user(
    user_id: str, *, code: DisconnectCode = DisconnectCode.FORCE_NO_RECONNECT, reason: str = ""
) -> None:
    """Close all connections of ``user_id`` once the caller's :func:`~vestnik.apps.eventlog.log.transaction` commits.

    Args:
        user_id: As on the wire: ``str(user.pk)``.
        code: Its range tells the client whether to come back.
        reason: Plain words for the client; the code's own when empty.
    """
    append(CHANNEL, DisconnectUser(user=user_id, code=code, reason=reason or DISCONNECT_REASONS[code]))


def disconnect_token(
    token_id: str, *, code: DisconnectCode = DisconnectCode.FORCE_NO_RECONNECT, reason: str = ""
) -> None:
    """Close all connections that were opened with the credential ``token_id``; see :func:`disconnect_user`."""
    append(CHANNEL, DisconnectToken(token=token_id, code=code, reason=reason or DISCONNECT_REASONS[code]))


def unsubscribe_user(user_id: str, channel: str) -> None:
    """End the subscriptions of ``user_id`` to ``channel`` once the caller's transaction commits."""
    append(CHANNEL, UnsubscribeUser(user=user_id, channel=channel))


def decode(data: bytes) -> Order | None:
    """Read an order from the log; ``None`` for one that a newer version has written and this one does not know."""
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError as error:
        logger.warning("an order to the nodes is not understood: %s", error)
        return None
