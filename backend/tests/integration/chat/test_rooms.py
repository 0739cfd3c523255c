"""Opening rooms, and who is in them."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from tests.support.convergence import ChatClient
from tests.support.school import NOBODYS_ID, Browser, School, call, caller, say
from tests.support.threads import at_the_same_time
from vestnik.apps.chat import actions
from vestnik.apps.chat.channels import may_subscribe
from vestnik.apps.chat.models import Membership, Room, direct_key
from vestnik.apps.eventlog.models import LoggedEvent
from vestnik.core.channel import parse_channel
from vestnik.core.errors import Conflict, InvalidParameters, NotFound, PermissionDenied
from vestnik.core.orders import CONTROL_CHANNEL, UnsubscribeUser, decode_order

pytestmark = pytest.mark.django_db


def open_direct(browser: Browser, *member_ids: int) -> tuple[int, Any]:
    return browser("POST", "chat/rooms/", {"kind": "direct", "member_ids": list(member_ids)})


def test_asking_twice_for_a_direct_room_gives_the_same_room_to_both(school: School) -> None:
    first = open_direct(Browser(school.student), school.teacher.pk)
    again = open_direct(Browser(school.student), school.teacher.pk, school.student.pk)
    other = open_direct(Browser(school.teacher), school.student.pk)
    assert [status for status, _ in (first, again, other)] == [201, 200, 200]
    assert first[1] == again[1]
    assert other[1]["id"] == first[1]["id"]
    room = first[1]
    assert (room["kind"], room["title"], room["unread"], room["last_message"]) == ("direct", "", 0, None)
    assert room["channel"] == f"chat:{room['id']}"
    assert room["position"]["offset"] == 0
    assert room["position"]["epoch"]
    assert [(member["id"], member["display_name"]) for member in room["members"]] == [
        (school.student.pk, "Student"),
        (school.teacher.pk, "Teacher"),
    ]


@pytest.mark.django_db(transaction=True)  # threads see what is committed
def test_those_who_open_a_direct_room_at_the_same_time_get_one(school: School) -> None:
    jobs = [
        lambda: actions.open_direct_room(school.student, school.teacher.pk),
        lambda: actions.open_direct_room(school.teacher, school.student.pk),
    ] * 4
    opened = at_the_same_time(*jobs)
    assert len({room.id for room, _ in opened}) == 1
    assert sum(is_new for _, is_new in opened) == 1
    assert Room.objects.count() == 1
    assert Membership.objects.count() == 2


def test_a_group_with_both_is_not_their_direct_room(school: School, group: int) -> None:
    room, is_new = actions.open_direct_room(school.teacher, school.student.pk)
    assert is_new
    assert room.id != group


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "direct", "direct_key": None},
        {"kind": "direct", "direct_key": "taken"},
        {"kind": "group", "direct_key": "1:2"},
    ],
)
def test_the_database_knows_the_rule_of_direct_rooms(db: None, fields: dict[str, Any]) -> None:
    Room.objects.create(kind="direct", direct_key="taken")
    with pytest.raises(IntegrityError):
        Room.objects.create(**fields)


def test_the_name_of_a_pair_does_not_depend_on_who_asks() -> None:
    assert direct_key([10, 9]) == direct_key([9, 10]) == "9:10"


def test_a_new_group_belongs_to_who_made_it(school: School) -> None:
    status, room = Browser(school.teacher)(
        "POST",
        "chat/rooms/",
        {"kind": "group", "title": " Algebra ", "member_ids": [school.student.pk, school.parent.pk]},
    )
    assert status == 201
    assert (room["kind"], room["title"], room["owner_id"], room["can_send"]) == (
        "group",
        "Algebra",
        school.teacher.pk,
        True,
    )
    assert {member["id"] for member in room["members"]} == {school.teacher.pk, school.student.pk, school.parent.pk}
    assert Browser(school.parent).get("chat/rooms/")["results"][0]["id"] == room["id"]


@pytest.mark.parametrize("kind", ["direct", "group"])
def test_nobody_is_drawn_into_a_room_by_somebody_they_may_not_chat_with(school: School, kind: str) -> None:
    for other in (school.other_teacher.pk, NOBODYS_ID):
        status, body = Browser(school.student)(
            "POST", "chat/rooms/", {"kind": kind, "title": "Hello", "member_ids": [other]}
        )
        assert (status, body["error"]["code"]) == (403, "not_a_contact")
    with pytest.raises(PermissionDenied):
        actions.create_group(school.teacher, "Hello", [school.student.pk, school.other_student.pk])
    assert not Room.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"member_ids": [2]}, "kind"),
        ({"kind": "secret", "member_ids": [2]}, "kind"),
        ({"kind": "direct"}, "member_ids"),
        ({"kind": "direct", "member_ids": []}, "member_ids"),
        ({"kind": "direct", "member_ids": [2, 3]}, "member_ids"),
        ({"kind": "direct", "member_ids": ["2"]}, "member_ids"),
        ({"kind": "direct", "member_ids": [0]}, "member_ids"),
        ({"kind": "direct", "member_ids": [2**70]}, "member_ids"),
        ({"kind": "group", "title": "Hello", "member_ids": []}, "member_ids"),
        ({"kind": "group", "title": "Hello", "member_ids": list(range(1, 503))}, "member_ids"),
        ({"kind": "group", "member_ids": [2]}, "title"),
        ({"kind": "group", "title": " ", "member_ids": [2]}, "title"),
        ({"kind": "group", "title": "a\x00", "member_ids": [2]}, "title"),
        ({"kind": "group", "title": "x" * 201, "member_ids": [2]}, "title"),
        ({"kind": "group", "title": 5, "member_ids": [2]}, "title"),
        ([], "params"),
    ],
)
def test_a_bad_room_is_refused_by_the_name_of_its_field(school: School, body: object, field: str) -> None:
    status, answer = Browser(school.student)("POST", "chat/rooms/", body)
    assert status == 400
    assert any(name.startswith(field) for name in answer["error"]["fields"])
    assert not Room.objects.exists()


def test_nobody_opens_a_room_with_themselves(school: School) -> None:
    status, answer = open_direct(Browser(school.student), school.student.pk)
    assert (status, list(answer["error"]["fields"])) == (400, ["member_ids"])
    with pytest.raises(InvalidParameters, match="member_ids"):
        actions.open_direct_room(school.student, school.student.pk)


def test_the_owner_adds_and_removes(school: School, group: int) -> None:
    browser = Browser(school.teacher)
    status, member = browser("POST", f"chat/rooms/{group}/members/", {"user_id": school.admin.pk})
    assert (status, member["id"], member["role"]) == (201, school.admin.pk, "admin")
    assert Browser(school.admin).get(f"chat/rooms/{group}/messages/")["results"] == []
    assert browser("DELETE", f"chat/rooms/{group}/members/{school.admin.pk}/")[0] == 204
    assert Browser(school.admin)("GET", f"chat/rooms/{group}/messages/")[0] == 404
    assert browser("DELETE", f"chat/rooms/{group}/members/{school.admin.pk}/")[0] == 404


def test_an_administrator_in_the_group_may_do_what_its_owner_may(school: School, group: int) -> None:
    actions.add_member(school.teacher, group, school.admin.pk)
    actions.rename(school.admin, group, "Geometry")
    actions.remove_member(school.admin, group, school.parent.pk)
    assert Membership.objects.filter(room=group, left_at=None).count() == 4


def test_only_who_runs_the_group_adds_removes_and_renames(school: School, group: int) -> None:
    for who, status in {"parent": 403, "student": 403, "other_teacher": 404, "admin": 404}.items():
        browser = Browser(getattr(school, who))
        answers = [
            browser("POST", f"chat/rooms/{group}/members/", {"user_id": school.admin.pk})[0],
            browser("DELETE", f"chat/rooms/{group}/members/{school.tutor.pk}/")[0],
            browser("PATCH", f"chat/rooms/{group}/", {"title": "Mine"})[0],
        ]
        assert answers == [status] * 3, who
    anonymous = Browser()
    assert anonymous("POST", f"chat/rooms/{group}/members/", {"user_id": 1})[0] == 401
    assert anonymous("DELETE", f"chat/rooms/{group}/members/{school.tutor.pk}/")[0] == 401
    assert anonymous("PATCH", f"chat/rooms/{group}/", {"title": "Mine"})[0] == 401
    assert Room.objects.get(pk=group).title == "Algebra"
    assert Membership.objects.filter(room=group, left_at=None).count() == 4


def test_anybody_may_leave(school: School, group: int) -> None:
    assert Browser(school.parent)("DELETE", f"chat/rooms/{group}/members/{school.parent.pk}/")[0] == 204
    assert Browser(school.parent).get("chat/rooms/")["results"] == []
    assert Browser(school.parent)("DELETE", f"chat/rooms/{group}/members/{school.parent.pk}/")[0] == 404


def test_a_direct_room_keeps_its_two(school: School, direct: int) -> None:
    browser = Browser(school.student)
    assert browser("DELETE", f"chat/rooms/{direct}/members/{school.student.pk}/")[0] == 409
    assert browser("POST", f"chat/rooms/{direct}/members/", {"user_id": school.tutor.pk})[0] == 409
    assert browser("PATCH", f"chat/rooms/{direct}/", {"title": "Us"})[0] == 409
    with pytest.raises(Conflict):
        actions.leave(school.teacher, direct)


def test_whoever_is_removed_is_told_and_cut_off_in_the_same_transaction(school: School, group: int) -> None:
    client = ChatClient(school.parent)
    actions.remove_member(school.teacher, group, school.parent.pk)
    told = client.catch_up()
    assert {"type": "room.removed", "room_id": group}.items() <= told[0].items()
    rows = LoggedEvent.objects.filter(stream__channel=CONTROL_CHANNEL).order_by("offset")
    orders = [decode_order(data.encode()) for data in rows.values_list("data", flat=True)]
    assert [(order.user, order.channel) for order in orders if isinstance(order, UnsubscribeUser)] == [
        (str(school.parent.pk), f"chat:{group}"),
        (str(school.parent.pk), f"typing:{group}"),
    ]


def test_when_removing_fails_nobody_is_told(school: School, group: int) -> None:
    before = LoggedEvent.objects.count()
    for action in (
        lambda: actions.remove_member(school.parent, group, school.tutor.pk),
        lambda: actions.remove_member(school.teacher, group, school.other_parent.pk),
    ):
        with pytest.raises((PermissionDenied, NotFound)):
            action()
    assert LoggedEvent.objects.count() == before


def test_who_comes_back_has_read_all_and_sees_the_history(school: School, group: int) -> None:
    actions.leave(school.parent, group)
    said = say(school.teacher, group)
    actions.add_member(school.teacher, group, school.parent.pk)
    (room,) = Browser(school.parent).get("chat/rooms/")["results"]
    assert (room["unread"], room["last_read_seq"]) == (0, said.seq)
    assert len(Browser(school.parent).get(f"chat/rooms/{group}/messages/")["results"]) == 1


def test_a_group_without_its_owner_is_read_only(school: School, group: int) -> None:
    say(school.student, group)
    actions.leave(school.teacher, group)
    (room,) = Browser(school.student).get("chat/rooms/")["results"]
    assert (room["owner_id"], room["can_send"]) == (None, False)
    with pytest.raises(PermissionDenied):
        say(school.student, group)


def test_a_full_group_takes_nobody_in(school: School, group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vestnik.apps.chat.actions.rooms.MAX_MEMBERS", 4)
    assert Browser(school.teacher)("POST", f"chat/rooms/{group}/members/", {"user_id": school.admin.pk})[0] == 409


def test_only_an_administrator_locks(school: School, group: int) -> None:
    for user in (school.teacher, school.student):
        with pytest.raises(PermissionDenied):
            actions.set_locked(user, group, True)
    actions.set_locked(school.admin, group, True)
    with pytest.raises(PermissionDenied, match="locked"):
        say(school.teacher, group)
    actions.set_locked(school.admin, group, False)
    assert say(school.teacher, group).seq == 1
    with pytest.raises(NotFound):
        actions.set_locked(school.admin, NOBODYS_ID, True)


@pytest.mark.parametrize("namespace", ["chat", "typing"])
def test_members_alone_subscribe_and_the_rest_all_look_alike(school: School, group: int, namespace: str) -> None:
    channel = parse_channel(f"{namespace}:{group}")
    for user in (school.teacher, school.student, school.parent):
        may_subscribe(caller(user), channel)
    actions.remove_member(school.teacher, group, school.parent.pk)
    refusals = []
    for user in (school.parent, school.admin, school.other_student, None):
        with pytest.raises(PermissionDenied) as refusal:
            may_subscribe(caller(user), channel)
        refusals.append(int(refusal.value.code))
    for rest in (str(NOBODYS_ID), f"0{group}", f"{group} ", f"+{group}", f"{group}#1", "", "x", "²", "9" * 200):
        with pytest.raises(PermissionDenied) as refusal:
            may_subscribe(caller(school.teacher), parse_channel(f"{namespace}:{rest}"))
        refusals.append(int(refusal.value.code))
    assert set(refusals) == {103}


def test_an_inactive_user_neither_subscribes_nor_acts(school: School, direct: int) -> None:
    school.student.is_active = False
    school.student.save()
    with pytest.raises(PermissionDenied):
        may_subscribe(caller(school.student), parse_channel(f"chat:{direct}"))
    with pytest.raises(PermissionDenied):
        call(school.student, "chat.read", room=direct, seq=1)
    with pytest.raises(NotFound):
        say(school.student, direct)
