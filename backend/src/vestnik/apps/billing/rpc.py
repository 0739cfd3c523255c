"""What the browser does with invoices over the socket."""

from __future__ import annotations

import msgspec

from vestnik.apps.accounts.access import user_for
from vestnik.apps.billing import actions
from vestnik.apps.billing.events import Invoice
from vestnik.core.namespaces import Caller
from vestnik.core.procedures import Procedures
from vestnik.core.values import Id

procedures = Procedures()


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Which invoice is on the screen."""

    id: Id


class Viewed(msgspec.Struct, frozen=True, kw_only=True):
    """The invoice as it is now."""

    invoice: Invoice


@procedures.method("invoices.view", View)
def view(caller: Caller, params: View) -> Viewed:
    return Viewed(invoice=actions.view(user_for(caller), params.id))
