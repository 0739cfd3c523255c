"""A strict client of the JSON protocol, for tests: it knows nothing of our codecs and forgives nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, NoReturn, TypeVar

from vestnik.testing.line import ASGIApplication, AsgiLine, Line, LineClosed, SocketLine

Json = dict[str, Any]
_T = TypeVar("_T")

PATIENCE = 5.0  # seconds; a good answer takes milliseconds, a loaded test machine may take a thousand times that

_PUSHES = {"pub", "join", "leave", "unsubscribe", "message", "subscribe", "disconnect", "refresh"}
_APPLICATION_DATA = {"data", "conn_info", "chan_info", "tags"}


class ProtocolViolation(AssertionError):
    """The server said something that the protocol does not allow."""


class Refused(Exception):
    """A command was answered with an error."""

    def __init__(self, code: int, message: str, *, temporary: bool = False) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.temporary = temporary


class Closed(Exception):
    """The connection ended while something else was waited for."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class Peer:
    """One connection of one client. All waits have a deadline and end at once when the connection does.

    Everything that comes in is checked: each line is an object with one meaning, answers are to commands that were
    asked and come once, zero values are absent, and the offsets of a channel go up by one.

    Example::

        async with await Peer.connect(url, token=token) as peer:
            await peer.subscribe("chat:42", recoverable=True)
            await peer.rpc("chat.send", {"room": 42, "client_id": client_id, "text": "hello"})
            push = await peer.next_push("chat:42")
            assert push["pub"]["data"]["message"]["text"] == "hello"

    Attributes:
        session: The result of ``connect``; empty before.
        pings: How many pings came.
        disconnect: The ``disconnect`` push, if one came before the close.
        answers_pings: Set to ``False`` to play dead.
    """

    def __init__(self, line: Line) -> None:
        self.session: Json = {}
        self.pings = 0
        self.disconnect: Json | None = None
        self.answers_pings = True
        self._line = line
        self._last_id = 0
        self._waiting: dict[int, tuple[str, str]] = {}  # the method and the channel of what was asked
        self._replies: dict[int, Json] = {}
        self._pushes: list[Json] = []
        self._unread: list[Json] = []
        self._offsets: dict[str, int] = {}
        self._end: LineClosed | None = None
        self._violation: BaseException | None = None
        self._changed = asyncio.Event()
        self._reader = asyncio.create_task(self._read())

    # Coming and going --------------------------------------------------------------------------------------------

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        app: ASGIApplication | None = None,
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
        within: float = PATIENCE,
    ) -> Peer:
        """Shake hands, and say nothing yet.

        Args:
            url: Where the server is. With ``app`` only host, path and query count.
            app: An ASGI application to talk to directly, in this loop, instead of over a socket.
            headers: Sent along, such as ``Authorization``.
            origin: The ``Origin`` of a page, as a browser would send it.
            within: Seconds that the handshake may take.

        Raises:
            HandshakeRefused: The server answered with an HTTP status.
            OSError: It cannot be reached.
        """
        if app is not None:
            return cls(await AsgiLine.open(app, url, headers=headers or {}, origin=origin, within=within))
        return cls(await SocketLine.open(url, headers=headers or {}, origin=origin, within=within))

    @classmethod
    async def connect(
        cls,
        url: str,
        *,
        token: str = "",
        app: ASGIApplication | None = None,
        headers: Mapping[str, str] | None = None,
        origin: str | None = None,
        within: float = PATIENCE,
        **params: Any,
    ) -> Peer:
        """Shake hands and sign in; further ``params`` go into the ``connect`` command.

        Raises:
            HandshakeRefused: As from ``open``.
            Refused: The command was answered with an error.
            Closed: It was answered by closing.
        """
        peer = await cls.open(url, app=app, headers=headers, origin=origin, within=within)
        try:
            await peer.sign_in(token, within=within, **params)
        except BaseException:
            await peer.close()
            raise
        return peer

    async def sign_in(self, token: str = "", *, within: float = PATIENCE, **params: Any) -> Json:
        """Send ``connect``; its result is kept in ``session`` as well."""
        self.session = await self.result("connect", within=within, **({"token": token} if token else {}), **params)
        return self.session

    async def close(self, code: int = 1000) -> None:
        """Leave; a violation that nobody has seen yet is raised now. Idempotent."""
        await self._line.close(code)
        await self._stop_reading()
        if self._violation is not None:
            violation, self._violation = self._violation, None
            raise violation

    async def vanish(self) -> None:
        """Be gone without a goodbye, as when signal is lost."""
        await self._line.abort()
        await self._stop_reading()

    async def __aenter__(self) -> Peer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    # Asking ------------------------------------------------------------------------------------------------------

    async def post(self, method: str, /, **params: Any) -> int:
        """Send a command without waiting; returns its id for ``reply``. (``send`` has no id and gets no reply.)"""
        (command_id,) = await self.post_all((method, params))
        return command_id

    async def post_all(self, *commands: tuple[str, Mapping[str, Any]]) -> list[int]:
        """Send several commands in one frame, as SDKs do when they connect; returns their ids."""
        ids, lines = [], []
        for method, params in commands:
            command: Json = {method: dict(params)}
            if method != "send":
                self._last_id += 1
                self._waiting[self._last_id] = (method, params.get("channel", ""))
                command = {"id": self._last_id, **command}
            ids.append(self._last_id)
            lines.append(json.dumps(command, ensure_ascii=False))
        await self.send_raw("\n".join(lines))
        return ids

    async def reply(self, command_id: int, *, within: float = PATIENCE) -> Json:
        """Wait for the reply to a posted command: ``{"id": …, "subscribe": {…}}`` or ``{"id": …, "error": {…}}``."""
        return await self._until(
            lambda: self._replies.pop(command_id, None), within, f"a reply to command {command_id}"
        )

    async def command(self, method: str, /, *, within: float = PATIENCE, **params: Any) -> Json:
        """Send a command and wait for its reply, whether good or an error."""
        return await self.reply(await self.post(method, **params), within=within)

    async def result(self, method: str, /, *, within: float = PATIENCE, **params: Any) -> Json:
        """Send a command and wait for its result.

        Raises:
            Refused: It was an error.
        """
        reply = await self.command(method, within=within, **params)
        error = reply.get("error")
        if error is not None:
            raise Refused(error["code"], error["message"], temporary=error.get("temporary", False))
        result: Json = reply[method]
        return result

    async def subscribe(self, channel: str, *, within: float = PATIENCE, **params: Any) -> Json:
        """Subscribe; returns the result. For resuming: ``recover=True, epoch=…, offset=…``."""
        return await self.result("subscribe", within=within, channel=channel, **params)

    async def rpc(self, method: str, data: Any = None, *, within: float = PATIENCE) -> Any:
        """Call a remote procedure; returns its data."""
        result = await self.result("rpc", within=within, method=method, **({} if data is None else {"data": data}))
        return result.get("data")

    async def send_raw(self, frame: str | bytes) -> None:
        """Send a frame as it is: text as a text message, bytes as a binary one."""
        try:
            await self._line.send(frame)
        except LineClosed as error:
            raise Closed(error.code, error.reason) from error

    # Being told --------------------------------------------------------------------------------------------------

    def pushes(self, channel: str | None = None) -> list[Json]:
        """All pushes so far (of one channel), in order, read or not."""
        return [push for push in self._pushes if channel is None or push.get("channel") == channel]

    def publications(self, channel: str) -> list[Any]:
        """The data of all live publications of a channel so far, in order."""
        return [push["pub"]["data"] for push in self.pushes(channel) if "pub" in push]

    async def next_push(self, channel: str | None = None, *, kind: str | None = None, within: float = PATIENCE) -> Json:
        """Wait for the next push that was not returned before (of this channel, of this kind such as ``pub``)."""

        def take() -> Json | None:
            for index, push in enumerate(self._unread):
                if (channel is None or push.get("channel") == channel) and (kind is None or kind in push):
                    return self._unread.pop(index)
            return None

        return await self._until(take, within, f"{kind or 'push'} on {channel or 'any channel'}")

    async def wait_closed(self, *, within: float = PATIENCE) -> tuple[int, str]:
        """Wait until the server closes; returns code and reason.

        Where the server gave the reason in a ``disconnect`` push only (Daphne drops that of the close frame), code and
        reason are from there.
        """
        try:
            await self._until(lambda: None, within, "close")
        except Closed as error:
            if self.disconnect is not None:
                return self.disconnect["code"], self.disconnect["reason"]
            return error.code, error.reason
        raise AssertionError("unreachable")

    async def wait_for_ping(self, *, within: float = PATIENCE) -> None:
        """Wait until one more ping has come."""
        before = self.pings
        await self._until(lambda: self.pings > before or None, within, "ping")

    # Reading -----------------------------------------------------------------------------------------------------

    async def _until(self, ready: Callable[[], _T | None], within: float, what: str) -> _T:
        """Wait until ``ready`` returns something."""
        try:
            async with asyncio.timeout(within):
                while True:
                    found = ready()
                    if found is not None:
                        return found
                    if self._violation is not None:
                        violation, self._violation = self._violation, None
                        raise violation
                    if self._end is not None:
                        raise Closed(self._end.code, self._end.reason)
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(f"no {what} within {within} s; unread pushes: {self._unread}") from None

    async def _read(self) -> None:
        try:
            while True:
                frame = await self._line.receive()
                for message in _messages(frame):
                    await self._take(message)
                self._changed.set()
        except LineClosed as error:
            self._end = error
        except Exception as error:  # kept for whoever waits next
            self._violation = error
        finally:
            self._changed.set()

    async def _stop_reading(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)
        self._end = self._end or LineClosed(1006, "closed by the peer itself")
        self._changed.set()

    async def _take(self, message: Json) -> None:
        if self.disconnect is not None:
            _violated("something followed the disconnect push", message)
        if not message:
            self.pings += 1
            if self.answers_pings:
                await self._line.send("{}")
        elif "push" in message:
            self._take_push(message)
        else:
            self._take_reply(message)

    def _take_reply(self, reply: Json) -> None:
        asked = self._waiting.pop(reply.get("id", 0), None)
        if asked is None:
            _violated("a reply to a command that was not asked, or was answered already", reply)
        method, channel = asked
        _check_keys(reply, {"id"}, {"error", method})
        if "error" in reply and not (reply["error"].get("code") and reply["error"].get("message")):
            _violated("an error without code or message", reply)
        if "subscribe" in reply:
            self._begin(channel, reply["subscribe"])
        elif "unsubscribe" in reply:
            self._offsets.pop(channel, None)
        elif "connect" in reply:
            for subscribed, result in reply["connect"].get("subs", {}).items():
                self._begin(subscribed, result)
        self._replies[reply["id"]] = reply

    def _take_push(self, message: Json) -> None:
        _check_keys(message, set(), {"push"})
        push = message["push"]
        _check_keys(push, {"channel"}, _PUSHES)
        channel = push.get("channel", "")
        if "disconnect" in push:
            self.disconnect = push["disconnect"]
        elif not channel and not ("message" in push or "refresh" in push):
            _violated("a push without channel", message)
        if "subscribe" in push:
            self._begin(channel, push["subscribe"])
        if "unsubscribe" in push:
            self._offsets.pop(channel, None)
        if "pub" in push:
            self._follow(channel, push["pub"])
        self._pushes.append(push)
        self._unread.append(push)

    def _begin(self, channel: str, result: Json) -> None:
        """Remember where in its stream the channel is, from the result of subscribing."""
        self._offsets.pop(channel, None)
        if result.get("positioned") or result.get("recoverable"):
            self._offsets[channel] = result.get("offset", 0)
        for publication in result.get("publications", []):
            self._follow(channel, publication)

    def _follow(self, channel: str, publication: Json) -> None:
        offset, last = publication.get("offset"), self._offsets.get(channel)
        if offset is None or last is None:
            return
        if offset != last + 1:
            _violated(f"offset {offset} of {channel} after {last}", publication)
        self._offsets[channel] = offset


def _messages(frame: str | bytes) -> list[Json]:
    if not isinstance(frame, str):
        _violated("a binary message in the JSON protocol", frame)
    messages = []
    for line in frame.split("\n"):
        try:
            message = json.loads(line)
        except ValueError as error:
            raise ProtocolViolation(f"a line that is not JSON: {line!r}") from error
        if not isinstance(message, dict):
            _violated("a line that is not an object", line)
        _check_no_zeroes(message, message)
        messages.append(message)
    return messages


def _check_keys(message: Json, always: set[str], one_of: set[str]) -> None:
    kinds = set(message) - always
    if len(kinds) != 1 or not kinds <= one_of:
        _violated(f"expected one of {sorted(one_of)}", message)


def _check_no_zeroes(value: Json, whole: Json) -> None:
    """Zero values of the protocol's own fields are omitted; empty objects are results, and are not."""
    for name, member in value.items():
        if name in _APPLICATION_DATA:
            continue
        if member is None or member is False or member in (0, "", []):
            _violated(f"the zero value of {name!r} is written out", whole)
        if isinstance(member, dict):
            _check_no_zeroes(member, whole)
        elif isinstance(member, list):
            for item in member:
                _check_no_zeroes(item, whole)


def _violated(what: str, where: object) -> NoReturn:
    raise ProtocolViolation(f"{what}: {where!r}")
