"""The messages of the Centrifuge client protocol v2, once, for both codecs.

Field names are the JSON names. A field that has its default value is omitted on the wire in both codecs. Data that
belongs to the application travels as :class:`msgspec.Raw`: already encoded JSON that is never parsed on the way.

Source: https://github.com/centrifugal/protocol/blob/master/definitions/client.proto
"""

from __future__ import annotations

from typing import Annotated

import msgspec

UInt32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
# JavaScript reads numbers exactly up to here, and 64-bit numbers travel as plain JSON numbers.
UInt64 = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]

ABSENT = msgspec.Raw(b"")
"""The value of a data field that was not sent; compare with ``is``, or by the truth of ``bytes(raw)``."""


def raw(data: bytes) -> msgspec.Raw:
    """Encoded JSON for a data field; no bytes mean that there is none."""
    return msgspec.Raw(data) if data else ABSENT


class Message(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Base: omits what has its default value."""


# What a client asks ----------------------------------------------------------------------------------------------


class SubscribeRequest(Message):
    channel: str = ""
    token: str = ""
    recover: bool = False
    epoch: str = ""
    offset: UInt64 = 0
    data: msgspec.Raw = ABSENT
    positioned: bool = False
    recoverable: bool = False
    join_leave: bool = False
    delta: str = ""
    flag: int = 0


class ConnectRequest(Message):
    token: str = ""
    data: msgspec.Raw = ABSENT
    subs: dict[str, SubscribeRequest] = {}
    name: str = ""
    version: str = ""
    headers: dict[str, str] = {}
    flag: int = 0


class UnsubscribeRequest(Message):
    channel: str = ""


class PublishRequest(Message):
    channel: str = ""
    data: msgspec.Raw = ABSENT


class PresenceRequest(Message):
    channel: str = ""


class PresenceStatsRequest(Message):
    channel: str = ""


class StreamPosition(Message):
    offset: UInt64 = 0
    epoch: str = ""


class HistoryRequest(Message):
    channel: str = ""
    limit: Annotated[int, msgspec.Meta(ge=-1, le=2**31 - 1)] = 0
    since: StreamPosition | None = None
    reverse: bool = False


class PingRequest(Message):
    pass


class SendRequest(Message):
    data: msgspec.Raw = ABSENT


class RPCRequest(Message):
    data: msgspec.Raw = ABSENT
    method: str = ""


class RefreshRequest(Message):
    token: str = ""


class SubRefreshRequest(Message):
    channel: str = ""
    token: str = ""


class Command(Message):
    """One command: an id (absent for ``send``) and exactly one request. An empty command is the client's pong."""

    id: UInt32 = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: UnsubscribeRequest | None = None
    publish: PublishRequest | None = None
    presence: PresenceRequest | None = None
    presence_stats: PresenceStatsRequest | None = None
    history: HistoryRequest | None = None
    ping: PingRequest | None = None
    send: SendRequest | None = None
    rpc: RPCRequest | None = None
    refresh: RefreshRequest | None = None
    sub_refresh: SubRefreshRequest | None = None


# What a server tells ---------------------------------------------------------------------------------------------


class Error(Message):
    code: UInt32 = 0
    message: str = ""
    temporary: bool = False


class ClientInfo(Message):
    user: str = ""
    client: str = ""
    conn_info: msgspec.Raw = ABSENT
    chan_info: msgspec.Raw = ABSENT


class Publication(Message):
    data: msgspec.Raw = ABSENT
    info: ClientInfo | None = None
    offset: UInt64 = 0
    tags: dict[str, str] = {}
    delta: bool = False
    time: int = 0
    channel: str = ""


class SubscribeResult(Message):
    expires: bool = False
    ttl: UInt32 = 0
    recoverable: bool = False
    epoch: str = ""
    publications: list[Publication] = []
    recovered: bool = False
    offset: UInt64 = 0
    positioned: bool = False
    data: msgspec.Raw = ABSENT
    was_recovering: bool = False
    delta: bool = False


class ConnectResult(Message):
    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: UInt32 = 0
    data: msgspec.Raw = ABSENT
    subs: dict[str, SubscribeResult] = {}
    ping: UInt32 = 0
    pong: bool = False
    session: str = ""
    node: str = ""
    time: int = 0


class UnsubscribeResult(Message):
    pass


class PublishResult(Message):
    pass


class PresenceResult(Message):
    presence: dict[str, ClientInfo] = {}


class PresenceStatsResult(Message):
    num_clients: UInt32 = 0
    num_users: UInt32 = 0


class HistoryResult(Message):
    publications: list[Publication] = []
    epoch: str = ""
    offset: UInt64 = 0


class PingResult(Message):
    pass


class RPCResult(Message):
    data: msgspec.Raw = ABSENT


class RefreshResult(Message):
    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: UInt32 = 0


class SubRefreshResult(Message):
    expires: bool = False
    ttl: UInt32 = 0


class Join(Message):
    info: ClientInfo


class Leave(Message):
    info: ClientInfo


class Unsubscribe(Message):
    code: UInt32 = 0
    reason: str = ""


class Subscribe(Message):
    recoverable: bool = False
    epoch: str = ""
    offset: UInt64 = 0
    positioned: bool = False
    data: msgspec.Raw = ABSENT


class ServerMessage(Message):
    data: msgspec.Raw = ABSENT


class Disconnect(Message):
    code: UInt32 = 0
    reason: str = ""
    reconnect: bool = False


class Refresh(Message):
    expires: bool = False
    ttl: UInt32 = 0


class Push(Message):
    """What the server says unasked: exactly one of the fields after ``channel``."""

    channel: str = ""
    pub: Publication | None = None
    join: Join | None = None
    leave: Leave | None = None
    unsubscribe: Unsubscribe | None = None
    message: ServerMessage | None = None
    subscribe: Subscribe | None = None
    disconnect: Disconnect | None = None
    refresh: Refresh | None = None


class Reply(Message):
    """The answer to the command with the same id, or, without an id, a push. An empty reply is the server's ping."""

    id: UInt32 = 0
    error: Error | None = None
    push: Push | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: UnsubscribeResult | None = None
    publish: PublishResult | None = None
    presence: PresenceResult | None = None
    presence_stats: PresenceStatsResult | None = None
    history: HistoryResult | None = None
    ping: PingResult | None = None
    rpc: RPCResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: SubRefreshResult | None = None
