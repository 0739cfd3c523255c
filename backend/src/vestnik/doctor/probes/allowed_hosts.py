"""Does Django accept the host name that the page is reached by?"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.http.request import split_domain_port, validate_host

from vestnik.core.findings import Finding
from vestnik.doctor import network
from vestnik.doctor.findings import error, ok
from vestnik.doctor.network import Reach
from vestnik.doctor.situation import Situation

IN_DEVELOPMENT = [".localhost", "127.0.0.1", "[::1]"]  # Django's own, when the setting is empty and DEBUG is on


def probe(situation: Situation) -> Iterator[Finding]:
    if situation.page is None:
        return
    host, _ = split_domain_port(situation.page.netloc)
    allowed = list(settings.ALLOWED_HOSTS) or (IN_DEVELOPMENT if settings.DEBUG else [])
    line = f"ALLOWED_HOSTS={','.join([*settings.ALLOWED_HOSTS, host])}"
    hint = f"set in backend/.env or the environment, and restart Django: {line}"
    if not validate_host(host, allowed):
        yield error("host-refused", f"Django refuses the host {host}: it is not among ALLOWED_HOSTS", hint)
    elif _is_refused(situation):
        yield error(
            "host-refused",
            f"the running Django answers 400 to the host {host}: it was started with other ALLOWED_HOSTS than these",
            hint,
        )
    else:
        yield ok("allowed-hosts", f"Django accepts the host {host}")


def _is_refused(situation: Situation) -> bool:
    """Whether the server that runs says 400 to this host and something better to its own."""
    if situation.backend is None or situation.page is None or situation.backend_reach is not Reach.OPEN:
        return False
    foreign = network.get(situation.backend, "/healthz", host=situation.page.netloc)
    return foreign.status == 400 and 0 < situation.backend_health.status < 400
