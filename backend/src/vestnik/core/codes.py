"""Every number that a peer may see, in one table; the docs and the client's constants are generated from it.

The range of a disconnect code tells the client what to do next: 3000-3499 and 4000-4499 mean "come back",
3500-3999 and 4500-4999 mean "do not".

Source: https://centrifugal.dev/docs/server/codes
"""

from __future__ import annotations

from enum import IntEnum


class ErrorCode(IntEnum):
    """Why one command failed; the connection stays open. Below 400 the numbers are Centrifugo's."""

    INTERNAL = 100
    UNAUTHORIZED = 101
    UNKNOWN_CHANNEL = 102
    PERMISSION_DENIED = 103
    METHOD_NOT_FOUND = 104
    ALREADY_SUBSCRIBED = 105
    LIMIT_EXCEEDED = 106
    BAD_REQUEST = 107
    NOT_AVAILABLE = 108
    TOKEN_EXPIRED = 109
    EXPIRED = 110
    TOO_MANY_REQUESTS = 111
    UNRECOVERABLE_POSITION = 112
    INVALID_PARAMETERS = 400
    NOT_FOUND = 404
    CONFLICT = 409
    TOO_LARGE = 413


class DisconnectCode(IntEnum):
    """Why the server closes a connection."""

    CONNECTION_CLOSED = 3000
    SHUTDOWN = 3001
    SERVER_ERROR = 3004
    EXPIRED = 3005
    SUBSCRIPTION_EXPIRED = 3006
    SLOW = 3008
    WRITE_ERROR = 3009
    INSUFFICIENT_STATE = 3010
    FORCE_RECONNECT = 3011
    NO_PONG = 3012
    TOO_MANY_REQUESTS = 3013
    INVALID_TOKEN = 3500
    BAD_REQUEST = 3501
    STALE = 3502
    FORCE_NO_RECONNECT = 3503
    CONNECTION_LIMIT = 3504
    CHANNEL_LIMIT = 3505
    INAPPROPRIATE_PROTOCOL = 3506
    PERMISSION_DENIED = 3507
    NOT_AVAILABLE = 3508
    TOO_MANY_ERRORS = 3509


class UnsubscribeCode(IntEnum):
    """Why the server ends one subscription. From 2500 the client subscribes again by itself."""

    SERVER = 2000
    INSUFFICIENT_STATE = 2500
    EXPIRED = 2501


# 100: a retry may succeed; the SDKs retry a subscribe or a refresh after a temporary error.
TEMPORARY_ERRORS = frozenset({ErrorCode.INTERNAL, ErrorCode.TOO_MANY_REQUESTS})

ERROR_MESSAGES: dict[ErrorCode, str] = {
    ErrorCode.INTERNAL: "internal server error",
    ErrorCode.UNAUTHORIZED: "unauthorized",
    ErrorCode.UNKNOWN_CHANNEL: "unknown channel",
    ErrorCode.PERMISSION_DENIED: "permission denied",
    ErrorCode.METHOD_NOT_FOUND: "method not found",
    ErrorCode.ALREADY_SUBSCRIBED: "already subscribed",
    ErrorCode.LIMIT_EXCEEDED: "limit exceeded",
    ErrorCode.BAD_REQUEST: "bad request",
    ErrorCode.NOT_AVAILABLE: "not available",
    ErrorCode.TOKEN_EXPIRED: "token expired",
    ErrorCode.EXPIRED: "expired",
    ErrorCode.TOO_MANY_REQUESTS: "too many requests",
    ErrorCode.UNRECOVERABLE_POSITION: "unrecoverable position",
    ErrorCode.INVALID_PARAMETERS: "invalid parameters",
    ErrorCode.NOT_FOUND: "not found",
    ErrorCode.CONFLICT: "conflict",
    ErrorCode.TOO_LARGE: "too large",
}

DISCONNECT_REASONS: dict[DisconnectCode, str] = {
    DisconnectCode.CONNECTION_CLOSED: "connection closed",
    DisconnectCode.SHUTDOWN: "shutdown",
    DisconnectCode.SERVER_ERROR: "internal server error",
    DisconnectCode.EXPIRED: "connection expired",
    DisconnectCode.SUBSCRIPTION_EXPIRED: "subscription expired",
    DisconnectCode.SLOW: "slow",
    DisconnectCode.WRITE_ERROR: "write error",
    DisconnectCode.INSUFFICIENT_STATE: "insufficient state",
    DisconnectCode.FORCE_RECONNECT: "force reconnect",
    DisconnectCode.NO_PONG: "no pong",
    DisconnectCode.TOO_MANY_REQUESTS: "too many requests",
    DisconnectCode.INVALID_TOKEN: "invalid token",
    DisconnectCode.BAD_REQUEST: "bad request",
    DisconnectCode.STALE: "stale",
    DisconnectCode.FORCE_NO_RECONNECT: "force disconnect",
    DisconnectCode.CONNECTION_LIMIT: "connection limit",
    DisconnectCode.CHANNEL_LIMIT: "channel limit",
    DisconnectCode.INAPPROPRIATE_PROTOCOL: "inappropriate protocol",
    DisconnectCode.PERMISSION_DENIED: "permission denied",
    DisconnectCode.NOT_AVAILABLE: "not available",
    DisconnectCode.TOO_MANY_ERRORS: "too many errors",
}

UNSUBSCRIBE_REASONS: dict[UnsubscribeCode, str] = {
    UnsubscribeCode.SERVER: "server unsubscribe",
    UnsubscribeCode.INSUFFICIENT_STATE: "insufficient state",
    UnsubscribeCode.EXPIRED: "subscription expired",
}

MEANINGS: dict[ErrorCode | DisconnectCode | UnsubscribeCode, str] = {
    ErrorCode.INTERNAL: "Something failed on the server; its log has the traceback. Trying again may help.",
    ErrorCode.UNAUTHORIZED: "The connection belongs to nobody, and this needs somebody.",
    ErrorCode.UNKNOWN_CHANNEL: "The channel's namespace does not exist.",
    ErrorCode.PERMISSION_DENIED: "Not allowed, or the subscription token does not hold for this.",
    ErrorCode.METHOD_NOT_FOUND: "There is no remote procedure of this name.",
    ErrorCode.ALREADY_SUBSCRIBED: "The connection is subscribed to the channel already.",
    ErrorCode.LIMIT_EXCEEDED: "A limit of the connection is reached, such as the number of subscriptions.",
    ErrorCode.BAD_REQUEST: "The command makes no sense as it is; the message says why.",
    ErrorCode.NOT_AVAILABLE: "Switched off on this server or for this namespace.",
    ErrorCode.TOKEN_EXPIRED: "The token was good once: the client fetches a new one and tries again.",
    ErrorCode.EXPIRED: "The connection or subscription to be refreshed has expired already.",
    ErrorCode.TOO_MANY_REQUESTS: "Commands come too fast. Trying again later helps.",
    ErrorCode.UNRECOVERABLE_POSITION: "The log no longer covers the position: the client fetches the state anew.",
    ErrorCode.INVALID_PARAMETERS: "A parameter is missing, of the wrong type or out of range; the message names it.",
    ErrorCode.NOT_FOUND: "There is no such thing, or none that this user may know of.",
    ErrorCode.CONFLICT: "The thing is not in a state in which this can be done.",
    ErrorCode.TOO_LARGE: "More than the limit allows; the message names it.",
    DisconnectCode.CONNECTION_CLOSED: "The connection ended without a reason given by the server.",
    DisconnectCode.SHUTDOWN: "The server process stops; another one takes over.",
    DisconnectCode.SERVER_ERROR: "Something failed on the server; its log has the traceback.",
    DisconnectCode.EXPIRED: "The connection's token expired and was not refreshed in time.",
    DisconnectCode.SUBSCRIPTION_EXPIRED: "A subscription expired and was not refreshed in time.",
    DisconnectCode.SLOW: "The client reads more slowly than it is sent to. It resumes from where it was.",
    DisconnectCode.WRITE_ERROR: "Writing to the socket failed.",
    DisconnectCode.INSUFFICIENT_STATE: "A subscription that the server made has a gap. The client resumes.",
    DisconnectCode.FORCE_RECONNECT: "The server wants the client to connect anew.",
    DisconnectCode.NO_PONG: "The client did not answer a ping in time.",
    DisconnectCode.TOO_MANY_REQUESTS: "Commands kept coming too fast.",
    DisconnectCode.INVALID_TOKEN: "The token is not one of this server's: sign in anew.",
    DisconnectCode.BAD_REQUEST: "The client broke the protocol; the reason says how.",
    DisconnectCode.STALE: "The client sent no `connect` in time.",
    DisconnectCode.FORCE_NO_RECONNECT: "The server ended the connection for good, such as after signing out.",
    DisconnectCode.CONNECTION_LIMIT: "The user or the server has too many connections.",
    DisconnectCode.CHANNEL_LIMIT: "The server would have to subscribe the connection to too many channels.",
    DisconnectCode.INAPPROPRIATE_PROTOCOL: "The command cannot be carried out over this transport.",
    DisconnectCode.PERMISSION_DENIED: "The user may not connect.",
    DisconnectCode.NOT_AVAILABLE: "Real time is switched off on this server.",
    DisconnectCode.TOO_MANY_ERRORS: "Too many commands of the connection failed.",
    UnsubscribeCode.SERVER: "The server ended the subscription, such as when a member is removed from a room.",
    UnsubscribeCode.INSUFFICIENT_STATE: "A gap was found. The client resumes from its position.",
    UnsubscribeCode.EXPIRED: "The subscription expired and was not refreshed in time. The client fetches a new token.",
}
"""What each number means to whoever looks it up; ``docs/reference/codes.md`` is made of it."""


def should_reconnect(code: int) -> bool:
    """Whether a client that was closed with ``code`` comes back by itself."""
    return not (3500 <= code < 4000 or 4500 <= code < 5000)


def should_resubscribe(code: int) -> bool:
    """Whether a client whose subscription was ended with ``code`` subscribes again by itself."""
    return code >= 2500
