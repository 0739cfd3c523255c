"""Does what is published arrive? Written to the log by this process, it must come out of every way."""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator

from django.db import DatabaseError
from websockets.exceptions import WebSocketException

from vestnik.apps.eventlog.events import Event
from vestnik.apps.eventlog.log import append, transaction
from vestnik.core.findings import Finding
from vestnik.doctor.dialogue import Dialogue, NotTheProtocol, Refused, Reply, signed_in
from vestnik.doctor.findings import error, ok, warn
from vestnik.doctor.situation import Situation

WITHIN = 1.5  # seconds; a lost hint costs at most one
PROMPT = 0.5  # seconds; the promise between processes


class DoctorCalled(Event, frozen=True, kw_only=True, tag="doctor.called"):
    """Says nothing to clients, which ignore what they do not know."""

    call: str


def probe(situation: Situation) -> Iterator[Finding]:
    identity = situation.identity_or_none
    page = situation.page
    if identity is None or page is None or situation.connected is None:
        return
    channel = f"user:#{identity.user}"
    with contextlib.ExitStack() as stack:
        dialogues: dict[str, Dialogue] = {}
        try:
            for way, address in situation.ways.items():
                dialogue, connected = stack.enter_context(signed_in(address, origin=page.origin, token=identity.token))
                if channel not in (connected.get("subs") or {}):
                    yield error(
                        "publications-do-not-arrive",
                        f"the server does not subscribe the connection to {channel}",
                        "add vestnik.apps.accounts to INSTALLED_APPS and restart the server",
                    )
                    return
                dialogues[way] = dialogue
            for way, dialogue in dialogues.items():
                yield ok("round-trip", f"rpc `ping` through {way}: {_round_trip(dialogue) * 1000:.1f} ms")
            yield from _publish_and_wait(channel, dialogues)
        except (Refused, NotTheProtocol, OSError, EOFError, WebSocketException) as problem:
            yield error("network", f"the connection broke off while waiting: {problem}", "run doctor again")
        except DatabaseError:
            yield warn("database-unreachable", "nothing could be published", "mend the database first")


def _round_trip(dialogue: Dialogue) -> float:
    started = time.monotonic()
    dialogue.command("rpc", {"method": "ping", "data": {}})
    return time.monotonic() - started


def _publish_and_wait(channel: str, dialogues: dict[str, Dialogue]) -> Iterator[Finding]:
    call = str(uuid.uuid4())
    started = time.monotonic()
    with transaction():
        append(channel, DoctorCalled(call=call))
    committed = time.monotonic()
    yield ok("publish", f"written to the log in {(committed - started) * 1000:.1f} ms")

    def is_ours(reply: Reply) -> bool:
        publication = (reply.get("push") or {}).get("pub") or {}
        data = publication.get("data")
        return isinstance(data, dict) and data.get("call") == call

    for way, dialogue in dialogues.items():
        try:
            dialogue.wait_for(is_ours, within=max(0.05, committed + WITHIN - time.monotonic()))
        except TimeoutError:
            yield error(
                "publications-do-not-arrive",
                f"what this process wrote to the log did not arrive through {way} within {WITHIN} s",
                "check that the server uses the same DATABASE_URL as this command, and restart it",
            )
            continue
        took = time.monotonic() - committed
        if took > PROMPT:
            yield warn(
                "publications-late",
                f"publish to receive through {way}: {took * 1000:.0f} ms",
                "lower VESTNIK['POLL_INTERVAL'], or look for a database that is busy",
            )
        else:
            yield ok("delivery", f"publish to receive through {way}: {took * 1000:.0f} ms")
