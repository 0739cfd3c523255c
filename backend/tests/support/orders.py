"""What the nodes have been told to do."""

from __future__ import annotations

from vestnik.apps.eventlog.models import LoggedEvent
from vestnik.core.orders import CONTROL_CHANNEL, DisconnectToken, DisconnectUser, Order, decode_order


def orders() -> list[Order]:
    """All orders in the log, in order."""
    rows = LoggedEvent.objects.filter(stream__channel=CONTROL_CHANNEL).order_by("offset").values_list("data", flat=True)
    decoded = [decode_order(data.encode()) for data in rows]
    assert None not in decoded
    return [order for order in decoded if order is not None]


def closed_tokens() -> list[str]:
    """The ids of the credentials whose connections had to be closed."""
    return [order.token for order in orders() if isinstance(order, DisconnectToken)]


def closed_users() -> list[str]:
    """The ids of the users all of whose connections had to be closed."""
    return [order.user for order in orders() if isinstance(order, DisconnectUser)]
