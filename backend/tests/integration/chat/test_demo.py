"""The talk of the demo is all there, as if people had written it, and filling again changes nothing."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from tests.support.convergence import ChatClient
from tests.support.school import Browser, say
from vestnik.apps.accounts import demo as accounts_demo
from vestnik.apps.chat import demo
from vestnik.apps.chat.models import Membership, Message, Reaction, Room
from vestnik.apps.chat.policy import contacts

pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> dict[str, User]:
    users = accounts_demo.fill()
    demo.fill(users)
    return users


def test_there_are_direct_rooms_and_a_group_of_four_with_500_messages(people: dict[str, User]) -> None:
    rooms = Browser(people["student"]).get("chat/rooms/")["results"]
    (group,) = [room for room in rooms if room["kind"] == "group"]
    assert {member["id"] for member in group["members"]} == {
        people[name].pk for name in ("student", "teacher", "tutor", "parent")
    }
    assert group["last_message"]["seq"] == 500
    direct = [{member["id"] for member in room["members"]} for room in rooms if room["kind"] == "direct"]
    assert {people["student"].pk, people["teacher"].pk} in direct
    assert all(room["can_send"] for room in rooms)


def test_messages_are_numbered_without_gaps_in_the_order_of_their_times(people: dict[str, User]) -> None:
    for room in Room.objects.all():
        rows = list(Message.objects.filter(room=room).order_by("seq").values_list("seq", "created_at"))
        assert [seq for seq, _ in rows] == list(range(1, room.last_seq + 1))
        times = [at for _, at in rows]
        assert times == sorted(times)
        assert times[0] >= room.created_at
        assert room.last_activity_at == times[-1]


def test_the_group_talked_for_days_and_used_everything(people: dict[str, User]) -> None:
    rows = Message.objects.filter(room__kind=Room.Kind.GROUP)
    assert len(set(rows.values_list("created_at__date", flat=True))) >= 5
    assert rows.filter(deleted_at__isnull=False).count() == 1
    assert rows.filter(edited_at__isnull=False).count() == 1
    assert rows.filter(reply_to__isnull=False).count() >= 5
    assert Reaction.objects.count() >= 50
    assert not rows.filter(text__contains="{").exists()


def test_some_have_unread_messages(people: dict[str, User]) -> None:
    rooms = Browser(people["student"]).get("chat/rooms/")["results"]
    assert sum(room["unread"] for room in rooms) > 0


def test_everybody_in_a_direct_room_may_write_there(people: dict[str, User]) -> None:
    for membership in Membership.objects.filter(room__kind=Room.Kind.DIRECT).select_related("user__profile"):
        others = Membership.objects.filter(room=membership.room_id).exclude(user=membership.user)
        assert contacts(membership.user).filter(pk__in=others.values("user")).exists()


def test_filling_again_changes_nothing(people: dict[str, User]) -> None:
    say(people["student"], Room.objects.get(kind=Room.Kind.GROUP).pk, "still here")
    before = {name: ChatClient(user).state() for name, user in people.items()}
    demo.fill(accounts_demo.fill())
    assert {name: ChatClient(user).state() for name, user in people.items()} == before


def test_who_is_looking_while_it_is_filled_sees_it(db: None) -> None:
    users = accounts_demo.fill()
    client = ChatClient(users["student"])
    demo.fill(users)
    client.catch_up()
    assert client.state() == ChatClient(users["student"]).state()
