"""Sign-in tokens: one per device, stored as a hash, expiring, revocable.

A token is good for ``VESTNIK["AUTH_TOKEN_TTL"]`` seconds (30 days) from its last use: using it renews it. The new
expiry is written at most once a day, so that reading does not write. Deleting the row, by whatever way, revokes the
token at once; see :mod:`vestnik.apps.accounts.revocation`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from django.utils import timezone
from knox.crypto import hash_token
from knox.models import get_token_model

from vestnik.apps.accounts.models import Device
from vestnik.apps.conf import vestnik_settings
from vestnik.core.errors import VestnikError

if TYPE_CHECKING:
    from django.contrib.auth.models import User

Refusal = Literal["malformed", "expired", "revoked", "inactive"]

# What knox can have made, with any prefix and length that it can be told to use.
_SHAPE = re.compile(r"[!-~]{16,512}")
RENEWAL_INTERVAL = timedelta(days=1)  # a write per token and day; a tenth of the lifetime where that is shorter
KEEP_EXPIRED = timedelta(days=7)  # so long its owner is told "expired" rather than "revoked"


class TokenRefused(VestnikError):
    """No token that lets anybody in. ``reason`` may be shown to the peer.

    ``revoked`` stands also for a token that never was: a hash does not tell the two apart.
    """

    SENTENCES: dict[Refusal, str] = {
        "malformed": "the sign-in token is malformed",
        "expired": "the sign-in token has expired",
        "revoked": "the sign-in token was revoked or never existed",
        "inactive": "the user is not active",
    }

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return self.SENTENCES[self.reason]


def issue_token(user: User, label: str = "") -> tuple[Any, str]:
    """Make a token for one more device of ``user``.

    Returns:
        The row and the token itself, which nobody can find out later.
    """
    expired = timezone.now() - KEEP_EXPIRED
    get_token_model().objects.filter(user=user, expiry__lt=expired).delete()
    lifetime = timedelta(seconds=vestnik_settings().auth_token_ttl)
    row, token = get_token_model().objects.create(user=user, expiry=lifetime)
    if label:
        Device.objects.create(token_id=token_id(row), user=user, label=label)
    return row, token


def find_token(token: str, *, now: float) -> Any:
    """The row of a token that is good, with its user. Renews it.

    Args:
        token: What the client sent, not trusted in any way.
        now: Unix time.

    Raises:
        TokenRefused: Says why not.
    """
    if _SHAPE.fullmatch(token) is None:
        raise TokenRefused("malformed")
    row = get_token_model().objects.filter(digest=hash_token(token)).select_related("user__profile").first()
    if row is None:
        raise TokenRefused("revoked")
    moment = datetime.fromtimestamp(now, UTC)
    if row.expiry is not None and row.expiry <= moment:
        raise TokenRefused("expired")
    if not row.user.is_active:
        raise TokenRefused("inactive")
    _renew(row, moment)
    return row


def token_id(row: Any) -> str:
    """The public name of a token: enough of its hash to be unique, and of no use to whoever reads it."""
    return str(row.digest)[:32]


def _renew(row: Any, now: datetime) -> None:
    if row.expiry is None:
        return
    lifetime = timedelta(seconds=vestnik_settings().auth_token_ttl)
    if now + lifetime - row.expiry < min(RENEWAL_INTERVAL, lifetime / 10):
        return
    # An update rather than a save: a token that is being revoked at this moment must not come back.
    if get_token_model().objects.filter(digest=row.digest, expiry=row.expiry).update(expiry=now + lifetime):
        row.expiry = now + lifetime
