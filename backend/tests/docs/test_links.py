"""Links lead somewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.pages import PAGES, ROOT, anchors_of, links_of


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files_and_anchors_that_exist(page: Path) -> None:
    broken = []
    for link in links_of(page):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            broken.append(f"{link}: no such file")
        elif anchor and anchor not in anchors_of(target):
            broken.append(f"{link}: no such anchor")
    assert not broken


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links_of(index)}
    pages = {page for page in PAGES if (ROOT / "docs") in page.parents and page != index}
    assert pages - linked == set()
