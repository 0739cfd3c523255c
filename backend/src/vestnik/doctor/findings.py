"""Short ways to say what was found. Ids are the anchors of the page "Connection lost"."""

from __future__ import annotations

from vestnik.core.findings import Finding

PAGE = "docs/en/how-to/connection-lost.md"


def ok(reason: str, sentence: str) -> Finding:
    return Finding(id=reason, level="ok", sentence=sentence)


def warn(reason: str, sentence: str, hint: str) -> Finding:
    return Finding(id=reason, level="warn", sentence=sentence, hint=hint)


def error(reason: str, sentence: str, hint: str) -> Finding:
    return Finding(id=reason, level="error", sentence=sentence, hint=hint)


def documentation_of(finding: Finding) -> str:
    """Where the finding is explained; ``""`` for what is well."""
    if finding.level == "ok":
        return ""
    if finding.id.startswith("vestnik."):
        return f"docs/en/reference/checks.md#{finding.id.lower().replace('.', '')}"
    return f"{PAGE}#{finding.id}"
