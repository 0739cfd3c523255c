"""What does the server itself answer to a WebSocket handshake, without and with the given credential?"""

from __future__ import annotations

from collections.abc import Iterator

from vestnik.core.findings import Finding
from vestnik.doctor import network
from vestnik.doctor.findings import error, ok
from vestnik.doctor.network import Answer, Reach
from vestnik.doctor.probes.asgi import is_wsgi
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    address = situation.backend or situation.page
    reach = situation.backend_reach if situation.backend else situation.page_reach
    if address is None or situation.page is None or reach is not Reach.OPEN:
        return
    if situation.backend and not situation.backend_health.status:
        return  # another program, which was said
    answer = situation.backend_upgrade if situation.backend else situation.page_upgrade
    if not answer.is_websocket:
        yield from _explain(answer, f"{address.netloc}{address.path}", situation)
        return
    where = f"port {address.port}" if address.is_local else address.netloc
    yield ok("handshake", f"handshake with {where}: {answer.seconds * 1000:.0f} ms")
    if situation.token:
        yield _with_credential(situation, address_name=where)


def _explain(answer: Answer, where: str, situation: Situation) -> Iterator[Finding]:
    if answer.status == 401:
        yield error(
            "handshake-unauthorized",
            f"{where} answers 401 although no credential was shown: something in front of Vestnik asks for one",
            "take the authentication off the path /ws (the first frame carries the token), e.g. `auth_basic off;`",
        )
    elif answer.status == 429:
        yield error("rate-limited", f"{where} answers 429: too many connections from here", _wait(answer))
    elif answer.status == 503:
        sentence = f"{where} answers 503: the server is going away, or what it needs is{_own_words(answer)}"
        yield error("server-draining", sentence, f"mend the database if a row below says so; otherwise {_wait(answer)}")
    elif answer.status in {502, 504}:
        yield error(
            "backend-down",
            f"the proxy at {where} answers {answer.status}: it cannot reach the backend",
            "start the backend on that machine: systemctl restart vestnik",
        )
    elif answer.status in {403, 400} or (situation.backend and is_wsgi(answer)):
        return  # told by the probes for the origin, the host and ASGI
    else:
        yield error(
            "refused",
            f"{where} does not open a WebSocket: {answer.in_words}",
            "read the server's log of this moment; check that its ASGI application has a route for /ws",
        )


def _with_credential(situation: Situation, *, address_name: str) -> Finding:
    address, page = situation.backend or situation.page, situation.page
    assert address is not None
    assert page is not None
    kind = "Bearer" if situation.token.count(".") == 2 else "Token"
    answer = network.upgrade(address, origin=page.origin, authorization=f"{kind} {situation.token}")
    if answer.is_websocket:
        return ok("handshake-credential", f"{address_name} takes the given token in the handshake too")
    if answer.status == 401:
        return error(
            "handshake-unauthorized",
            f"{address_name} answers 401 to a handshake with `Authorization: {kind} …`: the token is not good",
            'sign in again: localStorage.removeItem("auth_token") in the browser\'s console, then reload the page',
        )
    return error(
        "refused",
        f"{address_name} opens a WebSocket without a token, but with one it came to: {answer.in_words}",
        "read the server's log of this moment",
    )


def _own_words(answer: Answer) -> str:
    """The reason that the server gave, where it did in plain words."""
    words = answer.body.strip()
    return f" ({words})" if 0 < len(words) <= 120 and words.isprintable() and "<" not in words else ""


def _wait(answer: Answer) -> str:
    seconds = answer.headers.get("retry-after", "a few")
    return f"wait {seconds} seconds and run the doctor again; clients come back by themselves"
