"""Small servers of every wrong kind, each on a free port of this machine."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import msgspec
import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from vestnik.core.findings import Finding
from vestnik.doctor.examination import examine
from vestnik.doctor.probes import PROBES
from vestnik.doctor.situation import Situation

Start = Callable[..., int]
Answers = dict[str, tuple[int, dict[str, str], str]]


@pytest.fixture
def closing() -> Iterator[contextlib.ExitStack]:
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def free_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def http_server(closing: contextlib.ExitStack) -> Start:
    """Starts a server that answers paths with ``(status, headers, body)`` and knows no upgrade."""

    def start(
        answers: dict[str, tuple[int, dict[str, str], str]], otherwise: int = 404, name: str = "something"
    ) -> int:
        class Handler(BaseHTTPRequestHandler):
            server_version, sys_version = name, ""

            def do_GET(self) -> None:
                status, headers, body = answers.get(self.path, (otherwise, {}, "no"))
                self.send_response(status)
                for header, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(header, value)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        _serve(server, closing)
        return int(server.server_address[1])

    return start


@pytest.fixture
def wsgi_server(closing: contextlib.ExitStack) -> int:
    """Django's pages over WSGI: /healthz is well, /ws is a page that is not there."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    def application(environ: dict[str, str], start_response: Callable[..., object]) -> list[bytes]:
        is_health = environ["PATH_INFO"] == "/healthz"
        start_response("200 OK" if is_health else "404 Not Found", [("Content-Type", "text/plain")])
        return [b"."]

    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    _serve(server, closing)
    return int(server.server_address[1])


def _serve(server: ThreadingHTTPServer, closing: contextlib.ExitStack) -> None:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    closing.callback(server.server_close)
    closing.callback(server.shutdown)


@pytest.fixture
def silent_server(closing: contextlib.ExitStack) -> int:
    """Accepts connections and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    closing.callback(listener.close)
    return int(listener.getsockname()[1])


class Backend:
    """A server of the client protocol whose behaviour a test sets before it looks.

    Attributes:
        origin: The only one that is let in; ``""`` for any.
        refusal: HTTP status of every upgrade instead of 101; 0 for none.
        credential_refusal: The same for upgrades with an Authorization header.
        health: HTTP status of /healthz.
        hosts: The Host headers that are answered with something better than 400; empty for any.
        error: Code of the error reply to ``connect``; 0 for none.
        disconnect: Code of a disconnect in place of a reply to ``connect``; 0 for none.
        ahead: Seconds by which its clock is ahead.
        version: What it says it is.
        subscribes: Whether it subscribes connections to the personal channel.
        delivers: Whether publications of this process reach its subscribers.
    """

    def __init__(self) -> None:
        self.origin = ""
        self.refusal = 0
        self.credential_refusal = 0
        self.health = 200
        self.hosts: set[str] = set()
        self.error = 0
        self.disconnect = 0
        self.ahead = 0.0
        self.version = ""
        self.subscribes = True
        self.delivers = True
        self.user = "1"
        self.tokens: list[str] = []
        self.connections: set[ServerConnection] = set()
        self.port = 0

    def answer_http(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.hosts and request.headers["Host"] not in self.hosts:
            return _response(400)
        if request.path == "/healthz":
            return _response(self.health)
        if request.path == "/@vite/client":
            return _response(404)
        if self.refusal:
            return _response(self.refusal)
        if self.credential_refusal and "Authorization" in request.headers:
            return _response(self.credential_refusal)
        if self.origin and request.headers.get("Origin") not in (self.origin, f"http://{request.headers['Host']}"):
            return _response(403)
        return None

    def talk(self, connection: ServerConnection) -> None:
        self.connections.add(connection)
        for frame in connection:
            command = msgspec.json.decode(frame)
            if "connect" in command:
                self.tokens.append(command["connect"].get("token", ""))
            for reply in self.replies(command):
                connection.send(msgspec.json.encode(reply).decode())
        self.connections.discard(connection)

    def replies(self, command: dict[str, object]) -> list[dict[str, object]]:
        number = command.get("id")
        if "connect" in command and self.disconnect:
            return [{"push": {"disconnect": {"code": self.disconnect, "reason": "go away"}}}]
        if "connect" in command and self.error:
            return [{"id": number, "error": {"code": self.error, "message": "no"}}]
        if "connect" in command:
            subs = {f"user:#{self.user}": {}} if self.subscribes else {}
            # A ping in between: what comes unasked must not be taken for the reply.
            return [{}, {"id": number, "connect": {"client": "c", "version": self.version, "subs": subs}}]
        if "rpc" in command:
            at = datetime.now(UTC) + timedelta(seconds=self.ahead)
            return [{"id": number, "rpc": {"data": {"at": at.isoformat()}}}]
        return []

    def publish(self, channel: str, data: bytes) -> None:
        if self.delivers:
            for connection in list(self.connections):
                push = {"push": {"channel": channel, "pub": {"data": msgspec.Raw(data), "offset": 1}}}
                connection.send(msgspec.json.encode(push).decode())


def _response(status: int) -> Response:
    return Response(status, HTTPStatus(status).phrase, Headers({"Content-Length": "0", "Server": "test"}), b"")


@pytest.fixture
def backend(closing: contextlib.ExitStack) -> Backend:
    """A backend that is well until a test makes it ill."""
    backend = Backend()
    server = serve(backend.talk, "127.0.0.1", 0, process_request=backend.answer_http, compression=None)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    closing.callback(server.shutdown)
    backend.port = server.socket.getsockname()[1]
    return backend


@pytest.fixture
def relay(closing: contextlib.ExitStack) -> Start:
    """Starts a proxy that passes everything on to a port, WebSockets included."""

    def start(target: int) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        sockets: list[socket.socket] = [listener]

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    one, _ = listener.accept()
                    other = socket.create_connection(("127.0.0.1", target))
                    sockets.extend([one, other])
                    for source, sink in ((one, other), (other, one)):
                        threading.Thread(target=_copy, args=(source, sink), daemon=True).start()

        def close() -> None:
            for each in sockets:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

        threading.Thread(target=accept, daemon=True).start()
        closing.callback(close)
        return int(listener.getsockname()[1])

    return start


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def frontend(tmp_path: Path) -> Path:
    """A front end's directory as a checkout has it."""
    directory = tmp_path / "frontend"
    directory.mkdir()
    (directory / ".env.development").write_text("VITE_WEBSOCKET_URL=ws://localhost:8080/ws\n")
    (directory / ".env.production").write_text("VITE_WEBSOCKET_URL=wss://yourdomain.com/ws\n")
    return directory


Look = Callable[..., Situation]


@pytest.fixture
def look(frontend: Path) -> Look:
    """Makes a situation: a page on one port, a backend on another."""

    def make(page: int = 8080, backend: int = 8000, **changes: object) -> Situation:
        options = {"url": f"ws://127.0.0.1:{page}/ws", "backend_port": backend, "environ": {}, "frontend": frontend}
        return Situation(**{**options, **changes})

    return make


@pytest.fixture
def found() -> Callable[[str, Situation], list[Finding]]:
    """What one probe finds."""

    def run(name: str, situation: Situation) -> list[Finding]:
        return [row.finding for row in examine(situation, {name: PROBES[name]})]

    return run
