"""Errors know whose fault they are and carry data; sentences are built when they are printed."""

from __future__ import annotations

from collections.abc import Mapping

from vestnik.core.codes import DISCONNECT_REASONS, ERROR_MESSAGES, TEMPORARY_ERRORS, DisconnectCode, ErrorCode

MAX_REASON = 123  # bytes of UTF-8; RFC 6455, section 5.5


class VestnikError(Exception):
    """Base of everything that Vestnik raises on purpose."""


class LocalError(VestnikError):
    """Our caller's mistake: a wrong argument, a call at the wrong time, a setting that makes no sense."""


class BackendError(VestnikError):
    """The database, the broker or a provider failed. ``temporary`` says whether trying again may help."""

    def __init__(self, what: str, *, temporary: bool = True) -> None:
        super().__init__(what)
        self.temporary = temporary


class PeerError(VestnikError):
    """The client asked for what it may not have or cannot mean: it becomes an error reply, or a 4xx over REST.

    Args:
        code: The number on the wire; see :class:`vestnik.core.codes.ErrorCode`.
        message: A short reason for the peer; the code's own words when omitted. Never a secret, never a traceback.
        slug: A stable word for programs, such as ``room_not_found``; the code's name in lower case when omitted.
        fields: For invalid parameters: field name to what is wrong with it.
        retry_after: For too many requests: seconds to wait.
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str = "",
        *,
        slug: str = "",
        fields: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message or ERROR_MESSAGES[code]
        self.slug = slug or code.name.lower()
        self.fields = dict(fields or {})
        self.retry_after = retry_after

    @property
    def temporary(self) -> bool:
        return self.code in TEMPORARY_ERRORS

    def __str__(self) -> str:
        return f"{int(self.code)} {self.message}"


class InvalidParameters(PeerError):
    """A field is missing, of the wrong type or out of range; the message names it."""

    def __init__(self, /, **fields: str) -> None:
        sentence = "; ".join(f"{name}: {problem}" for name, problem in fields.items())
        super().__init__(ErrorCode.INVALID_PARAMETERS, sentence, slug="invalid_parameters", fields=fields)


class NotFound(PeerError):
    """No such thing, or none that this caller may know of: the two must look alike."""

    def __init__(self, what: str) -> None:
        super().__init__(ErrorCode.NOT_FOUND, f"{what} not found", slug=f"{what.replace(' ', '_')}_not_found")


class PermissionDenied(PeerError):
    """The caller may see the thing, but may not do this to it."""

    def __init__(self, message: str = "", *, slug: str = "permission_denied") -> None:
        super().__init__(ErrorCode.PERMISSION_DENIED, message, slug=slug)


class Conflict(PeerError):
    """The thing is not in a state in which this can be done."""

    def __init__(self, message: str, *, slug: str = "conflict") -> None:
        super().__init__(ErrorCode.CONFLICT, message, slug=slug)


class Disconnect(VestnikError):
    """The connection must be closed with this code and reason, which is cut to what a close frame has room for."""

    def __init__(self, code: DisconnectCode, reason: str = "") -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = _shortened(reason) or DISCONNECT_REASONS[code]

    def __str__(self) -> str:
        return f"{int(self.code)} {self.reason}"


def _shortened(reason: str) -> str:
    return reason.encode()[:MAX_REASON].decode(errors="ignore")
