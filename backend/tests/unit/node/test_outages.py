"""A backend that fails is spoken of without a flood, and what is wrong with one channel is not the others' trouble."""

from __future__ import annotations

import asyncio
import logging

import pytest

from tests.support.node import stage
from vestnik.core import messages as m
from vestnik.core.errors import BackendError
from vestnik.core.ports import ReadAfter, Slice
from vestnik.node.log_reader import LogReader
from vestnik.node.outage import Outage
from vestnik.testing.clock import ManualClock
from vestnik.testing.memory_log import MemoryEventLog
from vestnik.testing.memory_peer import MemoryPeer

logger = logging.getLogger("vestnik.test")


@pytest.fixture(autouse=True)
def _propagate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger("vestnik"), "propagate", True)


def test_an_hour_of_failures_is_a_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    outage = Outage(logger, "it cannot be read", now=clock)
    for _ in range(4 * 3600):
        outage.failed(BackendError("gone"))
        clock.advance(0.25)
    outage.worked()
    outage.worked()
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 61
    assert lines[0] == "it cannot be read: gone"
    assert lines[-1] == "over: it cannot be read"


def test_a_bug_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    Outage(logger, "it failed").failed(ValueError("bug"))
    [record] = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info


async def test_a_database_that_is_gone_for_long_does_not_flood_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with stage(poll_interval=0.01) as place:
        peer = MemoryPeer(place.node)
        await peer.connect("7")
        await peer.subscribe("chat:1")

        async def fail(moment: str) -> None:
            raise BackendError("gone")

        place.log.interrupt = fail
        place.log.hint = lambda hint: None
        for _ in range(4):
            place.publish("chat:1", 1)
            for channel in range(10):
                await peer.ask(subscribe=m.SubscribeRequest(channel=f"chat:{channel + 2}"))
            await asyncio.sleep(0.3)
        assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) <= 3


class DamagedLog(MemoryEventLog):
    """Cannot read ``damaged``, and says so of every query that asks for it."""

    damaged = ""

    async def read(self, requests: list[ReadAfter]) -> list[Slice]:  # type: ignore[override]
        if any(request.channel == self.damaged for request in requests):
            raise BackendError(f"stream {self.damaged} is damaged", temporary=False)
        return list(await super().read(requests))


async def test_one_damaged_stream_does_not_hold_up_the_others() -> None:
    log = DamagedLog()
    async with stage(log=log, hints=False) as place:
        peer = MemoryPeer(place.node)
        await peer.connect("7")
        await peer.subscribe("chat:1")
        result = await peer.subscribe("chat:2")
        log.damaged = "chat:2"
        place.publish("chat:1", 1)
        place.publish("chat:2", 1)
        await peer.until(lambda: peer.publications("chat:1") == [(1, 1)])
        await peer.until(lambda: [push.channel for push in peer.pushes if push.unsubscribe] == ["chat:2"])
        # What can no longer be read cannot be resumed; what comes after it is delivered.
        resumed = await peer.subscribe("chat:2", recover=True, epoch=result.epoch, offset=0)
        assert (resumed.recovered, resumed.offset) == (False, 1)


async def test_one_damaged_stream_is_no_error_of_who_reads_another_at_the_same_time() -> None:
    log = DamagedLog()
    log.damaged = "chat:2"
    log.add("chat:1", b"1")
    log.add("chat:2", b"1")
    reader = LogReader(log)
    one, two = await asyncio.gather(
        reader.read(ReadAfter("chat:1", 0, 10)), reader.read(ReadAfter("chat:2", 0, 10)), return_exceptions=True
    )
    assert isinstance(one, Slice)
    assert isinstance(two, BackendError)
    await reader.stop()


async def test_a_log_that_leaves_a_channel_out_keeps_nobody_waiting_for_ever() -> None:
    class Forgetful(MemoryEventLog):
        async def positions(self, channels: object) -> dict[str, object]:  # type: ignore[override]
            return {}

    reader = LogReader(Forgetful())
    async with asyncio.timeout(1.0):
        with pytest.raises(KeyError):
            await reader.position("chat:1")
    await reader.stop()


async def test_a_heartbeat_that_fails_stops_no_other() -> None:
    async with stage() as place:
        broken, sound = MemoryPeer(place.node), MemoryPeer(place.node)
        await broken.connect("7")
        await sound.connect("8")

        def fail(frame: bytes) -> None:
            raise RuntimeError("a transport must not raise")

        broken.connection.write = fail
        place.clock.advance(26.0)
        place.node.look_at_deadlines()
        assert sound.pings == 1
        broken.connection.write = broken.write
