"""The strict client itself: what it returns, and that nothing wrong gets past it."""

import asyncio
import json

import pytest
from websockets.asyncio.server import serve

from vestnik.testing.line import HandshakeRefused
from vestnik.testing.peer import Closed, Peer, ProtocolViolation, Refused

URL = "ws://testserver/ws?via=test"


class Script:
    """An ASGI application that answers each frame with what it was told to, and keeps what it received."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.received = []
        self.scope = None
        self.left_with = None

    async def __call__(self, scope, receive, send):
        self.scope = scope
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                self.left_with = message["code"]
                return
            self.received.append(message.get("text", message.get("bytes")))
            for answer in self.answers.pop(0) if self.answers else ():
                if isinstance(answer, dict):
                    await send(answer)
                else:
                    await send({"type": "websocket.send", ("text" if isinstance(answer, str) else "bytes"): answer})


def closing(code, reason=""):
    return {"type": "websocket.close", "code": code, "reason": reason}


CONNECTED = '{"id":1,"connect":{"client":"c1","ping":25,"pong":true}}'


async def test_signs_in_and_says_what_it_was_told():
    app = Script([CONNECTED])
    async with await Peer.connect(URL, app=app, token="t", headers={"X-A": "1"}, origin="http://a", name="n") as peer:
        assert peer.session == {"client": "c1", "ping": 25, "pong": True}
    assert json.loads(app.received[0]) == {"id": 1, "connect": {"token": "t", "name": "n"}}
    assert app.scope["path"] == "/ws"
    assert app.scope["query_string"] == b"via=test"
    assert (b"x-a", b"1") in app.scope["headers"]
    assert (b"origin", b"http://a") in app.scope["headers"]
    assert app.left_with == 1000


async def test_an_error_reply_is_raised_with_its_code():
    app = Script(['{"id":1,"error":{"code":109,"message":"token expired"}}'])
    with pytest.raises(Refused) as refusal:
        await Peer.connect(URL, app=app, token="old")
    assert (refusal.value.code, refusal.value.message) == (109, "token expired")


async def test_a_refused_handshake_has_a_status():
    async def refuse(scope, receive, send):
        await receive()
        await send({"type": "websocket.http.response.start", "status": 401, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"who are you?"})

    with pytest.raises(HandshakeRefused) as refusal:
        await Peer.connect(URL, app=refuse)
    assert (refusal.value.status, refusal.value.body) == (401, b"who are you?")


async def test_closing_before_accepting_is_403():
    async def refuse(scope, receive, send):
        await receive()
        await send({"type": "websocket.close"})

    with pytest.raises(HandshakeRefused) as refusal:
        await Peer.connect(URL, app=refuse)
    assert refusal.value.status == 403


async def test_an_application_that_fails_fails_the_test():
    async def broken(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        raise ZeroDivisionError

    peer = await Peer.open(URL, app=broken)
    assert await peer.wait_closed() == (1006, "")
    with pytest.raises(ZeroDivisionError):
        await peer.close()


async def test_commands_can_be_pipelined_and_answered_in_any_order():
    app = Script(['{"id":2,"subscribe":{}}\n{"id":1,"connect":{}}'])
    async with await Peer.open(URL, app=app) as peer:
        first, second = await peer.post_all(("connect", {}), ("subscribe", {"channel": "a"}))
        assert await peer.reply(first) == {"id": 1, "connect": {}}
        assert await peer.reply(second) == {"id": 2, "subscribe": {}}
    assert app.received[0].count("\n") == 1


async def test_rpc_returns_the_data():
    async with await Peer.open(URL, app=Script(['{"id":1,"rpc":{"data":{"zero":0,"none":null}}}'])) as peer:
        assert await peer.rpc("m", {"a": 1}) == {"zero": 0, "none": None}


async def test_pushes_are_handed_out_once_and_kept():
    pushes = [
        '{"push":{"channel":"a","pub":{"data":1,"offset":1}}}',
        '{"push":{"channel":"b","join":{"info":{"user":"7"}}}}',
        '{"push":{"channel":"a","pub":{"data":2,"offset":2}}}',
    ]
    app = Script(['{"id":1,"subscribe":{"positioned":true}}', "\n".join(pushes)])
    async with await Peer.open(URL, app=app) as peer:
        await peer.subscribe("a")
        assert (await peer.next_push("b"))["join"] == {"info": {"user": "7"}}
        assert (await peer.next_push(kind="pub"))["pub"]["data"] == 1
        assert (await peer.next_push("a"))["pub"]["data"] == 2
        with pytest.raises(TimeoutError, match="push on a"):
            await peer.next_push("a", within=0.01)
        assert peer.publications("a") == [1, 2]
        assert len(peer.pushes()) == 3


async def test_pings_are_counted_and_answered_unless_it_plays_dead():
    app = Script(["{}"], [], ["{}"])
    async with await Peer.open(URL, app=app) as peer:
        await peer.send_raw("one")
        await peer.wait_for_ping()
        peer.answers_pings = False
        await peer.send_raw("two")
        await peer.wait_for_ping()
        assert peer.pings == 2
    assert app.received == ["one", "{}", "two"]


async def test_waiting_for_the_close():
    async with await Peer.open(URL, app=Script([closing(3501, "bad request")])) as peer:
        await peer.send_raw(b"\x00")
        assert await peer.wait_closed() == (3501, "bad request")


async def test_a_reason_that_came_as_a_push_counts():
    answer = ['{"push":{"disconnect":{"code":3001,"reason":"shutdown","reconnect":true}}}', closing(3001)]
    async with await Peer.open(URL, app=Script(answer)) as peer:
        await peer.send_raw("x")
        assert await peer.wait_closed() == (3001, "shutdown")


async def test_a_close_ends_all_other_waiting_at_once():
    async with await Peer.open(URL, app=Script([closing(3500, "invalid token")])) as peer:
        with pytest.raises(Closed) as end:
            await peer.command("connect", within=60)
        assert (end.value.code, end.value.reason) == (3500, "invalid token")
        with pytest.raises(Closed):
            await peer.send_raw("{}")


async def test_vanishing_says_no_goodbye():
    app = Script()
    peer = await Peer.open(URL, app=app)
    await peer.vanish()
    assert app.left_with == 1006


@pytest.mark.parametrize(
    ("answer", "violation"),
    [
        (b"{}", "a binary message"),
        ("", "a line that is not JSON"),
        ('{"id":1,"ping":{}}\n', "a line that is not JSON"),
        ("[]", "a line that is not an object"),
        ('{"id":2,"ping":{}}', "was not asked"),
        ('{"id":1,"ping":{}}\n{"id":1,"ping":{}}', "answered already"),
        ('{"id":1}', "expected one of"),
        ('{"id":1,"rpc":{}}', "expected one of"),
        ('{"id":1,"ping":{},"error":{"code":100,"message":"m"}}', "expected one of"),
        ('{"id":1,"error":{"code":100}}', "an error without code or message"),
        ('{"id":1,"error":{"code":103,"message":"m","temporary":false}}', "the zero value of 'temporary'"),
        ('{"push":{"channel":"a","pub":{"data":1,"offset":0}}}', "the zero value of 'offset'"),
        ('{"push":{"channel":"a","pub":{"data":1,"info":null}}}', "the zero value of 'info'"),
        ('{"push":{"channel":"a"}}', "expected one of"),
        ('{"push":{"channel":"a","shout":{}}}', "expected one of"),
        ('{"push":{"channel":"a","pub":{},"join":{}}}', "expected one of"),
        ('{"push":{"pub":{"data":1}}}', "a push without channel"),
        ('{"push":{"disconnect":{"code":3000,"reason":"r"}}}\n{}', "something followed the disconnect push"),
    ],
)
async def test_a_violation_of_the_protocol_fails_the_waiting_test(answer, violation):
    peer = await Peer.open(URL, app=Script([answer]))
    with pytest.raises(ProtocolViolation, match=violation):
        await peer.command("ping")
        await peer.wait_closed()
    await peer.close()


@pytest.mark.parametrize("offsets", [[2], [1, 1], [1, 3], [1, 2, 1]])
async def test_gaps_and_repetitions_in_a_channel_are_violations(offsets):
    pushes = "\n".join(f'{{"push":{{"channel":"a","pub":{{"data":1,"offset":{offset}}}}}}}' for offset in offsets)
    peer = await Peer.open(URL, app=Script(['{"id":1,"subscribe":{"recoverable":true,"epoch":"e"}}\n' + pushes]))
    with pytest.raises(ProtocolViolation, match="offset"):
        await peer.subscribe("a")
        await peer.wait_closed()
    await peer.close()


async def test_recovered_publications_begin_right_after_the_requested_offset():
    def recovered(*offsets):
        publications = [{"data": 1, "offset": offset} for offset in offsets]
        result = {"recoverable": True, "epoch": "e", "offset": 5, "recovered": True, "publications": publications}
        return json.dumps({"id": 1, "subscribe": result})

    live = '{"push":{"channel":"a","pub":{"data":1,"offset":8}}}'
    async with await Peer.open(URL, app=Script([recovered(6, 7), live])) as peer:
        await peer.subscribe("a", recover=True, epoch="e", offset=5)
        await peer.next_push("a")
    peer = await Peer.open(URL, app=Script([recovered(7, 8)]))
    with pytest.raises(ProtocolViolation, match="offset 7 of a after 5"):
        await peer.subscribe("a", recover=True, epoch="e", offset=5)
    await peer.close()


async def test_server_side_subscriptions_are_followed_too():
    connected = '{"id":1,"connect":{"subs":{"user:#7":{"recoverable":true,"epoch":"e","offset":3}}}}'
    gap = '{"push":{"channel":"user:#7","pub":{"data":1,"offset":5}}}'
    peer = await Peer.open(URL, app=Script([connected, gap]))
    with pytest.raises(ProtocolViolation, match="offset 5 of user:#7 after 3"):
        await peer.sign_in()
        await peer.wait_closed()
    await peer.close()


async def test_a_violation_that_nobody_waited_for_is_raised_on_leaving():
    peer = await Peer.open(URL, app=Script(["nonsense"]))
    await peer.send_raw("x")
    await asyncio.wait_for(peer._changed.wait(), 1.0)
    with pytest.raises(ProtocolViolation):
        await peer.close()


async def test_the_same_over_a_real_socket():
    async def handler(connection):
        assert connection.request.headers["Origin"] == "http://a"
        assert json.loads(await connection.recv()) == {"id": 1, "connect": {"token": "t"}}
        await connection.send(CONNECTED)
        await connection.send("{}")
        assert await connection.recv() == "{}"
        await connection.close(3001, "shutdown")

    async with serve(handler, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with await Peer.connect(f"ws://127.0.0.1:{port}/ws", token="t", origin="http://a") as peer:
            assert peer.session["client"] == "c1"
            assert await peer.wait_closed() == (3001, "shutdown")


async def test_a_refusal_and_a_loss_over_a_real_socket():
    async def handler(connection):
        connection.transport.abort()

    def refuse_some(connection, request):
        return connection.respond(401, "who are you?") if "Authorization" not in request.headers else None

    async with serve(handler, "127.0.0.1", 0, process_request=refuse_some) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/ws"
        with pytest.raises(HandshakeRefused) as refusal:
            await Peer.connect(url)
        assert (refusal.value.status, refusal.value.body) == (401, b"who are you?")
        async with await Peer.open(url, headers={"Authorization": "Token t"}) as peer:
            assert await peer.wait_closed() == (1006, "")
