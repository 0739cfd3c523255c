"""The documentation as the tests read it: links, anchors, fenced blocks, tables."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[3]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]


class Block(NamedTuple):
    """A fenced block: its language, and its text."""

    language: str
    text: str


@cache
def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@cache
def prose_of(page: Path) -> str:
    """The page without its fenced blocks."""
    return re.sub(r"^( *)```.*?^\1```$", "", text_of(page), flags=re.MULTILINE | re.DOTALL)


def blocks_of(page: Path) -> list[Block]:
    found = re.findall(r"^( *)```(\w*)\n(.*?)^\1```$", text_of(page), flags=re.MULTILINE | re.DOTALL)
    return [Block(language, text) for _, language, text in found]


def links_of(page: Path) -> list[str]:
    """Targets of links and pictures, as written."""
    return re.findall(r"\]\(([^)\s]+)\)", prose_of(page))


def ids_of(page: Path) -> list[str]:
    """Anchors that are written out, in order."""
    return re.findall(r'<a id="([^"]+)"></a>', prose_of(page))


def anchors_of(page: Path) -> set[str]:
    """All that a link into the page may name: written out, or made from headings as GitHub does it."""
    headings = re.findall(r"^#+ +(.*?)\s*$", prose_of(page), flags=re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return set(ids_of(page)) | {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def rows_of(page: Path) -> list[list[str]]:
    """Cells of all tables, without their heads."""
    rows = [line for line in prose_of(page).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]
    rules = [number for number, row in enumerate(cells) if all(re.fullmatch(r":?-+:?", cell) for cell in row)]
    heads = {number - 1 for number in rules}
    return [row for number, row in enumerate(cells) if number not in heads and number not in rules]


def codes_in(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)
