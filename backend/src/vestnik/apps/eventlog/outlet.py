"""Where committed events leave this process: whoever moves them to browsers listens here."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from vestnik.core.ports import Ephemeral, Hint

logger = logging.getLogger(__name__)

Listener = Callable[[Hint | Ephemeral], None]

_lock = threading.Lock()
_listeners: tuple[Listener, ...] = ()


def listen(callback: Listener) -> Callable[[], None]:
    """Have ``callback`` called with every signal of this process, in the thread that committed or broadcast.

    A hint comes after its commit, never before, and never for what was rolled back. The callback must be quick and
    must not touch the database: a request waits for it. What it raises is logged and goes no further.

    Returns:
        A function that ends the listening; calling it again does nothing.
    """
    global _listeners

    # A wrapper of its own per call, so that listening twice with one function can be stopped one by one.
    def listener(signal: Hint | Ephemeral) -> None:
        callback(signal)

    with _lock:
        _listeners = (*_listeners, listener)

    def stop() -> None:
        global _listeners
        with _lock:
            _listeners = tuple(other for other in _listeners if other is not listener)

    return stop


def send(signal: Hint | Ephemeral) -> None:
    """Hand ``signal`` to everybody who listens in this process. Never raises."""
    for listener in _listeners:
        try:
            listener(signal)
        except Exception:
            logger.exception("a listener failed on a signal", extra={"channel": signal.channel})
