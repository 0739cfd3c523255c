"""History, unread counts and read pointers: right for everybody, and as quick in a long room as in a short one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.support.school import Browser, School, call, say
from tests.support.threads import at_the_same_time
from vestnik.apps.chat import actions
from vestnik.apps.chat.models import Membership, Message, Room
from vestnik.apps.chat.texts import fold
from vestnik.core.errors import InvalidParameters, NotFound, PeerError, PermissionDenied

pytestmark = pytest.mark.django_db


def fill(room_id: int, sender: Any, count: int) -> None:
    """Many messages, quickly."""
    room = Room.objects.get(pk=room_id)
    own = Message.objects.filter(room=room, sender=sender).count()
    Message.objects.bulk_create(
        [
            Message(
                room=room,
                seq=room.last_seq + number,
                sender=sender,
                sender_seq=own + number,
                text=f"text {number}",
                folded_text=fold("text"),
            )
            for number in range(1, count + 1)
        ],
        batch_size=500,
    )
    Room.objects.filter(pk=room_id).update(last_seq=room.last_seq + count)


def room_of(user: Any, room_id: int) -> dict[str, Any]:
    return Browser(user).get(f"chat/rooms/{room_id}/")


def seqs(page: dict[str, Any]) -> list[int]:
    return [message["seq"] for message in page["results"]]


# History -------------------------------------------------------------------------------------------------------------


def test_history_comes_newest_page_first_and_each_page_ascends(school: School, direct: int) -> None:
    fill(direct, school.student, 25)
    browser, pages, before = Browser(school.teacher), [], ""
    while True:
        page = browser.get(f"chat/rooms/{direct}/messages/?limit=10{before}")
        pages.append(seqs(page))
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert pages == [list(range(16, 26)), list(range(6, 16)), list(range(1, 6))]


def test_history_goes_forward_from_a_point_too(school: School, direct: int) -> None:
    fill(direct, school.student, 25)
    browser, pages, after = Browser(school.teacher), [], "8"
    while after is not None:
        page = browser.get(f"chat/rooms/{direct}/messages/?limit=10&after={after}")
        pages.append(seqs(page))
        after = page["next"]
    assert pages == [list(range(9, 19)), list(range(19, 26))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", list(range(1, 8))),
        ("before=4", [1, 2, 3]),
        ("before=1", []),
        ("before=0", []),
        ("after=7", []),
        ("after=0", [1, 2, 3, 4, 5, 6, 7]),
        ("after=2&before=5", [3, 4]),
        ("before=999999999", list(range(1, 8))),
        ("limit=7", list(range(1, 8))),
    ],
)
def test_any_window_of_history(school: School, direct: int, query: str, expected: list[int]) -> None:
    fill(direct, school.student, 7)
    page = Browser(school.student).get(f"chat/rooms/{direct}/messages/?{query}")
    assert (seqs(page), page["next"]) == (expected, None)


def test_a_page_has_fifty_messages_unless_asked_otherwise(school: School, direct: int) -> None:
    fill(direct, school.student, 60)
    assert len(Browser(school.student).get(f"chat/rooms/{direct}/messages/")["results"]) == 50


def test_history_has_the_position_of_which_it_is_the_state(school: School, direct: int) -> None:
    for _ in range(3):
        say(school.student, direct)
    page = Browser(school.student).get(f"chat/rooms/{direct}/messages/")
    assert page["position"] == room_of(school.student, direct)["position"]
    assert page["position"]["offset"] == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=ten", "limit"),
        ("before=-1", "before"),
        ("before=x", "before"),
        ("before=99999999999999999999", "before"),
        ("after=1.5", "after"),
        ("after=", "after"),
        ("after=1&after=2", "after"),
    ],
)
def test_a_bad_window_is_refused_by_name(school: School, direct: int, query: str, field: str) -> None:
    status, body = Browser(school.student)("GET", f"chat/rooms/{direct}/messages/?{query}")
    assert (status, list(body["error"]["fields"])) == (400, [field])


def test_history_is_for_members(school: School, group: int) -> None:
    actions.leave(school.parent, group)
    expected = {"student": 200, "parent": 404, "other_student": 404, "admin": 404}
    for path in ("", "messages/"):
        answers = {who: Browser(getattr(school, who))("GET", f"chat/rooms/{group}/{path}")[0] for who in expected}
        assert answers == expected
        assert Browser()("GET", f"chat/rooms/{group}/{path}")[0] == 401


def test_a_page_costs_the_same_however_long_the_history(school: School, direct: int) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            Browser(school.student).get(f"chat/rooms/{direct}/messages/?limit=20")
        assert not any("COUNT(" in query["sql"] or "OFFSET" in query["sql"] for query in queries)
        return len(queries)

    fill(direct, school.teacher, 2)
    short = cost()
    fill(direct, school.teacher, 2000)
    assert cost() == short


def test_a_page_is_found_by_an_index(school: School, direct: int) -> None:
    fill(direct, school.teacher, 2000)
    rows = Message.objects.filter(room=direct, seq__lt=1500).order_by("-seq")[:51]
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    plan = rows.explain()
    assert "vestnik_chat_message_room_seq" in plan or "sqlite_autoindex" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan


# The list of rooms ---------------------------------------------------------------------------------------------------


def test_the_room_with_the_latest_message_comes_first(school: School, direct: int, group: int) -> None:
    say(school.teacher, group)
    say(school.teacher, direct)
    last = say(school.student, group, "latest")
    rooms = Browser(school.student).get("chat/rooms/")["results"]
    assert [room["id"] for room in rooms] == [group, direct]
    assert rooms[0]["last_message"]["id"] == last.id
    assert rooms[0]["position"]["offset"] == 2


def test_the_list_of_rooms_is_in_pages(school: School) -> None:
    ids = [actions.create_group(school.teacher, f"Room {number}", [school.student.pk]).id for number in range(7)]
    Room.objects.filter(pk__in=ids[:3]).update(last_activity_at=Room.objects.get(pk=ids[0]).last_activity_at)
    browser, seen, cursor = Browser(school.student), [], ""
    while cursor is not None:
        page = browser.get(f"chat/rooms/?limit=2&cursor={cursor}")
        seen += [room["id"] for room in page["results"]]
        cursor = page["next"]
    assert seen == ids[:2:-1] + ids[2::-1]


def test_the_list_of_rooms_says_from_where_a_client_hears_of_new_rooms(school: School) -> None:
    browser = Browser(school.student)
    before = browser.get("chat/rooms/")["position"]
    assert before["epoch"]
    actions.open_direct_room(school.teacher, school.student.pk)
    after = browser.get("chat/rooms/")
    assert after["position"] == {**before, "offset": before["offset"] + 1}
    assert [room["kind"] for room in after["results"]] == ["direct"]


def test_the_list_of_rooms_takes_the_same_queries_however_many_and_full_they_are(school: School) -> None:
    def cost() -> int:
        browser = Browser(school.teacher)
        browser.get("chat/rooms/")  # what is made once is made
        with CaptureQueriesContext(connection) as queries:
            browser.get("chat/rooms/")
        return len(queries)

    rooms = itertools.count()

    def add_room() -> None:
        people = [school.student.pk, school.tutor.pk, school.parent.pk]
        room = actions.create_group(school.teacher, f"Room {next(rooms)}", people)
        for user in (school.student, school.teacher, school.parent):
            message = say(user, room.id)
            actions.react(school.teacher, message.id, "👍", True)

    add_room()
    one = cost()
    for _ in range(6):
        add_room()
    assert cost() == one <= 14


def test_nobody_sees_rooms_of_others(school: School, direct: int, group: int) -> None:
    page = Browser(school.other_student).get("chat/rooms/")
    assert (page["results"], page["next"]) == ([], None)
    assert Browser()("GET", "chat/rooms/")[0] == 401


# Unread counts and pointers ------------------------------------------------------------------------------------------


def test_one_who_never_opened_a_room_has_all_of_it_unread(school: School, group: int) -> None:
    for _ in range(3):
        say(school.teacher, group)
    room = room_of(school.parent, group)
    assert (room["unread"], room["last_read_seq"]) == (3, 0)


def test_ones_own_messages_are_not_unread(school: School, group: int) -> None:
    for user in (school.teacher, school.student, school.student, school.parent, school.student):
        say(user, group)
    assert room_of(school.student, group)["unread"] == 2
    assert room_of(school.tutor, group)["unread"] == 5
    actions.mark_read(school.student, group, 1)
    assert room_of(school.student, group)["unread"] == 1
    actions.mark_read(school.student, group, 4)
    assert room_of(school.student, group)["unread"] == 0


def test_own_messages_are_told_apart_wherever_the_pointer_is(school: School, group: int) -> None:
    people = (school.teacher, school.student, school.parent)
    senders = [people[number * number % 7 % 3] for number in range(30)]
    for user in senders:
        say(user, group)
    for pointer in range(0, 31, 3):
        actions.mark_read(school.student, group, pointer)
        expected = sum(user != school.student for user in senders[pointer:])
        assert room_of(school.student, group)["unread"] == expected


def test_who_is_added_later_has_read_what_was_before(school: School, group: int) -> None:
    say(school.teacher, group)
    actions.add_member(school.teacher, group, school.admin.pk)
    assert room_of(school.admin, group)["unread"] == 0
    say(school.teacher, group)
    assert room_of(school.admin, group)["unread"] == 1


def test_the_pointer_moves_forward_only_and_not_past_the_end(school: School, direct: int) -> None:
    fill(direct, school.teacher, 10)
    browser = Browser(school.student)
    moves = [5, 3, 5, 0, 8, 100, 2]
    assert [browser("POST", f"chat/rooms/{direct}/read/", {"seq": seq})[1]["seq"] for seq in moves] == [
        *(5, 5, 5, 5, 8, 10, 10)
    ]
    fill(direct, school.teacher, 1)
    assert room_of(school.student, direct)["unread"] == 1
    assert call(school.student, "chat.read", room=direct, seq=11) == {"seq": 11}


@pytest.mark.django_db(transaction=True)  # threads see what is committed
def test_the_furthest_of_many_tabs_wins(school: School, direct: int) -> None:
    fill(direct, school.teacher, 40)
    jobs = [lambda seq=seq: actions.mark_read(school.student, direct, seq) for seq in (7, 40, 12, 33, 1, 25, 39, 40)]
    at_the_same_time(*jobs)
    assert Membership.objects.get(room=direct, user=school.student).last_read_seq == 40


def test_each_has_a_pointer_of_their_own_that_the_others_see(school: School, direct: int) -> None:
    fill(direct, school.teacher, 3)
    actions.mark_read(school.student, direct, 2)
    pointers = {member["id"]: member["last_read_seq"] for member in room_of(school.teacher, direct)["members"]}
    assert pointers == {school.student.pk: 2, school.teacher.pk: 0}


def test_pointers_are_moved_by_members(school: School, group: int) -> None:
    say(school.teacher, group)
    actions.leave(school.parent, group)
    for user in (school.parent, school.other_student):
        assert Browser(user)("POST", f"chat/rooms/{group}/read/", {"seq": 1})[0] == 404
        with pytest.raises(NotFound):
            call(user, "chat.read", room=group, seq=1)
    assert Browser()("POST", f"chat/rooms/{group}/read/", {"seq": 1})[0] == 401
    with pytest.raises(PermissionDenied):
        call(None, "chat.read", room=group, seq=1)


@pytest.mark.parametrize("seq", [-1, 1.5, "1", None, True, 2**64])
def test_a_bad_pointer_is_refused_by_name(school: School, direct: int, seq: object) -> None:
    status, body = Browser(school.student)("POST", f"chat/rooms/{direct}/read/", {"seq": seq})
    assert (status, list(body["error"]["fields"])) == (400, ["seq"])
    with pytest.raises(InvalidParameters, match="seq"):
        call(school.student, "chat.read", room=direct, seq=seq)


# Typing --------------------------------------------------------------------------------------------------------------


def test_typing_is_broadcast_and_not_logged(school: School, direct: int, heard: list[Any]) -> None:
    assert call(school.student, "chat.typing", room=direct, typing=True) == {}
    (signal,) = heard
    assert signal.channel == f"typing:{direct}"
    assert b'"type":"typing"' in signal.data
    assert b'"user_id":%d,"typing":true' % school.student.pk in signal.data


def test_typing_is_shown_by_those_who_may_write(school: School, direct: int, heard: list[Any]) -> None:
    for user in (school.other_student, school.tutor, None):
        with pytest.raises(PeerError):
            call(user, "chat.typing", room=direct, typing=True)
    actions.set_locked(school.admin, direct, True)
    heard.clear()
    with pytest.raises(PermissionDenied):
        call(school.student, "chat.typing", room=direct, typing=True)
    with pytest.raises(InvalidParameters, match="typing"):
        call(school.student, "chat.typing", room=direct, typing="yes")
    assert heard == []
