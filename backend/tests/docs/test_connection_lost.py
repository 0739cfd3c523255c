"""Every reason for "Connection lost" that anything of ours names is explained, in both languages."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from tests.support.pages import DOCS, ROOT, ids_of, prose_of
from vestnik.doctor.findings import CHECKS_PAGE, PAGE, Reason

ENGLISH = DOCS / "en" / "how-to" / "connection-lost.md"
RUSSIAN = DOCS / "ru" / "how-to" / "connection-lost.md"


def reasons_of_the_page() -> set[str]:
    """What the browser's diagnosis can come to, but for "ok"."""
    for source in sorted((ROOT / "frontend" / "packages" / "client" / "src").rglob("*.ts")):
        found = re.search(r"export type DiagnosisReason =\s*(.*?);", source.read_text(), re.DOTALL)
        if found:
            return set(re.findall(r'"([a-z-]+)"', found[1])) - {"ok"}
    raise AssertionError("the client declares no DiagnosisReason")


@pytest.mark.parametrize("page", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_every_reason_has_its_section_and_no_section_is_without_reason(page):
    assert set(ids_of(page)) == set(get_args(Reason)) | reasons_of_the_page()


def test_both_languages_have_the_same_sections_in_the_same_order():
    assert ids_of(ENGLISH) == ids_of(RUSSIAN)


@pytest.mark.parametrize("page", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_every_section_says_something_below_its_heading(page):
    for part in prose_of(page).split("<a id=")[1:]:
        heading, _, text = part.partition("\n### ")[2].partition("\n")
        assert heading
        assert len(text.split()) >= 8, heading


def test_the_page_is_titled_with_the_message_that_a_person_saw():
    assert prose_of(ENGLISH).startswith("# Connection lost\n")
    assert prose_of(RUSSIAN).startswith("# Connection lost («Соединение потеряно»)\n")


def test_the_doctor_links_to_pages_that_exist():
    assert (ROOT / PAGE) == ENGLISH
    assert (ROOT / CHECKS_PAGE).is_file()
