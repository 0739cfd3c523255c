"""Does the server let this token in, over each way, and how long does it take?"""

from __future__ import annotations

import time
from collections.abc import Iterator

from websockets.exceptions import WebSocketException

from vestnik.core.codes import DisconnectCode, ErrorCode
from vestnik.core.findings import Finding
from vestnik.doctor.dialogue import NotTheProtocol, Refused, signed_in
from vestnik.doctor.findings import error, ok
from vestnik.doctor.identity import SIGN_IN_AGAIN, Identity
from vestnik.doctor.network import PATIENCE, in_words
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    identity = situation.identity_or_none
    page = situation.page
    if identity is None or page is None:
        return
    for way, address in situation.ways.items():
        started = time.monotonic()
        try:
            with signed_in(address, origin=page.origin, token=identity.token) as (_, connected):
                situation.connected = connected
                took = (time.monotonic() - started) * 1000
                yield ok("sign-in", f"signed in through {way}: {took:.0f} ms with the handshake")
        except Refused as refused:
            yield _explain(refused, way, identity)
        except NotTheProtocol as problem:
            yield error(
                "backend-is-another-program",
                f"what answers at {address.url} is no Vestnik: {problem}",
                "check that the ASGI application routes /ws to Vestnik, see docs/en/tutorial/existing-project.md",
            )
        except TimeoutError:
            yield error(
                "backend-unhealthy",
                f"{address.url} opens a WebSocket, but does not answer `connect` within {PATIENCE} s",
                "look for a blocked database or a stopped process in the server's log",
            )
        except (OSError, EOFError, WebSocketException) as problem:
            yield error("network", f"the connection through {way} broke off: {in_words(problem)}", "run doctor again")


def _explain(refused: Refused, way: str, identity: Identity) -> Finding:
    sentence = f"the server refuses {identity.in_words} through {way}: {refused}"
    match refused.code:
        case ErrorCode.TOKEN_EXPIRED:
            return error("signed-out-expired", sentence, SIGN_IN_AGAIN)
        case DisconnectCode.INVALID_TOKEN | ErrorCode.UNAUTHORIZED:
            # Here it was good: with the settings and the database of this process.
            hint = "restart the server: it runs with another SECRET_KEY, VESTNIK['TOKEN_SECRET'] or database than these"
            return error("token-foreign-key", sentence, hint)
        case DisconnectCode.SHUTDOWN:
            return error("server-draining", sentence, "wait a few seconds and run the doctor again")
        case DisconnectCode.TOO_MANY_REQUESTS | ErrorCode.TOO_MANY_REQUESTS | DisconnectCode.CONNECTION_LIMIT:
            return error("rate-limited", sentence, "wait a minute and run the doctor again")
        case _:
            return error("refused", sentence, "read the server's log of this moment")
