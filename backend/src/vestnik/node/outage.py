"""Says that something does not work without saying it for hours at four lines a second."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from vestnik.core.errors import BackendError

REPEAT_AFTER = 60.0  # seconds; often enough for whoever begins to look in the middle of it


class Outage:
    """Logs the first failure, then one a minute with how many were not logged, and when it is over if that is known.

    Args:
        logger: Whose lines these are.
        what: The fact that is logged, such as ``the event log cannot be read``.
        now: Monotonic seconds.
    """

    def __init__(self, logger: logging.Logger, what: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._what = what
        self._now = now
        self._began_at: float | None = None
        self._said_at = 0.0
        self._unsaid = 0

    def failed(self, error: Exception, **facts: object) -> None:
        """It failed. What is no :class:`BackendError` is a bug, and is logged with its traceback."""
        now = self._now()
        if self._began_at is None:
            self._began_at = now
        elif now - self._said_at < REPEAT_AFTER:
            self._unsaid += 1
            return
        level, exc_info = (logging.WARNING, None) if isinstance(error, BackendError) else (logging.ERROR, error)
        facts["unsaid"] = self._unsaid
        self._said_at, self._unsaid = now, 0
        self._logger.log(level, "%s: %s", self._what, error, exc_info=exc_info, extra=facts)

    def worked(self) -> None:
        """It worked: the outage, if there was one, is over."""
        if self._began_at is not None:
            facts = {"seconds": round(self._now() - self._began_at, 1), "unsaid": self._unsaid}
            self._logger.warning("over: %s", self._what, extra=facts)
            self._began_at, self._unsaid = None, 0
