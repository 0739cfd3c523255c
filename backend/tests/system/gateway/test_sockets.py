"""Frames and handshakes, byte by byte, against a listener on picows: what RFC 6455 asks, and what a peer may not do."""

from __future__ import annotations

import asyncio
import json
import os
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.support.node import Stage, stage
from vestnik.core.limits import Limits
from vestnik.core.ports import Credentials
from vestnik.transports.front_door import MAX_HEAD, Answer, Request
from vestnik.transports.handshake import Doorkeeper, Handshake, Refused
from vestnik.transports.picows import SocketServer

TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10
LIMIT = 4_096
KEY = "dGhlIHNhbXBsZSBub25jZQ=="


async def check_credentials(handshake: Handshake) -> Credentials:
    await asyncio.sleep(0)
    token = handshake.headers.get("authorization", "")
    if token == "bad":
        raise Refused(401, "unknown token; sign in again")
    if token == "broken":
        raise RuntimeError("secret detail")
    return Credentials(user=token)


async def page(request: Request) -> Answer:
    return Answer(status=200, body=f"{request.path} {request.query}".encode())


class Served:
    """A listener and its port."""

    def __init__(self, stage: Stage, port: int) -> None:
        self.stage = stage
        self.port = port


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    limits = Limits(
        max_frame_size=LIMIT, max_waiting_bytes=65_536, ping_interval=3600.0, command_rate=1e6, command_burst=10**6
    )
    async with stage(limits=limits) as running:
        doorkeeper = Doorkeeper(check_credentials, ["http://good.example"])
        server = SocketServer(running.node, doorkeeper, pages={"/page": page}, test_echo=True)
        listening = await server.listen(host="127.0.0.1", port=0)
        yield Served(running, listening.sockets[0].getsockname()[1])
        listening.close()
        await listening.wait_closed()


class Wire:
    """The client's end, by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, opcode: int, payload: bytes = b"", *, fin: bool = True, bits: int = 0, mask: bool = True) -> None:
        first = (0x80 if fin else 0) | bits | opcode
        size, flag = len(payload), 0x80 if mask else 0
        if size < 126:
            head = bytes((first, flag | size))
        elif size < 65_536:
            head = bytes((first, flag | 126)) + struct.pack("!H", size)
        else:
            head = bytes((first, flag | 127)) + struct.pack("!Q", size)
        key = os.urandom(4) if mask else b""
        masked = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload)) if mask else payload
        self.writer.write(head + key + masked)

    async def frame(self) -> tuple[int, bytes]:
        """The next frame from the server, which must be whole and unmasked."""
        first, size = await self.reader.readexactly(2)
        assert first & 0xF0 == 0x80
        if size == 126:
            [size] = struct.unpack("!H", await self.reader.readexactly(2))
        elif size == 127:
            [size] = struct.unpack("!Q", await self.reader.readexactly(8))
        return first & 0x0F, await self.reader.readexactly(size)

    async def closed_with(self) -> tuple[int, str]:
        """Wait for the close frame, then for the end; nothing may come in between."""
        while True:
            opcode, payload = await self.frame()
            if opcode == CLOSE:
                break
        assert await self.reader.read() == b""
        return int.from_bytes(payload[:2], "big"), payload[2:].decode()

    def say(self, **command: Any) -> None:
        self.send(TEXT, json.dumps(command).encode())

    async def hear(self) -> dict[str, Any]:
        opcode, payload = await self.frame()
        assert opcode == TEXT
        found: dict[str, Any] = json.loads(payload)
        return found


async def request(port: int, head: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer, after which the server must have closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(head.encode("latin-1"))
    async with asyncio.timeout(10):
        answer, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    lines = answer.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    assert int(headers.get("content-length", "0")) == len(body) or head.startswith("HEAD")
    return int(lines[0].split()[1]), headers, body


def upgrade(path: str = "/ws", **headers: str | None) -> str:
    wanted: dict[str, str | None] = {
        "Host": "site.example",
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": KEY,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in wanted.items() if value is not None]
    return f"GET {path} HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n"


@asynccontextmanager
async def opened(port: int, path: str = "/echo", **headers: str) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(upgrade(path, **headers).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in head
    try:
        async with asyncio.timeout(20):
            yield Wire(reader, writer)
    finally:
        writer.close()


# Handshake


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("nonsense\r\n\r\n", 400),
        ("GET /page HTTP/1.0\r\nHost: a\r\n\r\n", 400),
        ("GET /page HTTP/1.1\r\n\r\n", 400),
        ("GET /page HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /page HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        ("GET /page HTTP/1.1\r\nHost: a\r\nbad name: b\r\n\r\n", 400),
        ("GET /page HTTP/1.1\r\nHost: a\x00b\r\n\r\n", 400),
        ("GET page HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("POST /page HTTP/1.1\r\nHost: a\r\n\r\n", 405),
        ("GET /page HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", 413),
        ("GET /page HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
        ("GET /page HTTP/1.1\r\nHost: a\r\nX: " + "x" * MAX_HEAD + "\r\n\r\n", 431),
        ("x" * (MAX_HEAD + 1), 431),
        ("GET /page HTTP/1.1\r\nHost: a\r\n" + "X: y\r\n" * 200 + "\r\n", 431),
        ("GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 404),
        ("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n", 426),
        (upgrade(Connection="keep-alive"), 400),
        (upgrade(Sec_WebSocket_Version="8"), 426),
        (upgrade(Sec_WebSocket_Key="short"), 400),
        (upgrade(Sec_WebSocket_Key=None), 400),
        (upgrade(Sec_WebSocket_Key="ключ".encode().decode("latin-1")), 400),
        (upgrade("/nothing"), 404),
        (upgrade(Origin="http://evil.example"), 403),
        (upgrade(Sec_WebSocket_Protocol="soap"), 400),
        (upgrade(Authorization="bad"), 401),
        (upgrade(Authorization="broken"), 503),
    ],
)
async def test_what_cannot_be_served_is_answered_before_the_upgrade(served: Served, head: str, status: int) -> None:
    found, _, body = await request(served.port, head)
    assert found == status
    assert body
    assert b"secret" not in body


async def test_a_page_is_served_on_the_same_port(served: Served) -> None:
    status, headers, body = await request(served.port, "GET /page?a=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (status, body) == (200, b"/page a=1")
    assert headers["cache-control"] == "no-store"
    status, headers, body = await request(served.port, "HEAD /page?a=1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (status, headers["content-length"], body) == (200, "9", b"")


async def test_a_head_that_comes_in_pieces_is_put_together(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    for character in upgrade("/echo", Connection="keep-alive, Upgrade"):
        writer.write(character.encode())
        await writer.drain()
    assert (await reader.readline()).startswith(b"HTTP/1.1 101")
    writer.close()


async def test_frames_right_behind_the_handshake_are_not_lost(served: Served) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    hidden = Wire(reader, writer)
    writer.write(upgrade("/echo").encode())
    payload = b"y" * LIMIT  # more than the read buffer holds at first
    hidden.send(TEXT, payload)
    hidden.send(TEXT, b"second")
    await reader.readuntil(b"\r\n\r\n")
    assert await hidden.frame() == (TEXT, payload)
    assert await hidden.frame() == (TEXT, b"second")
    writer.close()


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [("centrifuge-json", "centrifuge-json"), ("soap, centrifuge-protobuf, centrifuge-json", "centrifuge-protobuf")],
)
async def test_a_subprotocol_is_agreed_on(served: Served, offered: str, chosen: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(upgrade(Sec_WebSocket_Protocol=offered).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert f"sec-websocket-protocol: {chosen}\r\n".encode() in head.lower()
    writer.close()


async def test_a_node_that_drains_lets_nobody_in(served: Served) -> None:
    await served.stage.node.drain(within=0.0)
    assert (await request(served.port, upgrade()))[0] == 503


# Frames


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 2_047, 2_048, LIMIT])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
async def test_a_message_comes_back_as_it_was_sent(served: Served, size: int, opcode: int) -> None:
    async with opened(served.port) as wire:
        wire.send(opcode, b"x" * size)
        assert await wire.frame() == (opcode, b"x" * size)


async def test_fragments_are_one_message_and_pings_between_them_are_answered(served: Served) -> None:
    text = "привет, 世界 🎉".encode()
    async with opened(served.port) as wire:
        wire.send(TEXT, text[:5], fin=False)
        wire.send(PING, b"still there?")
        for byte in text[5:-1]:
            wire.send(CONTINUATION, bytes((byte,)), fin=False)
        wire.send(CONTINUATION, b"", fin=False)
        wire.send(CONTINUATION, text[-1:])
        wire.send(BINARY, b"\xff")
        assert await wire.frame() == (PONG, b"still there?")
        assert await wire.frame() == (TEXT, text)
        assert await wire.frame() == (BINARY, b"\xff")


async def test_an_unasked_pong_is_ignored(served: Served) -> None:
    async with opened(served.port) as wire:
        wire.send(PONG, b"for nobody")
        wire.send(TEXT, b"on")
        assert await wire.frame() == (TEXT, b"on")


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([{"opcode": TEXT, "payload": b"x", "bits": 0x40}], 1002),
        ([{"opcode": TEXT, "payload": b"x", "bits": 0x20}], 1002),
        ([{"opcode": BINARY, "payload": b"x", "bits": 0x10}], 1002),
        ([{"opcode": PING, "bits": 0x40}], 1002),
        ([{"opcode": 3}], 1002),
        ([{"opcode": 11}], 1002),
        ([{"opcode": TEXT, "payload": b"x", "mask": False}], 1002),
        ([{"opcode": PING, "payload": b"x" * 126}], 1002),
        ([{"opcode": PING, "fin": False}], 1002),
        ([{"opcode": CONTINUATION, "payload": b"x"}], 1002),
        ([{"opcode": TEXT, "fin": False}, {"opcode": TEXT, "payload": b"x"}], 1002),
        ([{"opcode": TEXT, "payload": b"\xff"}], 1007),
        ([{"opcode": TEXT, "payload": b"\xed\xa0\x80"}], 1007),
        ([{"opcode": TEXT, "payload": b"\xd0", "fin": False}, {"opcode": CONTINUATION, "payload": b"x"}], 1007),
        ([{"opcode": TEXT, "payload": b"\xd0", "fin": False}, {"opcode": CONTINUATION}], 1007),
        ([{"opcode": TEXT, "payload": b"x" * (LIMIT + 1)}], 1009),
        ([{"opcode": BINARY, "payload": b"x" * 300_000}], 1009),
        ([{"opcode": TEXT, "payload": b"x" * LIMIT, "fin": False}, {"opcode": CONTINUATION, "payload": b"x"}], 1009),
        ([{"opcode": TEXT, "fin": False}, *[{"opcode": CONTINUATION, "fin": False}] * LIMIT], 1009),
        ([{"opcode": CLOSE, "payload": b"x"}], 1002),
        ([{"opcode": CLOSE, "payload": b"\x03\xe8\xff"}], 1007),
    ],
)
async def test_a_peer_that_breaks_the_protocol_is_told_how(
    served: Served, frames: list[dict[str, Any]], code: int
) -> None:
    async with opened(served.port) as wire:
        wire.send(PING, b"alive")
        for frame in frames:
            wire.send(**frame)
        assert (await wire.closed_with())[0] == code
    async with opened(served.port) as other:
        other.send(TEXT, b"unharmed")
        assert await other.frame() == (TEXT, b"unharmed")


@pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535])
async def test_a_close_code_that_nobody_may_send_is_an_error(served: Served, code: int) -> None:
    async with opened(served.port) as wire:
        wire.send(CLOSE, struct.pack("!H", code))
        assert (await wire.closed_with())[0] == 1002


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"", 1000), (struct.pack("!H", 1000) + b"bye", 1000), (struct.pack("!H", 1001), 1001), (b"\x0b\xb8", 3000)],
)
async def test_a_close_is_answered_with_its_code(served: Served, payload: bytes, code: int) -> None:
    async with opened(served.port) as wire:
        wire.send(TEXT, b"first")
        wire.send(CLOSE, payload)
        wire.send(TEXT, b"too late")
        assert await wire.frame() == (TEXT, b"first")
        assert (await wire.closed_with())[0] == code


# The session behind them


async def test_a_client_is_served_and_closed_with_code_and_reason(served: Served) -> None:
    async with opened(served.port, "/ws") as wire:
        wire.say(id=1, connect={"token": "anna/phone"})
        assert (await wire.hear())["connect"]["client"]
        wire.say(id=2, subscribe={"channel": "open:1"})
        assert (await wire.hear())["id"] == 2
        wire.say(id=3, publish={"channel": "open:1", "data": {"text": "привет"}})
        heard = [await wire.hear(), await wire.hear()]
        assert {"id": 3, "publish": {}} in heard
        assert {"text": "привет"} in [reply["push"]["pub"]["data"] for reply in heard if "push" in reply]
        served.stage.disconnect_token("phone")
        assert "disconnect" in (await wire.hear())["push"]
        opcode, payload = await wire.frame()
        assert (opcode, payload) == (CLOSE, struct.pack("!H", 3500) + b"signed out")
        wire.send(CLOSE, payload[:2])
        assert await wire.reader.read() == b""
    assert served.stage.node.stats().connections == 0


async def test_bytes_where_text_is_spoken_close_the_session(served: Served) -> None:
    async with opened(served.port, "/ws") as wire:
        wire.send(BINARY, b'{"id":1,"connect":{"token":"anna"}}')
        await wire.hear()
        opcode, payload = await wire.frame()
        assert (opcode, int.from_bytes(payload[:2], "big")) == (CLOSE, 3506)


async def test_a_client_that_breaks_the_protocol_leaves_the_node_at_once(served: Served) -> None:
    async with opened(served.port, "/ws") as wire:
        wire.say(id=1, connect={"token": "anna"})
        await wire.hear()
        assert served.stage.node.stats().connections == 1
        wire.send(TEXT, b"\xff")
        opcode, _ = await wire.frame()
        assert opcode == CLOSE
        assert served.stage.node.stats().connections == 0


async def test_a_client_that_vanishes_leaves_the_node(served: Served) -> None:
    async with opened(served.port, "/ws") as wire:
        wire.say(id=1, connect={"token": "anna"})
        await wire.hear()
        wire.writer.transport.abort()
    async with asyncio.timeout(10):
        while served.stage.node.stats().connections:  # noqa: ASYNC110 nobody tells of it
            await asyncio.sleep(0.01)


async def test_a_reader_that_does_not_read_is_closed_with_3008_and_keeps_its_order(served: Served) -> None:
    async with opened(served.port, "/ws") as wire, opened(served.port, "/ws") as publisher:
        for client in (wire, publisher):
            client.say(id=1, connect={"token": "anna"})
            await client.hear()
        wire.say(id=2, subscribe={"channel": "open:1"})
        await wire.hear()
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        published = 0
        while served.stage.node.stats().connections == 2:
            published += 1
            publisher.say(id=published, publish={"channel": "open:1", "data": [published, "x" * 3_900]})
            await publisher.hear()
        wire.writer.transport.resume_reading()  # type: ignore[attr-defined]
        numbers = []
        while "disconnect" not in (heard := await wire.hear())["push"]:
            numbers.append(heard["push"]["pub"]["data"][0])
        assert heard["push"]["disconnect"]["code"] == 3008
        assert numbers == list(range(1, len(numbers) + 1))
        assert len(numbers) <= published
        opcode, payload = await wire.frame()
        assert (opcode, payload) == (CLOSE, struct.pack("!H", 3008) + b"slow")
