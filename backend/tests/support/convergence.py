"""The promise of chat: what a client has by a snapshot and the events after it is what a fresh snapshot shows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec
from django.contrib.auth.models import User

from tests.support.school import Browser
from vestnik.apps.eventlog.log import position_of
from vestnik.apps.eventlog.models import LoggedEvent


def assert_converges(action: Callable[[], object], user: User) -> list[dict[str, Any]]:
    """Run ``action`` while ``user`` looks on: applying its events must give what reloading the page would.

    Also, a client whose snapshot already holds the action, but whose position was taken before it, must not be misled
    by hearing of it again.

    Returns:
        The events that ``user`` received, in order.
    """
    watching, late = ChatClient(user), ChatClient(user)
    action()
    received = watching.catch_up()
    fresh = ChatClient(user)
    assert watching.state() == fresh.state()
    late.reload_without_position()
    late.catch_up()
    assert late.state() == fresh.state()
    return received


class ChatClient:
    """Keeps all rooms of a user and everything in them by events, as a browser does.

    What a client needs to know to do so is the content of :meth:`_apply`.
    """

    def __init__(self, user: User) -> None:
        self._browser = Browser(user)
        self._me = user.pk
        self._rooms: dict[int, dict[str, Any]] = {}
        self._messages: dict[int, dict[int, dict[str, Any]]] = {}  # room, seq
        position = position_of(f"user:#{self._me}")
        self._offsets = {f"user:#{self._me}": position.offset}
        for room in self._list():
            self._open(room)

    def reload_without_position(self) -> None:
        """Take a new snapshot, but go on from the old position: every event since is heard of a second time."""
        before = self._offsets
        self._rooms.clear()
        self._messages.clear()
        self._offsets = {f"user:#{self._me}": 0}
        for room in self._list():
            self._open(room)
        self._offsets.update({channel: offset for channel, offset in before.items() if channel in self._offsets})

    def state(self) -> dict[str, Any]:
        """All that a page could show, and up to where it is complete."""
        rooms = sorted(self._rooms.values(), key=_activity, reverse=True)
        without_position = [{name: value for name, value in room.items() if name != "position"} for room in rooms]
        for room in without_position:
            room["members"] = sorted(room["members"], key=lambda member: member["id"])
        messages = {room: [row for _, row in sorted(rows.items())] for room, rows in self._messages.items()}
        return {"rooms": without_position, "messages": messages, "offsets": self._offsets}

    def catch_up(self) -> list[dict[str, Any]]:
        """Apply everything that was logged since; returns it."""
        received: list[dict[str, Any]] = []
        is_behind = True
        while is_behind:
            before = len(received)
            for channel in list(self._offsets):
                if channel in self._offsets:  # a room may be gone by now
                    received += self._missed(channel)
            is_behind = len(received) > before
        return received

    def _list(self) -> list[dict[str, Any]]:
        page = self._browser.get("chat/rooms/")
        assert page["next"] is None
        assert page["results"] == sorted(page["results"], key=_activity, reverse=True), "not in the order of activity"
        return page["results"]

    def _open(self, room: dict[str, Any]) -> None:
        self._rooms[room["id"]] = room
        self._offsets[room["channel"]] = room["position"]["offset"]
        rows: list[dict[str, Any]] = []
        before = ""
        while True:
            page = self._browser.get(f"chat/rooms/{room['id']}/messages/?limit=100{before}")
            rows += page["results"]
            if page["next"] is None:
                break
            before = f"&before={page['next']}"
        self._messages[room["id"]] = {row["seq"]: row for row in rows}

    def _missed(self, channel: str) -> list[dict[str, Any]]:
        events = []
        rows = LoggedEvent.objects.filter(stream__channel=channel, offset__gt=self._offsets[channel])
        for offset, data in rows.order_by("offset").values_list("offset", "data"):
            assert offset == self._offsets[channel] + 1, f"a gap in {channel}"
            self._offsets[channel] = offset
            event = msgspec.json.decode(data)
            self._apply(channel, event)
            events.append(event)
        return events

    def _apply(self, channel: str, event: dict[str, Any]) -> None:
        if channel.startswith("user:"):
            self._apply_personal(event)
            return
        room_id = int(channel.partition(":")[2])
        room, messages = self._rooms[room_id], self._messages[room_id]
        match event["type"]:
            case "message.created":
                message = event["message"]
                messages.setdefault(message["seq"], message)
                if message["seq"] > (room["last_message"] or {"seq": 0})["seq"]:
                    room["last_message"] = message
                    room["unread"] += message["sender"]["id"] != self._me
            case "message.edited":
                self._replace(room_id, event["message"]["seq"], event["message"])
            case "message.deleted":
                gone = {"text": "", "attachments": [], "reactions": [], "deleted_at": event["deleted_at"]}
                self._replace(room_id, event["seq"], gone)
            case "reaction.changed":
                self._replace(room_id, event["seq"], {"reactions": event["reactions"]})
            case "read.moved":
                for member in room["members"]:
                    if member["id"] == event["user_id"]:
                        member["last_read_seq"] = max(member["last_read_seq"], event["seq"])
                if event["user_id"] == self._me and event["seq"] > room["last_read_seq"]:
                    room["last_read_seq"], room["unread"] = event["seq"], event["unread"]
            case "member.joined":
                others = [member for member in room["members"] if member["id"] != event["user"]["id"]]
                room["members"] = [*others, event["user"]]
            case "member.left":
                room["members"] = [member for member in room["members"] if member["id"] != event["user_id"]]
            case "room.updated":
                room.update(event["room"])
            case other:
                raise AssertionError(f"unknown event {other}")

    def _apply_personal(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "room.added":
                self._open(event["room"])
            case "room.removed":
                room = self._rooms.pop(event["room_id"], None)
                if room is not None:
                    del self._messages[room["id"]], self._offsets[room["channel"]]
            case "room.updated":
                # The chat channel tells the same facts in the order of the room; only what is personal counts here.
                if event["room"]["id"] in self._rooms:
                    self._rooms[event["room"]["id"]]["can_send"] = event["room"]["can_send"]
            case other:
                assert not other.startswith("room."), f"unknown event {other}"

    def _replace(self, room_id: int, seq: int, changes: dict[str, Any]) -> None:
        room, messages = self._rooms[room_id], self._messages[room_id]
        messages[seq] = {**messages[seq], **changes}
        if room["last_message"] is not None and room["last_message"]["seq"] == seq:
            room["last_message"] = messages[seq]


def _activity(room: dict[str, Any]) -> tuple[datetime, int]:
    latest = room["last_message"] or room
    return datetime.fromisoformat(latest["created_at"]), room["id"]
