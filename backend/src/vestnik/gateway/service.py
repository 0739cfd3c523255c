"""One process of the gateway, from listening to the last client sent elsewhere."""

from __future__ import annotations

import asyncio
import logging
import signal

import msgspec
import uvloop

from vestnik.gateway.pages import pages_of
from vestnik.transports.picows import SocketServer
from vestnik.wiring import Site

logger = logging.getLogger(__name__)

DRAIN_WITHIN = 5.0  # seconds over which clients are sent elsewhere, so that they do not all come back at once …
DRAIN_PER_CLIENT = 0.1  # … unless there are few
GOODBYE = 0.5  # seconds that the last clients get to answer the close


class Address(msgspec.Struct, frozen=True):
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ws://{host}:{self.port}/ws"


def serve(address: Address, *, test_echo: bool) -> None:
    """Hold sockets until SIGTERM or SIGINT, then let go of them in order.

    Raises:
        OSError: The address cannot be listened on.
        BackendError: The database cannot be reached, or might lose what was acknowledged.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(address, test_echo=test_echo))


async def _serve(address: Address, *, test_echo: bool) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    site = Site()
    try:
        node = await site.node()
        server = SocketServer(node, site.doorkeeper(), pages=pages_of(site), test_echo=test_echo)
        listening = await server.listen(host=address.host, port=address.port)
        logger.info("gateway listening", extra={"address": str(address), "node": node.name})
        await stopping.wait()
        # Who is refused here is let in by the process that takes over.
        listening.close()
        await node.drain(within=min(DRAIN_WITHIN, DRAIN_PER_CLIENT * node.stats().connections))
        await asyncio.sleep(GOODBYE)
    finally:
        await site.stop()
