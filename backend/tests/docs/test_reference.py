"""Reference lists what is there, all of it and nothing else."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.management import get_commands
from django.urls import URLPattern, URLResolver, get_resolver

import vestnik
from tests.support.pages import DOCS, PAGES, ROOT, blocks_of, codes_in, prose_of, rows_of, text_of
from vestnik.apps.conf import VestnikSettings, vestnik_settings
from vestnik.apps.eventlog.events import Event
from vestnik.wiring import build_namespaces, build_procedures

REFERENCE = DOCS / "en" / "reference"
BACKEND = ROOT / "backend"
FRONTEND = ROOT / "frontend"


def first_codes(page: Path, start: str = "") -> list[str]:
    """What stands in backticks at the beginning of the rows of tables."""
    return [code for row in rows_of(page) for code in codes_in(row[0])[:1] if code.startswith(start)]


# Settings --------------------------------------------------------------------------------------------------------


def test_the_table_of_settings_lists_every_key_with_its_default():
    listed = {
        codes_in(row[0])[0]: codes_in(row[1]) for row in rows_of(REFERENCE / "settings.md")[: count_of_settings()]
    }
    defaults = VestnikSettings()
    for field in VestnikSettings.__struct_fields__:
        (written,) = listed.pop(field.upper())
        value = getattr(defaults, field)
        assert written.strip('"') == str(value), field
    assert listed == {}


def count_of_settings() -> int:
    return len(VestnikSettings.__struct_fields__)


def test_every_variable_that_the_project_reads_is_listed():
    source = (BACKEND / "src" / "vestnik" / "config" / "settings.py").read_text()
    read = set(re.findall(r'\benv\.\w+\(\s*"([A-Z_]+)"', source))
    read |= set(
        re.findall(r'process\.env\.([A-Z_]+)|portFrom\("([A-Z_]+)"', (FRONTEND / "vite.config.ts").read_text())[0]
    )
    listed = set(first_codes(REFERENCE / "settings.md"))
    assert read - {""} <= listed


# HTTP and the socket ---------------------------------------------------------------------------------------------


def served_paths() -> Iterator[tuple[str, str]]:
    """``(method, path)`` of everything under /api, and of the pages for machines."""

    def walk(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, prefix + str(pattern.pattern))
            elif isinstance(pattern, URLPattern):
                yield prefix + str(pattern.pattern), pattern.callback

    for path, view in walk(get_resolver().url_patterns, "/"):
        if path.startswith("/admin") or "^" in path:
            continue
        documented = re.sub(r"<\w+:(\w+)>", r"<\1>", path)
        kind = getattr(view, "view_class", None)
        for method in ("get", "post", "put", "patch", "delete") if kind else ("get",):
            if kind is None or hasattr(kind, method):
                yield method.upper(), documented


def test_every_operation_over_http_is_listed_and_no_other():
    listed = set()
    for row in rows_of(REFERENCE / "http-api.md"):
        if row[0][0].isupper():
            methods = re.findall(r"[A-Z]+", row[0].partition("`")[0])
            listed |= {(method, codes_in(row[0])[0]) for method in methods}
    assert listed == set(served_paths())


@pytest.mark.django_db
def test_every_procedure_and_namespace_is_listed_and_no_other():
    rows = rows_of(REFERENCE / "socket.md")
    first = [codes_in(row[0])[0] for row in rows]
    procedures = {code for code in first if re.fullmatch(r"[a-z]+\.[a-z]+|ping", code)}
    assert procedures == set(build_procedures().names())
    channels = {code.partition(":")[0] for code in first if code.endswith("_id>")}
    assert channels == {namespace.name for namespace in build_namespaces(vestnik_settings())}


def test_every_event_is_listed_and_no_other():
    def kinds(base: type[Event]) -> Iterator[type[Event]]:
        for kind in base.__subclasses__():
            yield kind
            yield from kinds(kind)

    of_apps = [kind for kind in kinds(Event) if re.match(r"vestnik\.apps\.(?!eventlog)", kind.__module__)]
    tags = {msgspec.inspect.type_info(kind).tag for kind in of_apps}  # type: ignore[union-attr]
    rows = [row for row in rows_of(REFERENCE / "socket.md") if re.fullmatch(r"`[a-z]+:`", row[0])]
    listed = {code.partition(" ")[0] for row in rows for code in codes_in(row[1])}
    assert listed == tags


# Checks, commands, dependencies ------------------------------------------------------------------------------------


def test_every_check_is_listed_and_no_other():
    source = "".join(path.read_text() for path in (BACKEND / "src").rglob("*.py"))
    used = set(re.findall(r'"(vestnik\.[EW]\d{3})"', source))
    assert set(first_codes(REFERENCE / "checks.md", "vestnik.")) == used


def test_every_command_of_ours_is_listed():
    ours = {name for name, app in get_commands().items() if app.startswith("vestnik.")}
    listed = {code.partition(" ")[0] for code in first_codes(REFERENCE / "commands.md")}
    assert ours <= listed


def test_make_and_its_list_of_commands_agree():
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {code.partition(" ")[2] for code in first_codes(REFERENCE / "commands.md", "make ")} == targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_that_a_page_tells_to_type_exist(page):
    shell = "\n".join(block.text for block in blocks_of(page) if block.language == "sh") + prose_of(page)
    commands = set(re.findall(r"manage\.py ([a-z_]+)", shell))
    assert commands <= set(get_commands()), page
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"\bmake ([a-z0-9]+)\b(?=[`\s]| [A-Z])", "\n".join(codes_in(shell)))) <= targets
    scripts = json.loads((FRONTEND / "package.json").read_text())["scripts"]
    assert set(re.findall(r"npm run ([a-z0-9:]+)", shell)) <= set(scripts)


def python_dependencies() -> set[str]:
    project = tomllib.loads((BACKEND / "pyproject.toml").read_text())
    groups = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    return {re.match(r"[A-Za-z0-9_-]+", line)[0] for group in groups for line in group}  # type: ignore[index]


def npm_dependencies() -> set[str]:
    names: set[str] = set()
    for manifest in (FRONTEND / "package.json", *FRONTEND.glob("packages/*/package.json")):
        content = json.loads(manifest.read_text())
        for kind in ("dependencies", "devDependencies", "peerDependencies"):
            names |= set(content.get(kind, {}))
    return names


def test_every_dependency_has_its_reason_and_no_other_is_listed():
    listed = first_codes(REFERENCE / "dependencies.md")
    assert len(listed) == len(set(listed))
    assert set(listed) == python_dependencies() | npm_dependencies()


# The page about the address ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("mode", ["development", "production"])
def test_the_address_of_each_mode_is_the_one_in_its_file(language, mode):
    page = DOCS / language / "reference" / "websocket-configuration.md"
    shown = next(block.text for block in blocks_of(page) if f"frontend/.env.{mode}" in block.text)
    line = next(line for line in shown.splitlines() if line.startswith("VITE_WEBSOCKET_URL="))
    assert line in (FRONTEND / f".env.{mode}").read_text().splitlines()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_lines_on_the_console_are_those_that_the_client_writes(language):
    page = DOCS / language / "reference" / "websocket-configuration.md"
    sources = (FRONTEND / "packages" / "client" / "src").rglob("*.ts")
    client = "".join(path.read_text() for path in sources)
    shown = [code for row in rows_of(page) for code in codes_in(row[0]) if code.startswith("[")]
    assert len(shown) >= 8
    for line in shown:
        fixed = re.split(r" from …| \{|: [{…]", line)[0]
        assert fixed in client, line
    for rule in ("VITE_WEBSOCKET_URL env var", "window.location", "fallback"):
        assert f"[WebSocket Config] Using base URL from {rule}: " in text_of(page)
        assert f'"{rule}"' in client


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_lines_in_djangos_terminal_are_those_that_the_server_writes(language):
    page = DOCS / language / "reference" / "websocket-configuration.md"
    source = "".join(path.read_text() for path in (BACKEND / "src").rglob("*.py"))
    ours = ("handshake refused", "disconnected", "node started", "node draining", "node stopped")
    for line in (*ours, "the event log cannot be read: "):
        assert f"`{line}" in text_of(page)
        assert f'"{line}' in source, line


def test_versions_agree():
    versions = {json.loads((FRONTEND / "package.json").read_text())["version"]}
    versions |= {json.loads(path.read_text())["version"] for path in FRONTEND.glob("packages/*/package.json")}
    versions.add(tomllib.loads((BACKEND / "pyproject.toml").read_text())["project"]["version"])
    assert versions == {vestnik.__version__}
    assert f"\n## {vestnik.__version__}" in text_of(ROOT / "CHANGELOG.md")
