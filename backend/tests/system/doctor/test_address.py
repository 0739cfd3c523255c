"""Which rule gives the address, and what can be wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vestnik.doctor.address import choose, parse
from vestnik.doctor.situation import Situation


@pytest.fixture(autouse=True)
def _in_development(settings: Any) -> None:
    settings.DEBUG = True


def situation(frontend: Path, url: str = "", **environ: str) -> Situation:
    return Situation(url=url, environ=environ, frontend=frontend, backend_port=8000)


def test_the_environment_wins_over_the_files(frontend):
    choice = choose({"VITE_WEBSOCKET_URL": "ws://a/ws"}, frontend, "development", "http://localhost:8080")
    assert (choice.url, choice.rule) == ("ws://a/ws", "VITE_WEBSOCKET_URL env var")
    assert choice.source == "VITE_WEBSOCKET_URL in the environment"


def test_the_file_of_the_mode_is_read_and_its_line_is_named(frontend):
    (frontend / ".env.development").write_text("# the socket\n\nVITE_WEBSOCKET_URL='ws://b:8080/ws'\n")
    choice = choose({}, frontend, "development", "http://localhost:8080")
    assert choice.url == "ws://b:8080/ws"
    assert choice.source == "VITE_WEBSOCKET_URL in frontend/.env.development, line 3"


def test_a_local_file_wins_over_the_common_one(frontend):
    (frontend / ".env.development.local").write_text("VITE_WEBSOCKET_URL=ws://mine:8080/ws # mine\n")
    assert choose({}, frontend, "development", "http://localhost:8080").url == "ws://mine:8080/ws"


def test_an_empty_variable_leaves_it_to_the_page(frontend):
    choice = choose({"VITE_WEBSOCKET_URL": ""}, frontend, "production", "https://school.example")
    assert (choice.url, choice.rule) == ("wss://school.example/ws", "window.location")


def test_without_any_front_end_the_page_decides():
    assert choose({}, None, "development", "http://localhost:8080").url == "ws://localhost:8080/ws"


def test_the_rule_and_the_final_address_are_reported(found, frontend):
    (finding,) = found("address", situation(frontend))
    assert finding.level == "ok"
    assert "uses ws://localhost:8080/ws, by VITE_WEBSOCKET_URL env var" in finding.sentence
    assert ".env.development, line 1" in finding.sentence


@pytest.mark.parametrize("url", ["localhost:8080/ws", "http://localhost:8080/ws", "ws:///ws", "ws://u:secret@host/ws"])
def test_what_is_no_socket_address_is_malformed(found, frontend, url):
    (finding,) = found("address", situation(frontend, url))
    assert (finding.level, finding.id) == ("error", "url-malformed")
    assert "secret" not in finding.sentence + finding.hint


def test_the_hint_names_the_line_to_change(found, frontend):
    (frontend / ".env.development").write_text("VITE_WEBSOCKET_URL=nonsense\n")
    (finding,) = found("address", situation(frontend))
    assert "change VITE_WEBSOCKET_URL in frontend/.env.development, line 1 to: VITE_WEBSOCKET_URL=ws://" in finding.hint


@pytest.mark.parametrize("url", ["ws://localhost:8080/ws", "ws://localhost:8080/ws/", "ws://localhost:8080/ws/chat/4/"])
def test_a_path_that_is_served_is_well(found, frontend, url):
    assert [finding.level for finding in found("path", situation(frontend, url))] == ["ok"]


@pytest.mark.parametrize("url", ["ws://localhost:8080", "ws://localhost:8080/", "ws://localhost:8080/wsx"])
def test_a_path_that_is_not_served_is_an_error(found, frontend, url):
    (finding,) = found("path", situation(frontend, url))
    assert (finding.level, finding.id) == ("error", "url-path-missing-ws")
    assert "VITE_WEBSOCKET_URL=ws://localhost:8080/ws" in finding.hint


def test_an_address_at_the_backend_bypasses_the_proxy(found, frontend):
    (finding,) = found("proxy_bypass", situation(frontend, VITE_WEBSOCKET_URL="ws://localhost:8000/ws"))
    assert (finding.level, finding.id) == ("error", "url-bypasses-proxy")
    assert "change VITE_WEBSOCKET_URL in the environment to: VITE_WEBSOCKET_URL=ws://localhost:8080/ws" in finding.hint


def test_an_address_at_the_page_does_not(found, frontend):
    assert [finding.level for finding in found("proxy_bypass", situation(frontend))] == ["ok"]


def test_an_unencrypted_socket_on_an_encrypted_page_is_refused(found, frontend, settings):
    settings.SECURE_SSL_REDIRECT = True
    (finding,) = found("scheme", situation(frontend, "ws://school.example/ws"))
    assert (finding.level, finding.id) == ("error", "insecure-url-on-secure-page")
    assert finding.hint.endswith("VITE_WEBSOCKET_URL=wss://school.example/ws")


def test_an_encrypted_socket_is_well(found, frontend, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert [finding.level for finding in found("scheme", situation(frontend, "wss://school.example/ws"))] == ["ok"]


def test_the_placeholder_is_a_note_in_development_and_a_warning_in_production(found, frontend, settings):
    (finding,) = found("production_address", situation(frontend))
    assert finding.level == "ok"
    assert "replace it before you build" in finding.sentence
    settings.DEBUG = False
    (finding,) = found("production_address", situation(frontend))
    assert (finding.level, finding.id) == ("warn", "placeholder-domain")
    assert ".env.production, line 1" in finding.hint


@pytest.mark.parametrize(
    ("value", "reason"),
    [("ws://school.example/ws", "insecure-url-on-secure-page"), ("school.example/ws", "url-malformed")],
)
def test_a_production_address_that_cannot_work_is_an_error(found, frontend, value, reason):
    (frontend / ".env.production").write_text(f"VITE_WEBSOCKET_URL={value}\n")
    (finding,) = found("production_address", situation(frontend))
    assert (finding.level, finding.id) == ("error", reason)


def test_default_ports_are_not_written_out():
    assert parse("wss://school.example/ws").netloc == "school.example"
    assert parse("ws://school.example:80/ws").url == "ws://school.example/ws"
    assert parse("ws://[::1]:8080/ws").origin == "http://[::1]:8080"
