"""What answers at an address: nothing, silence, something over HTTP, or a WebSocket. Observes and does not judge."""

from __future__ import annotations

import contextlib
import http.client
import logging
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

import msgspec
from websockets.exceptions import InvalidMessage, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from vestnik.doctor.address import Address

PATIENCE = 1.2  # seconds for one exchange: two fit into a probe's three, and on one machine it takes milliseconds

_quiet = logging.getLogger("vestnik.doctor.websockets")
_quiet.addHandler(logging.NullHandler())
_quiet.propagate = False  # what goes wrong is told as a finding


class Reach(Enum):
    """What a TCP connection to an address came to."""

    OPEN = "accepts connections"
    REFUSED = "refuses connections"
    SILENT = "does not answer"
    UNKNOWN_NAME = "is a name that cannot be resolved"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back.

    Attributes:
        status: The HTTP status; 101 for an upgrade that succeeded, 0 when no HTTP came back.
        headers: Lower-case names.
        body: The first kilobyte.
        problem: When the status is 0: what happened instead.
        seconds: How long it took.
    """

    status: int = 0
    headers: Mapping[str, str] = {}
    body: str = ""
    problem: str = ""
    seconds: float = 0.0

    @property
    def is_websocket(self) -> bool:
        return self.status == 101

    @property
    def in_words(self) -> str:
        return f"HTTP {self.status}" if self.status else self.problem


def reach(host: str, port: int) -> Reach:
    try:
        with socket.create_connection((host, port), timeout=PATIENCE):
            return Reach.OPEN
    except socket.gaierror:
        return Reach.UNKNOWN_NAME
    except TimeoutError:
        return Reach.SILENT
    except OSError:
        return Reach.REFUSED


def get(address: Address, path: str, *, host: str = "", headers: Mapping[str, str] | None = None) -> Answer:
    """GET a path from the address's server, with another Host header and further headers if given."""
    kind = http.client.HTTPSConnection if address.is_secure else http.client.HTTPConnection
    connection = kind(address.host, address.port, timeout=PATIENCE)
    started = time.monotonic()
    try:
        connection.request("GET", path, headers={"Host": host or address.netloc, "Accept": "*/*", **(headers or {})})
        response = connection.getresponse()
        body = response.read(1024).decode("utf-8", "replace")
        answered = {name.lower(): value for name, value in response.getheaders()}
    except (OSError, http.client.HTTPException) as error:
        return Answer(problem=in_words(error), seconds=time.monotonic() - started)
    else:
        return Answer(status=response.status, headers=answered, body=body, seconds=time.monotonic() - started)
    finally:
        connection.close()


def upgrade(address: Address, *, origin: str, authorization: str = "") -> Answer:
    """Ask for a WebSocket as a page of ``origin`` would, and hang up again."""
    started = time.monotonic()
    try:
        with open_socket(address, origin=origin, authorization=authorization):
            return Answer(status=101, seconds=time.monotonic() - started)
    except InvalidStatus as error:
        response = error.response
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.raw_items()},
            body=(response.body or b"")[:1024].decode("utf-8", "replace"),
            seconds=time.monotonic() - started,
        )
    except InvalidMessage:
        # The library reads HTTP/1.1 only; what an older server says is worth knowing too.
        headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": origin}
        headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dmVzdG5pay1kb2N0b3IuLg=="}
        return get(address, address.path, headers=headers)
    except (OSError, EOFError, WebSocketException) as error:
        return Answer(problem=in_words(error), seconds=time.monotonic() - started)


@contextlib.contextmanager
def open_socket(address: Address, *, origin: str, authorization: str = "") -> Iterator[ClientConnection]:
    """An open WebSocket.

    Raises:
        InvalidStatus: The server answered the upgrade with another status than 101.
        OSError, EOFError, WebSocketException: It did not get that far.
    """
    headers = {"Authorization": authorization} if authorization else {}
    with connect(
        address.url,
        origin=Origin(origin),
        additional_headers=headers,
        open_timeout=PATIENCE,
        close_timeout=0.2,
        compression=None,
        ping_interval=None,
        proxy=None,
        logger=_quiet,
    ) as connection:
        yield connection


def in_words(error: BaseException) -> str:
    """A failure as a person on call would say it."""
    cause: BaseException | None = error
    while cause is not None:
        match cause:
            case ssl.SSLCertVerificationError():
                return f"the certificate is not trusted: {cause.verify_message}"
            case ssl.SSLError():
                return f"no TLS: {cause.reason}"
            case TimeoutError():
                return f"no answer within {PATIENCE} s"
            case ConnectionRefusedError():
                return "connection refused"
            case socket.gaierror():
                return "the name cannot be resolved"
            case ConnectionError() | EOFError():
                return "the connection was closed without an answer"
        cause = cause.__cause__ or cause.__context__
    return f"no valid HTTP came back ({type(error).__name__})"


def listeners(port: int) -> dict[int, str]:
    """Process ids and names of the programs here that listen on a TCP port, as far as the system tells."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                words = line.split()
                is_listening = words[3] == "0A"
                if is_listening and int(words[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{words[9]}]")
    found: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if inodes and any(str(entry.readlink()) in inodes for entry in (process / "fd").iterdir()):
                found[int(process.name)] = command_line(process)
    return found


def command_line(process: Path) -> str:
    """Program and script of an entry in ``/proc``; what follows may hold passwords."""
    program, *words = (process / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    script = [word for word in words[:1] if not word.startswith("-")]
    return " ".join([Path(program).name, *script])
