"""The project's own settings, without the limit on what one client may ask: a benchmark is a client that asks a lot."""

from vestnik.config.settings import *  # noqa: F403
from vestnik.config.settings import VESTNIK

VESTNIK = {**VESTNIK, "COMMAND_RATE": 1e6, "COMMAND_BURST": 1_000_000}
