"""Which rule gives the socket's address, and is it one?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.core.findings import Finding
from vestnik.doctor.address import parse
from vestnik.doctor.findings import error, ok
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    choice = situation.choice
    try:
        parse(choice.url)
    except ValueError as problem:
        yield error(
            "url-malformed",
            f"{choice.shown!r} is no WebSocket address: {problem} (from {choice.source})",
            f"change {choice.source} to: VITE_WEBSOCKET_URL=ws://localhost:{situation.frontend_port}/ws",
        )
        return
    if choice.rule == "--url":
        yield ok("address", f"looking at {choice.shown}, as asked")
    else:
        yield ok(
            "address", f"in {situation.mode} the page uses {choice.shown}, by {choice.rule} (from {choice.source})"
        )
