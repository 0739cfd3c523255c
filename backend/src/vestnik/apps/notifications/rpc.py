"""What the browser does with its notifications."""

from __future__ import annotations

from typing import Annotated

import msgspec

from vestnik.apps.accounts.access import user_for
from vestnik.apps.notifications import actions
from vestnik.apps.notifications.events import Counts
from vestnik.core.namespaces import Caller
from vestnik.core.procedures import Procedures
from vestnik.core.values import Id

MAX_IDS = 500  # in one command; a page has at most 100

procedures = Procedures()


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Those with the given ids, or all of the feed up to an id."""

    ids: Annotated[list[Id], msgspec.Meta(min_length=1, max_length=MAX_IDS)] | None = None
    up_to: Id | None = None


@procedures.method("notifications.read", Which)
def read(caller: Caller, params: Which) -> Counts:
    return actions.read(user_for(caller), ids=params.ids, up_to=params.up_to)


@procedures.method("notifications.seen", Which)
def seen(caller: Caller, params: Which) -> Counts:
    return actions.seen(user_for(caller), ids=params.ids, up_to=params.up_to)


@procedures.method("notifications.archive", Which)
def archive(caller: Caller, params: Which) -> Counts:
    return actions.archive(user_for(caller), ids=params.ids, up_to=params.up_to)
