"""Is the token good: well-formed, signed with our key, not expired, not revoked?"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import DatabaseError

from vestnik.core.findings import Finding
from vestnik.doctor.findings import error, ok, warn
from vestnik.doctor.identity import NoIdentity
from vestnik.doctor.situation import Situation


def probe(situation: Situation) -> Iterator[Finding]:
    try:
        identity = situation.identity
    except NoIdentity as nobody:
        is_asked = bool(situation.token or situation.username)
        yield (error if is_asked else warn)(nobody.reason, nobody.sentence, nobody.hint)
    except DatabaseError as problem:
        first_line = next(iter(str(problem).splitlines()), type(problem).__name__)
        yield warn(
            "database-unreachable",
            f"the sign-in was not looked at, since the users cannot be read: {first_line}",
            "mend the database first, see above",
        )
    else:
        yield ok("credentials", f"signing in with {identity.in_words}")
