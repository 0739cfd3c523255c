"""Searching: in one's own rooms, whatever the case of letters."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.school import Browser, School, say
from vestnik.apps.chat import actions

pytestmark = pytest.mark.django_db


def found(user, query: str) -> list[str]:
    return [message["text"] for message in Browser(user).get(f"chat/search/?q={quote(query)}")["results"]]


def test_text_is_found_in_ones_own_rooms_the_newest_first(school: School, direct: int, group: int) -> None:
    say(school.teacher, direct, "Математика завтра")
    say(school.student, group, "а МАТЕМАТИКА сегодня?")
    say(school.student, group, "nothing")
    assert found(school.student, "математика") == ["а МАТЕМАТИКА сегодня?", "Математика завтра"]
    assert found(school.parent, "Матем") == ["а МАТЕМАТИКА сегодня?"]
    assert found(school.other_student, "матем") == []
    assert Browser()("GET", "chat/search/?q=hello")[0] == 401


def test_what_is_deleted_edited_or_left_behind_is_not_found(school: School, group: int) -> None:
    first, second = say(school.student, group, "secret one"), say(school.student, group, "secret two")
    actions.delete(school.student, first.id)
    actions.edit(school.student, second.id, "harmless")
    assert found(school.parent, "secret") == []
    assert found(school.parent, "harmless") == ["harmless"]
    actions.leave(school.parent, group)
    assert found(school.parent, "harmless") == []


@pytest.mark.parametrize(
    ("text", "query"),
    [("Всё ещё", "все еще"), ("Ёлка", "ёлк"), ("100% sure", "100%"), ("a_b", "a_b"), ("Straße", "STRASSE")],
)
def test_letters_are_compared_as_people_do(school: School, direct: int, text: str, query: str) -> None:
    say(school.student, direct, text)
    say(school.student, direct, "axb 1000")
    assert found(school.student, query) == [text]


def test_results_are_in_pages(school: School, direct: int) -> None:
    for number in range(5):
        say(school.student, direct, f"page {number}")
    browser, texts, cursor = Browser(school.student), [], ""
    while cursor is not None:
        page = browser.get(f"chat/search/?q=page&limit=2&cursor={cursor}")
        texts += [message["text"] for message in page["results"]]
        cursor = page["next"]
    assert texts == [f"page {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "q"),
        ("q=", "q"),
        ("q=a", "q"),
        ("q=" + "x" * 101, "q"),
        ("q=a%00b", "q"),
        ("q=ab&limit=0", "limit"),
        ("q=ab&cursor=!", "cursor"),
    ],
)
def test_a_bad_search_is_refused_by_name(school: School, query: str, field: str) -> None:
    status, body = Browser(school.student)("GET", f"chat/search/?{query}")
    assert (status, list(body["error"]["fields"])) == (400, [field])
