"""Short ways to say what was found, and the reasons there are: the anchors of the page "Connection lost"."""

from __future__ import annotations

from typing import Literal

from vestnik.core.findings import Finding

PAGE = "docs/en/how-to/connection-lost.md"
CHECKS_PAGE = "docs/en/reference/checks.md"

Reason = Literal[
    # the address
    "url-malformed",
    "url-path-missing-ws",
    "insecure-url-on-secure-page",
    "url-bypasses-proxy",
    "placeholder-domain",
    # the servers
    "backend-down",
    "backend-is-another-program",
    "backend-unhealthy",
    "not-asgi",
    "page-server-down",
    "page-server-is-another-program",
    "proxy-does-not-upgrade",
    # the handshake
    "host-refused",
    "origin-refused",
    "handshake-unauthorized",
    "server-draining",
    "rate-limited",
    "refused",
    "network",
    # signing in
    "signed-out-missing",
    "signed-out-expired",
    "signed-out-revoked",
    "token-malformed",
    "token-foreign-key",
    "user-unknown",
    # what stands behind
    "database-unreachable",
    "migrations-missing",
    "publications-do-not-arrive",
    "publications-late",
    "clock-skew",
    "memory-broker-many-processes",
    "open-file-limit",
    "protocol-version",
    "unknown",
]


def ok(probe: str, sentence: str) -> Finding:
    return Finding(id=probe, level="ok", sentence=sentence)


def warn(reason: Reason, sentence: str, hint: str) -> Finding:
    return Finding(id=reason, level="warn", sentence=sentence, hint=hint)


def error(reason: Reason, sentence: str, hint: str) -> Finding:
    return Finding(id=reason, level="error", sentence=sentence, hint=hint)


def documentation_of(finding: Finding) -> str:
    """Where the finding is explained; ``""`` for what is well."""
    if finding.level == "ok":
        return ""
    if finding.id.startswith("vestnik."):
        return f"{CHECKS_PAGE}#{finding.id.partition('.')[2].lower()}"
    return f"{PAGE}#{finding.id}"
