"""The session machine, fed with frames and a time, without a node."""

from __future__ import annotations

import json
import re
from itertools import product
from typing import Any

import pytest

from vestnik.core import messages as m
from vestnik.core.codec import JSON, PROTOBUF, Codec
from vestnik.core.codes import DisconnectCode, ErrorCode, UnsubscribeCode
from vestnik.core.errors import LocalError, PeerError
from vestnik.core.limits import Limits
from vestnik.core.namespaces import Caller, Namespace, Namespaces
from vestnik.core.session import (
    TRANSITIONS,
    AskHistory,
    AskPresence,
    Call,
    Happening,
    Phase,
    Publish,
    Refresh,
    Session,
    SignIn,
    Subscribe,
    Unsubscribe,
)

NAMESPACES = Namespaces(
    [
        Namespace(name="chat", logged=True, presence=True, join_leave=True, allow_presence_for_subscriber=True),
        Namespace(name="open", allow_subscribe_for_client=True, allow_publish_for_client=True),
        Namespace(name="talk", allow_publish_for_subscriber=True),
        Namespace(name="notifications", logged=True, personal=True),
    ]
)
LIMITS = Limits(max_subscriptions=3, command_burst=10, command_rate=1.0)


def new_session(limits: Limits = LIMITS, codec: Codec = JSON) -> Session:
    return Session(codec=codec, namespaces=NAMESPACES, limits=limits, client="c1", now=0.0, first_ping_in=7.0)


def send(session: Session, *commands: dict[str, Any], now: float = 0.0) -> None:
    session.receive_frame("\n".join(map(json.dumps, commands)).encode(), now=now)


def said(session: Session) -> list[dict[str, Any]]:
    return [json.loads(part) for part in session.data_to_send()]


def accept(session: Session, request: SignIn, *, user: str = "7", ttl: float | None = None, now: float = 0.0) -> None:
    session.accept(
        request,
        caller=Caller(user=user, token="t"),
        info=b"",
        data=b"",
        ttl=ttl,
        subscriptions={},
        node="n",
        version="v",
        now=now,
    )


def online(**kwargs: Any) -> Session:
    session = new_session(**{k: v for k, v in kwargs.items() if k in ("limits",)})
    send(session, {"id": 1, "connect": {}})
    request = session.next_request()
    assert isinstance(request, SignIn)
    accept(session, request, **{k: v for k, v in kwargs.items() if k in ("ttl", "now", "user")})
    session.data_to_send()
    return session


def subscribed(session: Session, channel: str, **fields: Any) -> Subscribe:
    send(session, {"id": 50, "subscribe": {"channel": channel, **fields}})
    request = session.next_request()
    assert isinstance(request, Subscribe)
    session.subscribed(request, m.SubscribeResult())
    session.data_to_send()
    return request


def closing_code(session: Session) -> int | None:
    return None if session.closing is None else int(session.closing.code)


class TestConnecting:
    def test_the_reply_tells_the_client_who_it_is_and_how_often_it_is_pinged(self) -> None:
        session = new_session()
        send(session, {"id": 1, "connect": {"token": "secret"}})
        request = session.next_request()
        assert isinstance(request, SignIn)
        assert request.connect.token == "secret"
        assert session.phase is Phase.SIGNING_IN
        accept(session, request, ttl=59.2)
        assert said(session) == [
            {
                "id": 1,
                "connect": {
                    "client": "c1",
                    "version": "v",
                    "expires": True,
                    "ttl": 60,
                    "ping": 25,
                    "pong": True,
                    "session": "c1",
                    "node": "n",
                },
            }
        ]
        assert session.phase is Phase.ONLINE
        assert session.caller == Caller(user="7", client="c1", token="t")

    def test_commands_behind_connect_wait_and_then_come_one_at_a_time_in_order(self) -> None:
        session = new_session()
        send(
            session,
            {"id": 1, "connect": {}},
            {"id": 2, "subscribe": {"channel": "chat:1"}},
            {"id": 3, "unsubscribe": {"channel": "chat:1"}},
            {"id": 4, "rpc": {"method": "ping"}},
        )
        sign_in = session.next_request()
        assert isinstance(sign_in, SignIn)
        assert session.next_request() is None
        accept(session, sign_in)
        subscribe = session.next_request()
        assert isinstance(subscribe, Subscribe)
        assert session.next_request() is None
        session.subscribed(subscribe, m.SubscribeResult())
        unsubscribe = session.next_request()
        assert isinstance(unsubscribe, Unsubscribe)
        assert unsubscribe.subscription is subscribe.subscription
        session.answer(unsubscribe, m.Reply(id=3, unsubscribe=m.UnsubscribeResult()))
        assert isinstance(session.next_request(), Call)
        assert [reply["id"] for reply in said(session)] == [1, 2, 3]

    def test_an_expired_token_is_an_error_after_which_connect_may_come_again(self) -> None:
        session = new_session()
        send(session, {"id": 1, "connect": {}}, {"id": 2, "rpc": {"method": "ping"}})
        request = session.next_request()
        assert request is not None
        session.refuse(request, PeerError(ErrorCode.TOKEN_EXPIRED))
        assert said(session) == [{"id": 1, "error": {"code": 109, "message": "token expired"}}]
        assert session.next_request() is None, "what was sent behind a connect that failed is not carried out"
        send(session, {"id": 3, "connect": {}})
        assert isinstance(session.next_request(), SignIn)

    @pytest.mark.parametrize(
        ("commands", "reason"),
        [
            ([{"id": 1, "connect": {}}, {"id": 2, "connect": {}}], "connect was already sent"),
            ([{"id": 1, "rpc": {"method": "ping"}}], "rpc before connect"),
            ([{"send": {"data": 1}}], "send before connect"),
            ([{"connect": {}}], "id: required"),
            ([{"id": 1, "connect": {}, "ping": {}}], "several requests in one command"),
            ([{"id": 1}], "a command without a request"),
            ([{}], "a pong that was not asked for"),
            ([{"id": "1", "connect": {}}], "id: expected int, got str"),
            ([{"id": -1, "connect": {}}], "id: expected int >= 0"),
            ([{"id": 2**32, "connect": {}}], "id: expected int <= 4294967295"),
            ([{"id": 1, "connect": {"token": 5}}], "connect.token: expected str, got int"),
        ],
    )
    def test_what_is_not_the_protocol_closes_with_3501_and_a_reason_that_names_it(
        self, commands: list[dict[str, Any]], reason: str
    ) -> None:
        session = new_session()
        send(session, *commands)
        assert closing_code(session) == DisconnectCode.BAD_REQUEST
        assert session.closing is not None
        assert reason in session.closing.reason
        [push] = said(session)
        assert push["push"]["disconnect"] == {"code": 3501, "reason": session.closing.reason}

    @pytest.mark.parametrize(
        "frame", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"id":1,"connect":{}}garbage', b"{}{}"]
    )
    def test_frames_that_are_no_json_objects_close_or_say_nothing(self, frame: bytes) -> None:
        session = new_session()
        session.receive_frame(frame, now=0.0)
        assert closing_code(session) == (None if frame == b"" else DisconnectCode.BAD_REQUEST)

    def test_a_frame_over_the_limit_is_not_even_decoded(self) -> None:
        session = new_session()
        session.receive_frame(b" " * (LIMITS.max_frame_size + 1), now=0.0)
        assert closing_code(session) == DisconnectCode.BAD_REQUEST

    def test_after_the_end_nothing_is_taken_and_nothing_is_said(self) -> None:
        session = online()
        session.disconnect(DisconnectCode.SHUTDOWN)
        session.disconnect(DisconnectCode.SLOW)
        assert closing_code(session) == DisconnectCode.SHUTDOWN
        assert len(said(session)) == 1
        send(session, {"id": 2, "rpc": {"method": "ping"}})
        session.push(m.Push(channel="chat:1"))
        assert session.next_request() is None
        assert session.data_to_send() == []


class TestCommands:
    def test_ping_is_answered_at_once_and_send_not_at_all(self) -> None:
        session = online()
        send(session, {"id": 2, "ping": {}}, {"send": {"data": {}}})
        assert session.next_request() is None
        assert said(session) == [{"id": 2, "ping": {}}]

    @pytest.mark.parametrize(
        ("command", "code", "message"),
        [
            ({"subscribe": {"channel": ""}}, 107, "channel: a channel name is empty"),
            ({"subscribe": {"channel": "x" * 256}}, 107, "256 characters"),
            ({"subscribe": {"channel": "chat:\u0007"}}, 107, "not printable"),
            ({"subscribe": {"channel": "nope:1"}}, 102, "unknown channel"),
            ({"subscribe": {"channel": "nope"}}, 102, "unknown channel"),
            ({"subscribe": {"channel": "notifications:#8"}}, 103, "permission denied"),
            ({"subscribe": {"channel": "control:nodes"}}, 102, "unknown channel"),
            ({"unsubscribe": {}}, 107, "channel: required"),
            ({"publish": {"channel": "open:1"}}, 107, "data: required"),
            ({"publish": {"channel": "chat:1", "data": 1}}, 103, "permission denied"),
            ({"publish": {"channel": "talk:1", "data": 1}}, 103, "permission denied"),
            ({"presence": {"channel": "chat:1"}}, 103, "permission denied"),
            ({"presence": {"channel": "open:1"}}, 108, "not available"),
            ({"presence_stats": {"channel": "nope:1"}}, 102, "unknown channel"),
            ({"history": {"channel": "open:1"}}, 108, "not available"),
            ({"history": {"channel": "chat:1"}}, 103, "permission denied"),
            ({"rpc": {}}, 107, "method"),
            ({"rpc": {"method": "x" * 129}}, 107, "method"),
            ({"refresh": {}}, 107, "token: required"),
            ({"sub_refresh": {"channel": "chat:1", "token": "x"}}, 103, "permission denied"),
        ],
    )
    def test_what_cannot_be_done_is_refused_with_its_code(
        self, command: dict[str, Any], code: int, message: str
    ) -> None:
        session = online()
        send(session, {"id": 9, **command})
        assert session.next_request() is None
        [reply] = said(session)
        assert reply["id"] == 9
        assert reply["error"]["code"] == code
        assert message in reply["error"]["message"]
        assert session.phase is Phase.ONLINE

    @pytest.mark.parametrize(
        "data", ['"\\u0000"', '"\\ud800"', "1e999", "9007199254740993", "[" * 40 + "]" * 40, '{"a":"\\udc00x"}']
    )
    def test_data_that_no_client_could_read_is_refused_with_107(self, data: str) -> None:
        session = online()
        session.receive_frame(f'{{"id":2,"publish":{{"channel":"open:1","data":{data}}}}}'.encode(), now=0.0)
        assert session.next_request() is None
        [reply] = said(session)
        assert reply["error"]["code"] == 107
        assert reply["error"]["message"].startswith("data: ")

    def test_publishing_is_for_subscribers_where_the_namespace_says_so(self) -> None:
        session = online()
        request = subscribed(session, "talk:1")
        send(session, {"id": 3, "publish": {"channel": "talk:1", "data": {"a": 1}}})
        publish = session.next_request()
        assert isinstance(publish, Publish)
        assert publish.subscription is request.subscription
        assert publish.data == b'{"a": 1}'

    def test_a_second_subscribe_to_the_same_channel_is_105_and_too_many_are_106(self) -> None:
        session = online()
        for number in range(3):
            subscribed(session, f"open:{number}")
        send(session, {"id": 5, "subscribe": {"channel": "open:0"}}, {"id": 6, "subscribe": {"channel": "open:9"}})
        assert session.next_request() is None
        assert [reply["error"]["code"] for reply in said(session)] == [105, 106]

    def test_a_refused_subscribe_leaves_room_for_another_try(self) -> None:
        session = online()
        send(session, {"id": 2, "subscribe": {"channel": "chat:1"}})
        request = session.next_request()
        assert isinstance(request, Subscribe)
        session.refuse(request, PeerError(ErrorCode.PERMISSION_DENIED))
        assert said(session) == [{"id": 2, "error": {"code": 103, "message": "permission denied"}}]
        assert session.subscriptions == {}
        subscribed(session, "chat:1")

    def test_presence_and_history_are_asked_for_by_subscribers(self) -> None:
        session = online()
        subscribed(session, "chat:1")
        send(session, {"id": 3, "presence": {"channel": "chat:1"}})
        request = session.next_request()
        assert isinstance(request, AskPresence)
        session.answer(request, m.Reply(id=3, presence=m.PresenceResult()))
        assert said(session) == [{"id": 3, "presence": {}}]

    def test_history_needs_its_own_permission(self) -> None:
        namespaces = Namespaces([Namespace(name="chat", logged=True, allow_history_for_subscriber=True)])
        session = Session(codec=JSON, namespaces=namespaces, limits=LIMITS, client="c", now=0.0, first_ping_in=1.0)
        send(session, {"id": 1, "connect": {}})
        sign_in = session.next_request()
        assert isinstance(sign_in, SignIn)
        accept(session, sign_in)
        subscribed(session, "chat:1")
        send(session, {"id": 3, "history": {"channel": "chat:1", "limit": 5}})
        assert isinstance(session.next_request(), AskHistory)

    def test_too_many_commands_are_refused_with_111_and_then_closed(self) -> None:
        session = online()
        for number in range(2, 12):
            send(session, {"id": number, "ping": {}})
        send(session, {"id": 12, "ping": {}})
        while session.next_request():
            pass
        assert {reply["id"]: reply.get("error", {}).get("code") for reply in said(session)}[12] == 111
        send(session, {"id": 13, "ping": {}}, now=1.0)
        session.next_request()
        assert said(session) == [{"id": 13, "ping": {}}]
        for number in range(1002):
            send(session, {"id": 14 + number, "ping": {}}, now=1.0)
        assert closing_code(session) == DisconnectCode.TOO_MANY_REQUESTS

    def test_answering_what_was_not_asked_is_the_drivers_mistake(self) -> None:
        session = online()
        send(session, {"id": 2, "rpc": {"method": "ping"}})
        request = session.next_request()
        assert request is not None
        session.answer(request, m.Reply(id=2, rpc=m.RPCResult()))
        with pytest.raises(LocalError):
            session.answer(request, m.Reply(id=2, rpc=m.RPCResult()))


class TestTime:
    def test_without_connect_in_time_the_connection_is_stale(self) -> None:
        session = new_session()
        assert session.next_deadline() == 10.0
        session.advance(now=9.9)
        assert session.closing is None
        session.advance(now=10.0)
        assert closing_code(session) == DisconnectCode.STALE

    def test_pings_come_at_their_interval_and_an_answer_keeps_the_connection(self) -> None:
        session = online()
        assert session.next_deadline() == 7.0
        session.advance(now=7.0)
        assert session.data_to_send() == [b"{}"]
        assert session.next_deadline() == 17.0
        session.receive_frame(b"{}", now=8.0)
        assert session.next_deadline() == 32.0
        session.advance(now=32.0)
        assert session.data_to_send() == [b"{}"]
        assert session.closing is None

    def test_no_pong_closes_with_3012(self) -> None:
        session = online()
        session.advance(now=7.0)
        session.advance(now=16.9)
        assert session.closing is None
        session.advance(now=17.0)
        assert closing_code(session) == DisconnectCode.NO_PONG

    def test_a_second_pong_closes_with_3501(self) -> None:
        session = online()
        session.advance(now=7.0)
        session.receive_frame(b"{}\n{}", now=8.0)
        assert closing_code(session) == DisconnectCode.BAD_REQUEST

    def test_a_token_that_is_not_refreshed_in_time_closes_with_3005(self) -> None:
        session = online(ttl=60.0)
        for now in (7.0, 32.0, 57.0, 82.0):
            session.advance(now=now)
            session.receive_frame(b"{}", now=now)
        assert session.closing is None
        session.advance(now=85.0)
        assert closing_code(session) == DisconnectCode.EXPIRED

    def test_a_refreshed_token_counts_anew(self) -> None:
        session = online(ttl=60.0)
        send(session, {"id": 2, "refresh": {"token": "new"}})
        request = session.next_request()
        assert isinstance(request, Refresh)
        session.refreshed(request, ttl=100.0, version="v", now=50.0)
        [reply] = said(session)
        assert reply["refresh"]["ttl"] == 100
        for now in range(50, 174, 8):
            session.advance(now=float(now))
            if session.data_to_send():
                session.receive_frame(b"{}", now=float(now))
        assert session.closing is None
        session.advance(now=175.0)
        assert closing_code(session) == DisconnectCode.EXPIRED

    def test_an_expired_subscription_ends_and_the_client_is_told_to_come_back(self) -> None:
        session = online()
        request = subscribed(session, "chat:1")
        request.subscription.expires_at = 5.0
        assert session.advance(now=29.9) == []
        session.data_to_send()
        assert session.advance(now=30.0) == [request.subscription]
        assert {"push": {"channel": "chat:1", "unsubscribe": {"code": 2501, "reason": "subscription expired"}}} in said(
            session
        )


class TestServerSide:
    def test_ending_a_subscription_tells_the_client_once(self) -> None:
        session = online()
        request = subscribed(session, "chat:1")
        session.end_subscription(request.subscription, UnsubscribeCode.INSUFFICIENT_STATE)
        session.end_subscription(request.subscription, UnsubscribeCode.INSUFFICIENT_STATE)
        assert said(session) == [
            {"push": {"channel": "chat:1", "unsubscribe": {"code": 2500, "reason": "insufficient state"}}}
        ]

    @pytest.mark.parametrize("codec", [JSON, PROTOBUF], ids=lambda codec: codec.name)
    @pytest.mark.parametrize("code", list(DisconnectCode))
    def test_every_disconnect_has_a_reason_and_says_whether_to_come_back(
        self, code: DisconnectCode, codec: Codec
    ) -> None:
        session = new_session(codec=codec)
        session.disconnect(code)
        [reply] = codec.decode_replies(codec.join(session.data_to_send()))
        assert reply.push is not None
        assert reply.push.disconnect is not None
        assert reply.push.disconnect.reason
        assert reply.push.disconnect.reconnect is (3000 <= code < 3500 or 4000 <= code < 4500)


def test_every_phase_has_a_way_to_the_end_and_no_way_back_from_it() -> None:
    for phase, happening in product(Phase, Happening):
        target = TRANSITIONS.get((phase, happening))
        if happening is Happening.CLOSE:
            assert target is Phase.CLOSED
        if phase is Phase.CLOSED:
            assert target in (None, Phase.CLOSED)


def test_a_long_random_talk_never_raises() -> None:
    """Whatever arrives, a session answers, waits or closes."""
    words = re.findall(rb"\S+", b'{} {"id":1} {"id":2,"ping":{}} {"id":3,"rpc":{"method":"x"}} [] x {"send":{}}')
    for first, second, third in product(words, repeat=3):
        session = new_session()
        send(session, {"id": 1, "connect": {}})
        request = session.next_request()
        assert isinstance(request, SignIn)
        accept(session, request)
        for word in (first, second, third):
            session.receive_frame(word, now=1.0)
            while (waiting := session.next_request()) is not None:
                session.refuse(waiting, PeerError(ErrorCode.INTERNAL))
        session.advance(now=100.0)
        for part in session.data_to_send():
            json.loads(part)


def test_only_the_one_personal_channel_of_a_namespace_can_be_subscribed() -> None:
    session = online()
    for channel in ("notifications:x#7", "notifications:#7,8", "notifications:#7,7"):
        send(session, {"id": 9, "subscribe": {"channel": channel}})
        assert session.next_request() is None
        assert said(session)[0]["error"]["code"] == ErrorCode.PERMISSION_DENIED
    send(session, {"id": 9, "subscribe": {"channel": "notifications:#7"}})
    assert isinstance(session.next_request(), Subscribe)


def test_while_one_command_takes_long_a_bounded_number_waits_behind_it() -> None:
    session = online(limits=Limits(max_subscriptions=3, command_burst=10, command_rate=30.0))
    for second in range(30):
        for _ in range(25):
            send(session, {"id": 5, "rpc": {"method": "slow"}}, now=float(second))
        assert isinstance(session.next_request(), Call) or second > 0
    assert len(session._commands) == 13
    assert {reply["error"]["code"] for reply in said(session)} == {ErrorCode.TOO_MANY_REQUESTS}


@pytest.mark.parametrize("reason", ["х" * 200, "x" * 124, "é" * 61 + "ёё"])
def test_a_long_reason_is_cut_to_what_a_close_frame_has_room_for(reason: str) -> None:
    session = online()
    session.disconnect(DisconnectCode.FORCE_NO_RECONNECT, reason)
    assert session.closing is not None
    assert 120 < len(session.closing.reason.encode()) <= 123
    assert reason.startswith(session.closing.reason)
