"""The tables of states → ``docs/reference/states.md``, drawn: the picture is never another than the code."""

from __future__ import annotations

from collections.abc import Iterable

from tools.generate.artefact import NOTICE, ROOT, Artefact
from vestnik.apps.billing.states import INVOICE_TRANSITIONS, PAYMENT_TRANSITIONS, REFUND_TRANSITIONS
from vestnik.core.session import TRANSITIONS

_NOTICE = NOTICE.format(source="the tables that each section names")

Edge = tuple[str, str, str]


def artefacts() -> list[Artefact]:
    session = [(old.value, new.value, happening.value) for (old, happening), new in TRANSITIONS.items()]
    sections = [
        _section(
            "A connection",
            "`TRANSITIONS` in `backend/src/vestnik/core/session.py`. Commands that come with `connect` wait until it "
            "is answered; after `token expired` the client sends another `connect`.",
            session,
        ),
        _section(
            "An invoice",
            "`INVOICE_TRANSITIONS` in `backend/src/vestnik/apps/billing/states.py`. Viewed and overdue are no states "
            "but facts with a time. Money that arrives for an invoice that was given up is booked all "
            "the same, so that it can be given back.",
            [(old, new, "") for old, targets in INVOICE_TRANSITIONS.items() for new in sorted(targets)],
        ),
        _section(
            "A payment",
            "`PAYMENT_TRANSITIONS`, in the same file. Nothing leads away from `succeeded`: late news changes nothing.",
            [(old, new, "") for old, targets in PAYMENT_TRANSITIONS.items() for new in sorted(targets)],
        ),
        _section(
            "A refund",
            "`REFUND_TRANSITIONS`, in the same file.",
            [(old, new, "") for old, targets in REFUND_TRANSITIONS.items() for new in sorted(targets)],
        ),
    ]
    text = f"<!-- {_NOTICE} -->\n\n# States\n\n" + "\n".join(sections)
    return [Artefact(ROOT / "docs/reference/states.md", text)]


def _section(title: str, about: str, edges: Iterable[Edge]) -> str:
    lines = [f"    {_id(old)} --> {_id(new)}{f': {what}' if what else ''}" for old, new, what in edges]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])
    return f"## {title}\n\n{about}\n\n{diagram}\n"


def _id(state: str) -> str:
    return str(state).replace(" ", "_")
