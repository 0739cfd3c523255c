"""Every action: who looks on and who reloads the page see the same."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from tests.support.convergence import assert_converges
from tests.support.school import School, say
from vestnik.apps.accounts.models import Enrollment
from vestnik.apps.chat import actions

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(school: School, direct: int, group: int) -> SimpleNamespace:
    """A direct room and a group in which something was said, read, reacted to, edited and deleted."""
    first = say(school.teacher, group, "first")
    second = say(school.student, group, "second", reply_to=first.id)
    third = say(school.parent, group, "third")
    actions.mark_read(school.student, group, 1)
    actions.react(school.student, first.id, "👍", True)
    actions.edit(school.teacher, first.id, "first, edited")
    in_direct = say(school.teacher, direct, "between us")
    return SimpleNamespace(
        school=school, direct=direct, group=group, first=first, second=second, third=third, in_direct=in_direct
    )


ACTIONS: dict[str, Callable[[SimpleNamespace], object]] = {
    "send": lambda talk: say(talk.school.teacher, talk.group, "news"),
    "send one's own": lambda talk: say(talk.school.student, talk.group, "news"),
    "send several": lambda talk: [say(talk.school.teacher, talk.group, str(number)) for number in range(5)],
    "send and send again": lambda talk: [
        say(talk.school.teacher, talk.group, client_id="0192f0c1-2b3c-7def-8123-456789abcdef") for _ in range(2)
    ],
    "reply": lambda talk: say(talk.school.teacher, talk.direct, "well", reply_to=talk.in_direct.id),
    "edit": lambda talk: actions.edit(talk.school.student, talk.second.id, "second, edited"),
    "edit the last": lambda talk: actions.edit(talk.school.parent, talk.third.id, "third, edited"),
    "delete": lambda talk: actions.delete(talk.school.teacher, talk.first.id),
    "delete the last": lambda talk: actions.delete(talk.school.parent, talk.third.id),
    "delete another's": lambda talk: actions.delete(talk.school.teacher, talk.second.id),
    "react": lambda talk: actions.react(talk.school.teacher, talk.third.id, "🎉", True),
    "take a reaction off": lambda talk: actions.react(talk.school.student, talk.first.id, "👍", False),
    "read a part": lambda talk: actions.mark_read(talk.school.student, talk.group, 2),
    "read all": lambda talk: actions.mark_read(talk.school.student, talk.group, 3),
    "read by another": lambda talk: actions.mark_read(talk.school.tutor, talk.group, 3),
    "read, then more comes": lambda talk: [
        actions.mark_read(talk.school.student, talk.group, 2),
        say(talk.school.teacher, talk.group),
        say(talk.school.student, talk.group),
    ],
    "add a member": lambda talk: actions.add_member(talk.school.teacher, talk.group, talk.school.admin.pk),
    "remove a member": lambda talk: actions.remove_member(talk.school.teacher, talk.group, talk.school.parent.pk),
    "be removed": lambda talk: actions.remove_member(talk.school.teacher, talk.group, talk.school.student.pk),
    "leave": lambda talk: actions.leave(talk.school.student, talk.group),
    "be removed and come back": lambda talk: [
        actions.remove_member(talk.school.teacher, talk.group, talk.school.student.pk),
        say(talk.school.parent, talk.group, "while you were out"),
        actions.add_member(talk.school.teacher, talk.group, talk.school.student.pk),
        say(talk.school.parent, talk.group, "welcome back"),
    ],
    "the owner leaves": lambda talk: actions.leave(talk.school.teacher, talk.group),
    "rename": lambda talk: actions.rename(talk.school.teacher, talk.group, "Geometry"),
    "lock": lambda talk: actions.set_locked(talk.school.admin, talk.group, True),
    "lock and unlock": lambda talk: [
        actions.set_locked(talk.school.admin, talk.group, True),
        actions.set_locked(talk.school.admin, talk.group, False),
    ],
    "open a direct room": lambda talk: actions.open_direct_room(talk.school.tutor, talk.school.student.pk),
    "open one that exists": lambda talk: actions.open_direct_room(talk.school.teacher, talk.school.student.pk),
    "create a group": lambda talk: actions.create_group(
        talk.school.tutor, "Homework", [talk.school.student.pk, talk.school.parent.pk]
    ),
    "create a group and talk": lambda talk: say(
        talk.school.tutor, actions.create_group(talk.school.tutor, "Homework", [talk.school.student.pk]).id
    ),
    "a relation ends": lambda talk: Enrollment.objects.get(
        student=talk.school.student, teacher=talk.school.teacher
    ).delete(),
}


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("who", ["student", "teacher", "parent"])
def test_events_lead_where_reloading_does(talk: SimpleNamespace, action: str, who: str) -> None:
    assert_converges(lambda: ACTIONS[action](talk), getattr(talk.school, who))


def test_who_is_not_in_a_room_hears_nothing_of_it(talk: SimpleNamespace) -> None:
    received = assert_converges(
        lambda: [ACTIONS[name](talk) for name in ("send", "edit", "react", "rename", "add a member")],
        talk.school.other_teacher,
    )
    assert received == []


def test_what_changes_nothing_is_not_told(talk: SimpleNamespace) -> None:
    def repeat() -> None:
        actions.edit(talk.school.teacher, talk.first.id, "first, edited")
        actions.react(talk.school.student, talk.first.id, "👍", True)
        actions.react(talk.school.teacher, talk.first.id, "👍", False)
        actions.mark_read(talk.school.student, talk.group, 1)
        actions.mark_read(talk.school.student, talk.group, 0)
        actions.rename(talk.school.teacher, talk.group, " Algebra ")
        actions.add_member(talk.school.teacher, talk.group, talk.school.parent.pk)
        actions.set_locked(talk.school.admin, talk.group, False)

    assert assert_converges(repeat, talk.school.student) == []
