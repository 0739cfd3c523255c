"""The backend and the page's own server: absent, foreign, unwell, of the wrong kind, or not passing sockets on."""

from __future__ import annotations

from typing import Any

import pytest

from vestnik.doctor.network import Reach, reach

VITE = {"/@vite/client": (200, {"Content-Type": "text/javascript"}, "// vite")}


@pytest.fixture(autouse=True)
def _in_development(settings: Any) -> None:
    settings.DEBUG = True
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1"]


# The backend -----------------------------------------------------------------------------------------------------


def test_nothing_on_the_backends_port_is_backend_down(found, look, free_port):
    (finding,) = found("backend", look(backend=free_port))
    assert (finding.level, finding.id) == ("error", "backend-down")
    assert "connection refused" in finding.sentence
    assert finding.hint == f"run: cd backend && python manage.py runserver {free_port}"


def test_a_backend_that_answers_is_well(found, look, backend):
    (finding,) = found("backend", look(backend=backend.port))
    assert finding.level == "ok"
    assert "ms" in finding.sentence


def test_a_program_that_never_answers_is_another_program(found, look, silent_server):
    (finding,) = found("backend", look(backend=silent_server))
    assert (finding.level, finding.id) == ("error", "backend-is-another-program")
    assert "no answer within" in finding.sentence
    assert "(process " in finding.sentence


def test_a_program_without_healthz_is_another_program(found, look, http_server):
    (finding,) = found("backend", look(backend=http_server({})))
    assert (finding.level, finding.id) == ("error", "backend-is-another-program")
    assert "HTTP 404" in finding.sentence


def test_a_backend_that_answers_503_is_unhealthy(found, look, backend):
    backend.health = 503
    (finding,) = found("backend", look(backend=backend.port))
    assert (finding.level, finding.id) == ("error", "backend-unhealthy")


def test_a_backend_on_another_machine_is_not_looked_for_here(found, look):
    assert found("backend", look(url="wss://school.example/ws")) == []


# WSGI ------------------------------------------------------------------------------------------------------------


def test_an_upgrade_answered_with_a_page_is_wsgi(found, look, wsgi_server):
    (finding,) = found("asgi", look(backend=wsgi_server))
    assert (finding.level, finding.id) == ("error", "not-asgi")
    assert "HTTP 404" in finding.sentence
    assert "runserver" in finding.hint


def test_a_missing_daphne_is_named_as_the_line_to_add(found, look, wsgi_server, settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "daphne"]
    (finding,) = found("asgi", look(backend=wsgi_server))
    assert finding.id == "not-asgi"
    assert finding.hint.startswith('Make "daphne" the first entry of INSTALLED_APPS and restart:')


def test_daphne_below_staticfiles_is_named_too(found, look, wsgi_server, settings):
    settings.INSTALLED_APPS = [*(app for app in settings.INSTALLED_APPS if app != "daphne"), "daphne"]
    (finding,) = found("asgi", look(backend=wsgi_server))
    assert finding.hint.startswith('Make "daphne" the first entry of INSTALLED_APPS and restart:')


def test_settings_without_daphne_are_told_before_the_server_runs(found, look, free_port, settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "daphne"]
    (finding,) = found("asgi", look(backend=free_port))
    assert (finding.level, finding.id) == ("warn", "not-asgi")


def test_settings_that_make_no_sense_are_told_by_the_ids_of_the_system_checks(found, look, settings):
    assert [finding.level for finding in found("configuration", look())] == ["ok"]
    settings.VESTNIK = {"PING_INTERVALL": 3}
    (finding,) = found("configuration", look())
    assert (finding.level, finding.id) == ("error", "vestnik.E001")


def test_a_backend_that_upgrades_speaks_asgi(found, look, backend):
    assert [finding.level for finding in found("asgi", look(backend=backend.port))] == ["ok"]


# The page's own server -------------------------------------------------------------------------------------------


def test_nothing_on_the_pages_port_is_page_server_down(found, look, free_port):
    (finding,) = found("page_server", look(page=free_port))
    assert (finding.level, finding.id) == ("error", "page-server-down")
    assert finding.hint == "run: cd frontend && npm run dev"


def test_vite_is_recognised(found, look, http_server):
    (finding,) = found("page_server", look(page=http_server(VITE)))
    assert finding.level == "ok"
    assert finding.sentence.startswith("Vite answers")


def test_another_program_on_the_pages_port_is_told(found, look, http_server):
    (finding,) = found("page_server", look(page=http_server({"/": (200, {}, "hello")})))
    assert (finding.level, finding.id) == ("error", "page-server-is-another-program")
    assert "make run FRONTEND_PORT=" in finding.hint


def test_a_silent_program_on_the_pages_port_is_told(found, look, silent_server):
    (finding,) = found("page_server", look(page=silent_server))
    assert finding.id == "page-server-is-another-program"


def test_another_server_that_passes_sockets_on_is_well(found, look, backend, relay):
    (finding,) = found("page_server", look(page=relay(backend.port)))
    assert finding.level == "ok"


def test_a_name_that_cannot_be_resolved_is_told(found, look):
    assert reach("no-such-host.invalid", 80) is Reach.UNKNOWN_NAME
    (finding,) = found("page_server", look(url="wss://no-such-host.invalid/ws"))
    assert finding.id == "page-server-down"
    assert "cannot be resolved" in finding.sentence


# The proxy -------------------------------------------------------------------------------------------------------


def test_a_proxy_that_passes_sockets_on_is_well(found, look, backend, relay):
    (finding,) = found("proxy", look(page=relay(backend.port), backend=backend.port))
    assert finding.level == "ok"
    assert "ms" in finding.sentence


def test_a_proxy_that_does_not_upgrade_is_told_with_the_line_for_vite(found, look, backend, http_server):
    (finding,) = found("proxy", look(page=http_server(VITE), backend=backend.port))
    assert (finding.level, finding.id) == ("error", "proxy-does-not-upgrade")
    assert f'"/ws": {{ target: "ws://127.0.0.1:{backend.port}", ws: true }}' in finding.hint


def test_a_proxy_that_keeps_silent_is_told(found, look, backend, silent_server):
    """Vite without the entry for /ws does that: its own socket server waits for somebody else."""
    (finding,) = found("proxy", look(page=silent_server, backend=backend.port))
    assert finding.id == "proxy-does-not-upgrade"
    assert "no answer within" in finding.sentence


def test_nginx_gets_the_lines_for_nginx(found, look, backend, http_server):
    (finding,) = found("proxy", look(page=http_server({}, otherwise=400, name="nginx/1.22"), backend=backend.port))
    assert "proxy_set_header Upgrade $http_upgrade" in finding.hint


def test_a_proxy_that_looks_for_the_backend_elsewhere_is_told(found, look, backend, http_server):
    (finding,) = found("proxy", look(page=http_server(VITE, otherwise=502), backend=backend.port))
    assert finding.id == "proxy-does-not-upgrade"
    assert f"BACKEND_PORT={backend.port} npm run dev" in finding.hint


def test_a_proxy_that_changes_the_origin_is_told(found, look, backend, http_server):
    (finding,) = found("proxy", look(page=http_server(VITE, otherwise=403), backend=backend.port))
    assert finding.id == "origin-refused"
    assert "changeOrigin: false" in finding.hint


def test_the_proxy_is_not_blamed_for_a_backend_that_is_down(found, look, http_server, free_port):
    assert found("proxy", look(page=http_server(VITE, otherwise=502), backend=free_port)) == []


# Host and origin -------------------------------------------------------------------------------------------------


def test_an_origin_that_is_not_allowed_is_told_with_the_line_to_set(found, look, backend, free_port, settings):
    backend.origin = "https://school.example"
    settings.VESTNIK = {"ALLOWED_ORIGINS": ["https://school.example"]}
    (finding,) = found("origin", look(page=free_port, backend=backend.port))
    assert (finding.level, finding.id) == ("error", "origin-refused")
    assert f"ALLOWED_ORIGINS=https://school.example,http://127.0.0.1:{free_port}" in finding.hint


def test_an_allowed_origin_is_well(found, look, backend, free_port):
    backend.origin = f"http://127.0.0.1:{free_port}"
    assert [finding.level for finding in found("origin", look(page=free_port, backend=backend.port))] == ["ok"]


def test_a_host_that_django_does_not_know_is_told_with_the_line_to_set(found, look):
    (finding,) = found("allowed_hosts", look(url="wss://school.example/ws"))
    assert (finding.level, finding.id) == ("error", "host-refused")
    assert "ALLOWED_HOSTS=localhost,127.0.0.1,school.example" in finding.hint


def test_a_running_server_with_other_hosts_than_these_settings_is_told(found, look, backend, free_port):
    backend.hosts = {f"127.0.0.1:{backend.port}"}
    (finding,) = found("allowed_hosts", look(page=free_port, backend=backend.port))
    assert (finding.level, finding.id) == ("error", "host-refused")
    assert "started with other ALLOWED_HOSTS" in finding.sentence


def test_a_known_host_is_well(found, look, backend):
    assert [finding.level for finding in found("allowed_hosts", look(backend=backend.port))] == ["ok"]


# The handshake ---------------------------------------------------------------------------------------------------


def test_the_handshake_is_timed(found, look, backend):
    (finding,) = found("handshake", look(backend=backend.port))
    assert finding.level == "ok"
    assert "ms" in finding.sentence


@pytest.mark.parametrize(
    ("status", "reason"),
    [(401, "handshake-unauthorized"), (429, "rate-limited"), (503, "server-draining"), (500, "refused")],
)
def test_each_refusal_of_a_handshake_has_its_reason(found, look, backend, status, reason):
    backend.refusal = status
    (finding,) = found("handshake", look(backend=backend.port))
    assert (finding.level, finding.id) == ("error", reason)


def test_a_token_that_is_answered_401_in_the_handshake_is_told_and_not_printed(found, look, backend):
    backend.credential_refusal = 401
    findings = found("handshake", look(backend=backend.port, token="a-secret-token"))
    assert [(finding.level, finding.id) for finding in findings] == [
        ("ok", "handshake"),
        ("error", "handshake-unauthorized"),
    ]
    assert "a-secret-token" not in str(findings)


def test_a_token_that_is_taken_in_the_handshake_is_well(found, look, backend):
    findings = found("handshake", look(backend=backend.port, token="a-secret-token"))
    assert [finding.level for finding in findings] == ["ok", "ok"]
