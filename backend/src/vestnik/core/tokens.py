"""Connection and subscription tokens: JSON Web Tokens signed with HMAC-SHA-256, and nothing else.

A token says who somebody is for a few minutes, so that thousands of reconnecting clients verify a signature each and
touch no table. The claims are Centrifugo's, hence tokens made for it are taken here and the other way round.

Source: RFC 7519, RFC 7515; https://centrifugal.dev/docs/server/authentication and …/channel_token_auth
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, TypeVar

import msgspec

from vestnik.core.codec.data import check_data, compact, in_plain_words
from vestnik.core.errors import LocalError, VestnikError
from vestnik.core.messages import ABSENT

MAX_TOKEN_LENGTH = 8192  # characters; several hundred channels fit, and a header of common proxies does not take more

Time = Annotated[float, msgspec.Meta(ge=0, le=2**53 - 1)]
"""Seconds since 1970, whole or not; RFC 7519 calls it NumericDate."""

Reason = Literal["malformed", "algorithm", "signature", "claims"]


class InvalidToken(VestnikError):
    """No token that may be believed. ``reason`` is for logs and diagnosis; the peer may see it too."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"invalid token: {self.reason}{f' ({self.detail})' if self.detail else ''}"


class ExpiredToken(VestnikError):
    """A token that was good until ``expired_at``; its owner can be told to fetch a new one."""

    def __init__(self, expired_at: float) -> None:
        super().__init__(expired_at)
        self.expired_at = expired_at

    def __str__(self) -> str:
        return f"token expired at {self.expired_at:.0f}"


class _Claims(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What both kinds of token may say.

    Attributes:
        sub: The user's id; ``""`` for an anonymous visitor.
        exp: Not to be believed from then on.
        iat: When it was made.
        nbf: Not to be believed before.
        jti: The token's own id.
        tid: The id of the sign-in credential that bought it: revoking that one ends the connection.
        info: What other subscribers learn of the user, as JSON.
    """

    sub: str = ""
    exp: Time | None = None
    iat: Time | None = None
    nbf: Time | None = None
    jti: str = ""
    tid: str = ""
    info: msgspec.Raw = ABSENT


class SubscriptionOptions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the server subscribes a connection to one channel: ``info`` for the others, ``data`` for itself, as JSON."""

    info: msgspec.Raw = ABSENT
    data: msgspec.Raw = ABSENT


class ConnectionClaims(_Claims, frozen=True, kw_only=True, omit_defaults=True):
    """Who connects.

    Attributes:
        channels: Channels that the server subscribes the connection to.
        subs: The same, with options.
    """

    channels: tuple[str, ...] = ()
    subs: dict[str, SubscriptionOptions] = {}


class SubscriptionClaims(_Claims, frozen=True, kw_only=True, omit_defaults=True):
    """Leave to subscribe to one channel.

    Attributes:
        channel: Which.
        client: If set, holds only for the connection with this id.
        expire_at: When the subscription ends, if not with ``exp``; 0 for never.
    """

    channel: str
    client: str = ""
    expire_at: Time | None = None

    @property
    def expires_at(self) -> float | None:
        """Until when the subscription holds unless it is refreshed; ``None`` for as long as the connection."""
        if self.expire_at is not None:
            return self.expire_at or None
        return self.exp


class _Header(msgspec.Struct):
    alg: str
    typ: str = "JWT"
    crit: msgspec.Raw | None = None


_C = TypeVar("_C", ConnectionClaims, SubscriptionClaims)

_TIMES = ("exp", "iat", "nbf", "expire_at")
_NULL = msgspec.Raw(b"null")
_HEADER = msgspec.json.encode({"alg": "HS256", "typ": "JWT"})
_decode_header = msgspec.json.Decoder(_Header).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_connection = msgspec.json.Decoder(ConnectionClaims).decode
_decode_subscription = msgspec.json.Decoder(SubscriptionClaims).decode


def issue(claims: ConnectionClaims | SubscriptionClaims, secret: str) -> str:
    """Sign ``claims``. Times are rounded down to whole seconds.

    Raises:
        LocalError: The secret is empty, or the token would be longer than ``verify`` takes.
    """
    whole = {name: int(time) for name in _TIMES if (time := getattr(claims, name, None)) is not None}
    payload = msgspec.json.encode(msgspec.structs.replace(claims, **whole))
    signed = b".".join((_to_base64(_HEADER), _to_base64(payload)))
    token = b".".join((signed, _to_base64(_sign(signed, secret)))).decode("ascii")
    if len(token) > MAX_TOKEN_LENGTH:
        raise LocalError(f"a token of {len(token)} characters is too long: at most {MAX_TOKEN_LENGTH} are taken")
    return token


def verify(token: str, secrets: Sequence[str], *, now: float) -> ConnectionClaims:
    """Read a connection token that was signed with one of ``secrets`` (several while they are being rotated).

    There is no leeway: whoever signs and verifies on different machines keeps their clocks together, or backdates.

    Raises:
        InvalidToken: It is not one of ours, or is not a connection token. Every fault but having expired.
        ExpiredToken: It was good once.
    """
    # A subscription token says less than "this is who I am", and one for another audience says nothing to us.
    claims = _read(_signed_payload(token, secrets), _decode_connection, refused=("aud", "channel"))
    return _current(claims, now)


def verify_subscription(token: str, secrets: Sequence[str], *, now: float) -> SubscriptionClaims:
    """Read a subscription token; whether it is for this channel, user and client is for the caller to compare.

    Raises:
        InvalidToken: It is not one of ours, or is not a subscription token. Every fault but having expired.
        ExpiredToken: It was good once.
    """
    claims = _read(_signed_payload(token, secrets), _decode_subscription, refused=("aud",))
    return _current(claims, now)


def _signed_payload(token: str, secrets: Sequence[str]) -> bytes:
    if len(token) > MAX_TOKEN_LENGTH:
        raise InvalidToken("malformed", f"longer than {MAX_TOKEN_LENGTH} characters")
    parts = token.split(".")
    if len(parts) != 3:
        raise InvalidToken("malformed", "not three parts")
    header, payload, signature = (_from_base64(part) for part in parts)
    _check_header(header)
    signed = f"{parts[0]}.{parts[1]}".encode("ascii")
    if not any(hmac.compare_digest(_sign(signed, secret), signature) for secret in secrets):
        raise InvalidToken("signature")
    return payload


def _check_header(text: bytes) -> None:
    try:
        header = _decode_header(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidToken("malformed", "header") from error
    if header.alg != "HS256":
        # Never what the token says: "none" and keys of another kind are how others were broken into.
        raise InvalidToken("algorithm", "only HS256 is taken")
    if header.crit is not None:
        raise InvalidToken("malformed", "crit: not understood")


def _read(payload: bytes, decode: Callable[[bytes], _C], *, refused: Sequence[str]) -> _C:
    problem = check_data(payload) if payload else "is empty"
    if problem is not None:
        raise InvalidToken("malformed", f"payload {problem}")
    text = compact(payload)  # the raw JSON in it goes into frames
    try:
        members = _decode_members(text)
        claims = decode(text)
    except msgspec.ValidationError as error:
        raise InvalidToken("claims", in_plain_words(error)) from error
    for name in refused:
        if name in members:
            raise InvalidToken("claims", f"{name}: not expected")
    for name in _TIMES:
        if members.get(name) == _NULL:
            # To the struct it would be as good as absent, that is, a token that never expires.
            raise InvalidToken("claims", f"{name}: expected a time, got null")
    return claims


def _current(claims: _C, now: float) -> _C:
    if claims.nbf is not None and now < claims.nbf:
        raise InvalidToken("claims", "nbf: not valid yet")
    if claims.exp is not None and now >= claims.exp:
        raise ExpiredToken(claims.exp)
    return claims


def _sign(signed: bytes, secret: str) -> bytes:
    if not secret:
        raise LocalError("a token secret is empty: anybody could sign with it")
    return hmac.digest(secret.encode(), signed, "sha256")


def _to_base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _from_base64(text: str) -> bytes:
    """Decode base64url without padding, strictly: two different texts are never the same token."""
    try:
        encoded = text.encode("ascii")
        data = base64.b64decode(encoded + b"=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, ValueError) as error:  # binascii.Error is a ValueError
        raise InvalidToken("malformed", "base64url") from error
    if _to_base64(data) != encoded:
        raise InvalidToken("malformed", "base64url")
    return data
