"""Orders to every node: close this user's connections, end that subscription. Logged, so that none is lost."""

from __future__ import annotations

from datetime import UTC, datetime

from vestnik.apps.eventlog.log import append
from vestnik.core.codes import DISCONNECT_REASONS, DisconnectCode
from vestnik.core.namespaces import Namespace
from vestnik.core.orders import CONTROL_CHANNEL, DisconnectToken, DisconnectUser, Order, UnsubscribeUser

NAMESPACE = Namespace(name="control", logged=True, retention=86400.0)
"""Not among the namespaces that clients can name: for ``prune_events`` alone. A node that slept for a day restarts."""


def disconnect_user(
    user_id: str, *, code: DisconnectCode = DisconnectCode.FORCE_NO_RECONNECT, reason: str = ""
) -> None:
    """Close all connections of ``user_id`` once the caller's :func:`~vestnik.apps.eventlog.log.transaction` commits.

    Args:
        user_id: As on the wire: ``str(user.pk)``.
        code: Its range tells the client whether to come back.
        reason: Plain words for the client; the code's own when empty.

    Raises:
        LocalError: Outside a transaction.
    """
    _give(DisconnectUser(at=_now(), user=user_id, code=code, reason=reason or DISCONNECT_REASONS[code]))


def disconnect_token(
    token_id: str, *, code: DisconnectCode = DisconnectCode.FORCE_NO_RECONNECT, reason: str = ""
) -> None:
    """Close all connections that were opened with the credential ``token_id``; see :func:`disconnect_user`."""
    _give(DisconnectToken(at=_now(), token=token_id, code=code, reason=reason or DISCONNECT_REASONS[code]))


def unsubscribe_user(user_id: str, channel: str) -> None:
    """End the subscriptions of ``user_id`` to ``channel`` once the caller's transaction commits.

    Raises:
        LocalError: Outside a transaction.
    """
    _give(UnsubscribeUser(at=_now(), user=user_id, channel=channel))


def _give(order: Order) -> None:
    append(CONTROL_CHANNEL, order)


def _now() -> datetime:
    return datetime.now(UTC)
