"""The log in the admin, to look at: whoever could change it would break what clients have been promised."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import admin
from django.http import HttpRequest

from vestnik.apps.eventlog.models import LoggedEvent, Stream


class Typed(msgspec.Struct):
    """As much of a payload as the list shows."""

    type: str = ""


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs only
    show_full_result_count = False  # counting millions of rows takes longer than reading a page of them

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Stream)
class StreamAdmin(ReadOnlyAdmin):
    list_display = ("channel", "epoch", "top", "floor")
    search_fields = ("channel__startswith",)
    ordering = ("channel",)


@admin.register(LoggedEvent)
class LoggedEventAdmin(ReadOnlyAdmin):
    list_display = ("stream", "offset", "at", "type")
    search_fields = ("stream__channel__exact",)
    search_help_text = "A channel's full name"
    list_select_related = ("stream",)
    ordering = ("-pk",)

    @admin.display(description="type")
    def type(self, event: LoggedEvent) -> str:
        try:
            return msgspec.json.decode(event.data, type=Typed).type
        except msgspec.ValidationError:
            return ""  # somebody else's payload, which may be any JSON
