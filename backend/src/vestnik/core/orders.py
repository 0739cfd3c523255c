"""Orders to every node, carried by the log so that none is lost: a permission that ends must end on live sockets."""

from __future__ import annotations

from datetime import datetime

import msgspec

from vestnik.core.codes import DisconnectCode

CONTROL_CHANNEL = "control:nodes"
"""Nodes read this channel from the log like any other. Its namespace is not among those that clients can name."""


class DisconnectUser(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="disconnect_user"):
    """Close all connections of a user; a token that was issued before ``at`` opens none any more."""

    at: datetime
    user: str
    code: DisconnectCode
    reason: str


class DisconnectToken(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="disconnect_token"):
    """Close all connections that were opened with a credential, and open none any more."""

    at: datetime
    token: str
    code: DisconnectCode
    reason: str


class UnsubscribeUser(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="unsubscribe_user"):
    """End a user's subscriptions to a channel."""

    at: datetime
    user: str
    channel: str


Order = DisconnectUser | DisconnectToken | UnsubscribeUser

_decoder: msgspec.json.Decoder[Order] = msgspec.json.Decoder(Order)


def decode_order(data: bytes) -> Order | None:
    """Read an order from the log; None for one that only a newer version understands."""
    try:
        return _decoder.decode(data)
    except msgspec.ValidationError:
        return None
