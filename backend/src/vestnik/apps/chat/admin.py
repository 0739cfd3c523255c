"""The administrators' view of rooms: looking, and locking. What people wrote is not shown, and nobody rewrites it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from vestnik.apps.chat import actions
from vestnik.apps.chat.models import Membership, Message, Room
from vestnik.apps.eventlog.admin import ReadOnlyAdmin
from vestnik.core.errors import PeerError

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class MembershipInline(admin.TabularInline):  # type: ignore[type-arg]  # generic in the stubs only
    model = Membership
    fields = ("user", "joined_at", "left_at", "last_read_seq")
    ordering = ("pk",)
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Room)
class RoomAdmin(ReadOnlyAdmin):
    list_display = ("id", "kind", "title", "owner", "last_seq", "last_activity_at", "is_locked")
    list_filter = ("kind", "is_locked")
    list_select_related = ("owner",)
    search_fields = ("title", "memberships__user__username")
    fields = list_display
    inlines = (MembershipInline,)
    actions = ("lock", "unlock")

    @admin.action(description=_("Stop all writing in the selected rooms"))
    def lock(self, request: HttpRequest, rooms: QuerySet[Room]) -> None:
        self._set_locked(request, rooms, True)

    @admin.action(description=_("Allow writing in the selected rooms"))
    def unlock(self, request: HttpRequest, rooms: QuerySet[Room]) -> None:
        self._set_locked(request, rooms, False)

    def _set_locked(self, request: HttpRequest, rooms: QuerySet[Room], locked: bool) -> None:
        try:
            for room_id in list(rooms.values_list("pk", flat=True)):
                actions.set_locked(cast("User", request.user), room_id, locked)
        except PeerError as error:
            self.message_user(request, error.message, messages.ERROR)


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ("id", "room", "seq", "sender", "created_at", "edited_at", "deleted_at")
    list_select_related = ("room", "sender")
    search_fields = ("sender__username__exact",)
    ordering = ("-pk",)
    fields = list_display
