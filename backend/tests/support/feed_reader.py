"""A client that keeps its own copy of a feed of notifications by events alone."""

from __future__ import annotations

from typing import Any

import msgspec

from vestnik.apps.eventlog.models import LoggedEvent


class Reader:
    """Applies the events of one feed to a snapshot, as a browser does."""

    def __init__(self, snapshot: dict[str, Any]) -> None:
        assert snapshot["next"] is None, "the snapshot must be whole"
        self.rows = {row["id"]: row for row in snapshot["results"]}
        self.counts = {"unseen": snapshot["unseen"], "unread": snapshot["unread"]}
        self.channel = snapshot["channel"]
        self.offset = snapshot["position"]["offset"]

    def catch_up(self) -> list[dict[str, Any]]:
        events = [msgspec.json.decode(event.data) for event in self._missed()]
        for event in events:
            self._apply(event)
        return events

    def _missed(self) -> list[LoggedEvent]:
        missed = list(
            LoggedEvent.objects.filter(stream__channel=self.channel, offset__gt=self.offset).order_by("offset")
        )
        if missed:
            self.offset = missed[-1].offset
        return missed

    def _apply(self, event: dict[str, Any]) -> None:
        match event["type"]:
            case "notification.created" | "notification.changed":
                self.rows[event["notification"]["id"]] = event["notification"]
            case "notifications.read_all":
                for row in self._up_to(event):
                    if row["read_at"] is None:
                        row["read_at"] = event["read_at"]
                        row["seen_at"] = row["seen_at"] or event["read_at"]
            case "notifications.seen_all":
                for row in self._up_to(event):
                    row["seen_at"] = row["seen_at"] or event["seen_at"]
            case "notifications.archived_all":
                for row in self._up_to(event):
                    row["archived_at"] = event["archived_at"]
            case other:
                raise AssertionError(f"unknown event {other}")
        self.counts = event["counts"]

    def _up_to(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        return [row for row in self.rows.values() if row["id"] <= event["up_to"] and row["archived_at"] is None]

    def feed(self) -> dict[str, Any]:
        live = [row for row in self.rows.values() if row["archived_at"] is None]
        live.sort(key=lambda row: (row["updated_at"], row["id"]), reverse=True)
        return {"results": live, **self.counts}
