"""What a client sees, whichever server moves the bytes. Each transport's test module subclasses the suite."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

import httpx
import jwt
import pytest
from websockets.asyncio.client import connect as websocket
from websockets.exceptions import ConnectionClosed

from tests.support.site import RunningSite
from vestnik.testing.line import HandshakeRefused
from vestnik.testing.peer import Closed, Peer, Refused


class TransportBehaviour:
    """Say in :attr:`server` which one is meant; see :class:`RunningSite`."""

    server: ClassVar[str]

    @pytest.fixture(scope="class")
    @classmethod
    def site(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
        environment = {"VESTNIK_OPEN_NAMESPACE": "load"}
        with RunningSite(cls.server, tmp_path_factory.mktemp(cls.server), environment) as site:
            yield site

    @pytest.fixture(scope="class")
    @classmethod
    def student(cls, site: RunningSite) -> str:
        return site.sign_in("student")

    @pytest.fixture(scope="class")
    @classmethod
    def teacher(cls, site: RunningSite) -> str:
        return site.sign_in("teacher")

    @pytest.fixture(scope="class")
    @classmethod
    def room(cls, site: RunningSite, student: str) -> int:
        """The direct room of student and teacher."""
        teacher_id = next(c["id"] for c in site.api("GET", "contacts/", student)["results"] if c["role"] == "teacher")
        members = {"kind": "direct", "member_ids": [teacher_id]}
        found: int = site.api("POST", "chat/rooms/", student, json=members)["id"]
        return found

    @pytest.fixture
    async def peers(self, site: RunningSite, student: str, teacher: str) -> AsyncIterator[tuple[Peer, Peer]]:
        """Student and teacher, signed in by connection tokens."""
        async with (
            await Peer.connect(site.url, token=connection_token(site, student)) as first,
            await Peer.connect(site.url, token=connection_token(site, teacher)) as second,
        ):
            yield first, second

    # Handshake

    @pytest.mark.parametrize("path", ["/ws", "/ws/", "/connection/websocket", "/ws/notifications/", "/ws/invoices/"])
    async def test_the_addresses_of_the_contract_lead_to_the_same_endpoint(
        self, site: RunningSite, student: str, path: str
    ) -> None:
        async with await Peer.connect(site.url.removesuffix("/ws") + path, token=student) as peer:
            kinds = sorted(channel.partition(":")[0] for channel in peer.session["subs"])
            assert kinds == ["invoices", "notifications", "user"]

    async def test_a_room_that_is_dialled_is_subscribed_on_connect(
        self, site: RunningSite, student: str, room: int
    ) -> None:
        async with await Peer.connect(f"{site.url}/chat/{room}/", token=student) as peer:
            assert f"chat:{room}" in peer.session["subs"]
            sent = await peer.rpc("chat.send", message(room, "dialled"))
            push = await peer.next_push(f"chat:{room}", kind="pub")
            assert push["pub"]["data"]["message"] == sent["message"]

    async def test_a_room_of_others_that_is_dialled_is_refused(self, site: RunningSite, room: int) -> None:
        with pytest.raises(Closed) as refused:
            await Peer.connect(f"{site.url}/chat/{room}/", token=site.sign_in("parent"))
        assert (refused.value.code, refused.value.reason) == (3507, "permission denied") or not refused.value.reason

    @pytest.mark.parametrize("path", ["/", "/wss", "/ws/chat/", "/ws/chat/abc/", "/ws/nope/", "/socket.io/"])
    async def test_another_path_is_404(self, site: RunningSite, path: str) -> None:
        with pytest.raises(HandshakeRefused) as refused:
            await Peer.open(site.url.removesuffix("/ws") + path)
        assert refused.value.status == 404

    @pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9", "https://localhost:8080"])
    async def test_a_page_of_another_origin_is_403(self, site: RunningSite, origin: str) -> None:
        with pytest.raises(HandshakeRefused) as refused:
            await Peer.open(site.url, origin=origin)
        assert refused.value.status == 403

    @pytest.mark.parametrize("origin", ["http://localhost:8080", "SELF", None])
    async def test_the_sites_own_pages_and_programs_are_let_in(
        self, site: RunningSite, student: str, origin: str | None
    ) -> None:
        own = site.http_url if origin == "SELF" else origin
        async with await Peer.connect(site.url, token=student, origin=own) as peer:
            assert peer.session["client"]

    @pytest.mark.parametrize(
        ("token", "word"),
        [("x", "malformed"), ("", "malformed"), ("a" * 64, "revoked"), ("e30.e30.", "missing signature")],
    )
    @pytest.mark.parametrize("way", ["Token", "Bearer", "query"])
    async def test_a_bad_credential_in_the_handshake_is_401_before_the_upgrade(
        self, site: RunningSite, token: str, word: str, way: str
    ) -> None:
        if way == "query":
            token = token or "%20"  # an empty parameter is no credential
        url, headers = (
            (f"{site.url}?token={token}", {}) if way == "query" else (site.url, {"Authorization": f"{way} {token}"})
        )
        with pytest.raises(HandshakeRefused) as refused:
            await Peer.open(url, headers=headers)
        assert refused.value.status == 401
        assert word in site.log() or "unknown" in site.log()

    async def test_an_expired_credential_in_the_handshake_is_401(self, site: RunningSite, student: str) -> None:
        token = forged(site, student, exp=1)
        with pytest.raises(HandshakeRefused) as refused:
            await Peer.open(site.url, headers={"Authorization": f"Bearer {token}"})
        assert refused.value.status == 401

    @pytest.mark.parametrize("way", ["Token", "Bearer", "query"])
    async def test_a_good_credential_in_the_handshake_signs_in(self, site: RunningSite, student: str, way: str) -> None:
        url, headers = (
            (f"{site.url}?token={student}", {}) if way == "query" else (site.url, {"Authorization": f"{way} {student}"})
        )
        async with await Peer.connect(url, headers=headers) as peer:
            assert peer.session["subs"]
        assert student not in site.log()

    # Signing in

    @pytest.mark.parametrize("token", ["", "nonsense", "a.b.c", "a" * 64])
    async def test_a_token_that_is_not_ours_closes_with_3500_and_a_reason(self, site: RunningSite, token: str) -> None:
        peer = await Peer.open(site.url)
        await peer.post("connect", **({"token": token} if token else {}))
        code, reason = await peer.wait_closed()
        assert code == 3500
        assert reason
        assert peer.disconnect is not None
        assert peer.disconnect.get("reconnect", False) is False
        await peer.close()

    async def test_a_connection_token_signed_with_another_key_closes_with_3500(
        self, site: RunningSite, student: str
    ) -> None:
        peer = await Peer.open(site.url)
        await peer.post("connect", token=forged(site, student, key="another key of at least thirty-two bytes"))
        assert (await peer.wait_closed())[0] == 3500
        await peer.close()

    async def test_the_close_frame_itself_carries_code_and_reason(self, site: RunningSite) -> None:
        async with websocket(site.url) as raw:
            await raw.send('{"id":1,"connect":{"token":"x"}}')
            with pytest.raises(ConnectionClosed):
                while True:
                    await raw.recv()
            assert raw.close_code == 3500
            assert raw.close_reason

    async def test_an_expired_connection_token_is_error_109(self, site: RunningSite, student: str) -> None:
        peer = await Peer.open(site.url)
        with pytest.raises(Refused) as refused:
            await peer.sign_in(forged(site, student, exp=1, key=None))
        assert refused.value.code == 109
        await peer.sign_in(connection_token(site, student))
        await peer.close()

    async def test_commands_before_connect_close_with_3501(self, site: RunningSite) -> None:
        peer = await Peer.open(site.url)
        await peer.post("rpc", method="ping")
        code, reason = await peer.wait_closed()
        assert (code, reason) == (3501, "bad request: rpc before connect")
        await peer.close()

    async def test_signing_out_closes_the_socket_at_once(self, site: RunningSite) -> None:
        token = site.sign_in("tutor")
        peer = await Peer.connect(site.url, token=connection_token(site, token))
        connected_with = connection_token(site, token)
        site.api("POST", "auth/logout/", token)
        code, reason = await peer.wait_closed(within=1.0)
        assert 3500 <= code < 4000
        assert reason
        late = await Peer.open(site.url)
        await late.post("connect", token=connected_with)
        assert (await late.wait_closed())[0] == 3500
        await peer.close()
        await late.close()

    # Talking

    async def test_all_that_a_client_has_to_say_may_come_in_the_first_frame(
        self, site: RunningSite, student: str, room: int
    ) -> None:
        peer = await Peer.open(site.url)
        ids = await peer.post_all(
            ("connect", {"token": student}),
            ("subscribe", {"channel": f"chat:{room}"}),
            ("subscribe", {"channel": f"typing:{room}"}),
            ("rpc", {"method": "ping", "data": {}}),
        )
        replies = [await peer.reply(number) for number in ids]
        assert [next(key for key in reply if key != "id") for reply in replies] == [
            "connect",
            "subscribe",
            "subscribe",
            "rpc",
        ]
        await peer.close()

    async def test_a_message_reaches_both_and_its_sender_is_answered(self, peers: tuple[Peer, Peer], room: int) -> None:
        student, _ = peers
        for peer in peers:
            await peer.subscribe(f"chat:{room}")
        sent = await student.rpc("chat.send", message(room, "Здравствуйте! 👋 \u2028 </script>"))
        for peer in peers:
            push = await peer.next_push(f"chat:{room}", kind="pub")
            assert push["pub"]["data"]["type"] == "message.created"
            assert push["pub"]["data"]["message"] == sent["message"]

    async def test_a_message_sent_over_rest_reaches_the_socket(
        self, site: RunningSite, student: str, peers: tuple[Peer, Peer], room: int
    ) -> None:
        _, teacher = peers
        await teacher.subscribe(f"chat:{room}")
        body = {"client_id": str(uuid.uuid4()), "text": "by REST"}
        sent = site.api("POST", f"chat/rooms/{room}/messages/", student, json=body)
        push = await teacher.next_push(f"chat:{room}", kind="pub")
        assert push["pub"]["data"]["message"] == sent

    async def test_what_another_process_writes_arrives_within_half_a_second(
        self, site: RunningSite, peers: tuple[Peer, Peer], room: int
    ) -> None:
        _, teacher = peers
        await teacher.subscribe(f"chat:{room}")
        script = (
            "from django.contrib.auth import get_user_model\n"
            "from vestnik.apps.chat.access import room_for\n"
            "from vestnik.apps.chat.actions import send\n"
            "import time, uuid\n"
            "user = get_user_model().objects.get(username='student')\n"
            f"send(user, {room}, client_id=uuid.uuid4(), text='from a shell')\n"
            "print('written at', time.time())\n"
        )
        shell = asyncio.create_task(asyncio.to_thread(site.manage, "shell", "-c", script))
        push = await teacher.next_push(f"chat:{room}", kind="pub", within=30.0)
        arrived_at = time.time()
        written_at = float((await shell).rpartition("written at")[2])
        assert push["pub"]["data"]["message"]["text"] == "from a shell"
        assert arrived_at - written_at < 0.5

    async def test_typing_shows_and_is_not_kept(self, peers: tuple[Peer, Peer], room: int) -> None:
        student, teacher = peers
        await teacher.subscribe(f"typing:{room}")
        await student.rpc("chat.typing", {"room": room, "typing": True})
        push = await teacher.next_push(f"typing:{room}", kind="pub")
        assert push["pub"]["data"]["type"] == "typing"
        assert push["pub"]["data"]["typing"] is True
        assert "offset" not in push["pub"]

    async def test_a_stranger_gets_no_room_and_no_message(self, site: RunningSite, room: int) -> None:
        async with await Peer.connect(site.url, token=site.sign_in("parent")) as stranger:
            for channel in (f"chat:{room}", f"typing:{room}", "chat:999999"):
                with pytest.raises(Refused) as refused:
                    await stranger.subscribe(channel)
                assert (refused.value.code, refused.value.message) == (103, "permission denied")
            for target in (room, 999999):
                with pytest.raises(Refused) as refused:
                    await stranger.rpc("chat.send", message(target, "let me in"))
                assert (refused.value.code, refused.value.message) == (404, "room not found")

    async def test_resuming_after_the_socket_was_lost_brings_what_was_missed(
        self, site: RunningSite, student: str, teacher: str, room: int
    ) -> None:
        channel = f"chat:{room}"
        gone = await Peer.connect(site.url, token=teacher)
        begin = await gone.subscribe(channel)
        await gone.vanish()
        async with await Peer.connect(site.url, token=student) as sender:
            texts = [f"missed {number}" for number in range(5)]
            for text in texts:
                await sender.rpc("chat.send", message(room, text))
            async with await Peer.connect(site.url, token=teacher) as back:
                resumed = await back.subscribe(
                    channel, recover=True, epoch=begin["epoch"], offset=begin.get("offset", 0)
                )
                assert resumed["recovered"] is True
                assert [pub["data"]["message"]["text"] for pub in resumed["publications"]] == texts
                await sender.rpc("chat.send", message(room, "live"))
                push = await back.next_push(channel, kind="pub")
                assert push["pub"]["data"]["message"]["text"] == "live"

    async def test_sending_twice_with_one_client_id_is_sending_once(self, peers: tuple[Peer, Peer], room: int) -> None:
        student, teacher = peers
        await teacher.subscribe(f"chat:{room}")
        once = message(room, "once")
        first, second = await student.rpc("chat.send", once), await student.rpc("chat.send", once)
        assert first == second
        await student.rpc("chat.send", message(room, "the next"))
        texts = [(await teacher.next_push(f"chat:{room}", kind="pub"))["pub"]["data"]["message"]["text"] for _ in "12"]
        assert texts == ["once", "the next"]

    async def test_what_a_process_carries_can_be_read_as_metrics(
        self, site: RunningSite, peers: tuple[Peer, Peer], room: int
    ) -> None:
        def metric(name: str) -> float:
            text = httpx.get(f"{site.url.replace('ws://', 'http://').removesuffix('/ws')}/metrics", timeout=30).text
            return float(next(line for line in text.splitlines() if line.startswith(f"{name} ")).split()[1])

        before = await asyncio.to_thread(metric, "vestnik_deliveries_total")
        for peer in peers:
            await peer.subscribe(f"chat:{room}")
        await peers[0].rpc("chat.send", message(room, "counted"))
        for peer in peers:
            await peer.next_push(f"chat:{room}", kind="pub")
        assert await asyncio.to_thread(metric, "vestnik_deliveries_total") >= before + 2
        assert await asyncio.to_thread(metric, "vestnik_connections") >= 2
        assert await asyncio.to_thread(metric, "vestnik_users") >= 2

    # Nonsense

    @pytest.mark.parametrize(
        "frame",
        [
            "{",
            "[]",
            "null",
            "\x00",
            '{"id":1',
            '{"id":"a","ping":{}}',
            '{"id":2,"rpc":[]}',
            '{"id":2,"nothing":{}}',
            '{"id":2,"ping":{},"rpc":{}}',
            "{}",
            "[" * 5000,
        ],
    )
    async def test_what_is_not_the_protocol_closes_with_3501_and_hurts_nobody(
        self, site: RunningSite, student: str, peers: tuple[Peer, Peer], frame: str
    ) -> None:
        peer = await Peer.connect(site.url, token=student)
        await peer.send_raw(frame)
        code, reason = await peer.wait_closed()
        assert code == 3501
        assert reason.startswith("bad request")
        await peer.close()
        assert await peers[0].rpc("ping")

    async def test_bytes_that_are_no_text_close_the_connection(
        self, site: RunningSite, student: str, peers: tuple[Peer, Peer]
    ) -> None:
        peer = await Peer.connect(site.url, token=student)
        await peer.send_raw(b"\xff\xfe\x00")
        assert (await peer.wait_closed())[0] == 3506
        await peer.close()
        assert await peers[0].rpc("ping")

    async def test_an_oversized_frame_closes_the_connection(
        self, site: RunningSite, student: str, peers: tuple[Peer, Peer]
    ) -> None:
        peer = await Peer.connect(site.url, token=student)
        await peer.send_raw(json.dumps({"id": 9, "rpc": {"method": "ping", "data": "x" * 70_000}}))
        assert (await peer.wait_closed())[0] in (1009, 3501)
        await peer.close()
        assert await peers[0].rpc("ping")

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"text": 5}, "text"),
            ({"text": ""}, "text"),
            ({"text": "x" * 10_001}, "text"),
            ({"client_id": "no uuid"}, "client_id"),
            ({"room": "one"}, "room"),
            ({"room": 2**70}, "room"),
            ({"client_id": None}, "client_id"),
        ],
    )
    async def test_a_bad_parameter_is_named(
        self, peers: tuple[Peer, Peer], room: int, fields: dict[str, Any], field: str
    ) -> None:
        with pytest.raises(Refused) as refused:
            await peers[0].rpc("chat.send", {**message(room, "good"), **fields})
        assert refused.value.code in (400, 107, 413)
        assert field in refused.value.message or "data" in refused.value.message

    # Staying and leaving

    async def test_a_reader_that_does_not_read_is_closed_and_holds_up_nobody(
        self, site: RunningSite, student: str, teacher: str
    ) -> None:
        """It subscribes to a busy channel and never reads: 1 MiB may wait for it."""
        stuck = await asyncio.to_thread(_subscribe_and_stop_reading, site, teacher, "load:busy")
        # More than any kernel buffers for a socket, by several senders, since each is held to its rate.
        async with (
            await Peer.connect(site.url, token=student) as reader,
            await Peer.connect(site.url, token=student) as first,
            await Peer.connect(site.url, token=student) as second,
        ):
            await reader.subscribe("load:busy")
            data = {"text": "x" * 60_000}
            for _ in range(90):
                await asyncio.gather(*(p.result("publish", channel="load:busy", data=data) for p in (first, second)))
            async with asyncio.timeout(30):
                while len(reader.publications("load:busy")) < 180:  # noqa: ASYNC110 the peer tells of pushes one by one
                    await asyncio.sleep(0.05)
        await until_logged(site, "code=3008")
        stuck.close()

    async def test_every_connection_is_logged_and_no_token_is(self, site: RunningSite, student: str) -> None:
        token = connection_token(site, student)
        async with await Peer.connect(site.url, token=token) as peer:
            client = peer.session["client"]
        await until_logged(site, client, times=2)  # opened and closed
        log = site.log()
        assert token not in log
        assert student not in log


async def until_logged(site: RunningSite, words: str, *, times: int = 1) -> None:
    """Wait until the server has printed ``words``.

    Raises:
        TimeoutError: It does not.
    """
    async with asyncio.timeout(20):
        while site.log().count(words) < times:  # noqa: ASYNC110 a file tells nobody that it grows
            await asyncio.sleep(0.05)


def message(room: int, text: str) -> dict[str, Any]:
    return {"room": room, "client_id": str(uuid.uuid4()), "text": text}


def connection_token(site: RunningSite, auth_token: str) -> str:
    token: str = site.api("POST", "realtime/token/", auth_token)["token"]
    return token


def forged(site: RunningSite, auth_token: str, *, key: str | None = None, **claims: Any) -> str:
    """The claims of a real connection token with some replaced; signed with the site's key unless another is given."""
    real = jwt.decode(connection_token(site, auth_token), options={"verify_signature": False})
    return jwt.encode({**real, **claims}, key or site.secret_key, algorithm="HS256")


def _subscribe_and_stop_reading(site: RunningSite, token: str, channel: str) -> socket.socket:
    """A WebSocket client of the barest kind, whose kernel buffer is all that is ever filled."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    raw.connect(("127.0.0.1", site.port))
    raw.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b" 101 " in raw.recv(4096)
    for number, command in enumerate(({"connect": {"token": token}}, {"subscribe": {"channel": channel}}), start=1):
        payload = json.dumps({"id": number, **command}).encode()
        length = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
        raw.sendall(b"\x81" + length + b"\0\0\0\0" + payload)
    received = b""
    while b'"id":2' not in received:
        received += raw.recv(4096)
    return raw


def killer(site: RunningSite, times: int, pause: float) -> threading.Thread:
    """Kills and restarts the server again and again, beside the test."""

    def work() -> None:
        for _ in range(times):
            time.sleep(pause)
            site.restart()

    thread = threading.Thread(target=work)
    thread.start()
    return thread
