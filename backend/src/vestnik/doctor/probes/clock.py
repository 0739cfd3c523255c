"""Do this machine's clock and the server's agree? Tokens carry times."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime

from websockets.exceptions import WebSocketException

from vestnik.apps.conf import vestnik_settings
from vestnik.core.errors import VestnikError
from vestnik.core.findings import Finding
from vestnik.doctor.dialogue import signed_in
from vestnik.doctor.findings import error, ok, warn
from vestnik.doctor.situation import Situation

TOLERABLE = 5.0  # seconds; tokens are good for minutes


def probe(situation: Situation) -> Iterator[Finding]:
    skew = _skew_by_ping(situation)
    if skew is None:
        skew = _skew_by_date(situation)
    if skew is None:
        return
    synchronise = "synchronise both clocks: timedatectl set-ntp true"
    direction = "ahead of" if skew > 0 else "behind"
    if abs(skew) < TOLERABLE:
        yield ok("clock", f"the server's clock and this one agree within {max(abs(skew), 0.1):.1f} s")
    elif abs(skew) < vestnik_settings().connection_token_ttl:
        yield warn("clock-skew", f"the server's clock is {abs(skew):.0f} s {direction} this one", synchronise)
    else:
        yield error(
            "clock-skew",
            f"the server's clock is {abs(skew):.0f} s {direction} this one: tokens have expired when they are made",
            synchronise,
        )


def _skew_by_ping(situation: Situation) -> float | None:
    """Seconds by which the server is ahead, from the rpc ``ping``."""
    identity, page = situation.identity_or_none, situation.page
    way = next(iter(situation.ways.values()), None)
    if identity is None or page is None or way is None or situation.connected is None:
        return None
    try:
        with signed_in(way, origin=page.origin, token=identity.token) as (dialogue, _):
            asked = time.time()
            at = dialogue.command("rpc", {"method": "ping", "data": {}}).get("data", {}).get("at")
            middle = (asked + time.time()) / 2
        # Where the server tells whole seconds, the time is half of one later on average.
        return datetime.fromisoformat(str(at)).timestamp() + (0.0 if "." in str(at) else 0.5) - middle
    except (VestnikError, OSError, EOFError, WebSocketException, ValueError):
        return None


def _skew_by_date(situation: Situation) -> float | None:
    """The same from the Date header, which has whole seconds."""
    date = situation.backend_health.headers.get("date")
    try:
        return parsedate_to_datetime(date).timestamp() + 0.5 - time.time() if date else None
    except ValueError:
        return None
