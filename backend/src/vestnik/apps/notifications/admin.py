"""Notifications in the admin, to look at: only their readers change them."""

from __future__ import annotations

from django.contrib import admin

from vestnik.apps.eventlog.admin import ReadOnlyAdmin
from vestnik.apps.notifications.models import Notification, Preference


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    list_display = ("id", "user", "kind", "level", "count", "updated_at", "seen_at", "read_at", "archived_at")
    list_filter = ("kind", "level")
    search_fields = ("user__username__exact",)
    list_select_related = ("user",)


@admin.register(Preference)
class PreferenceAdmin(ReadOnlyAdmin):
    list_display = ("user", "kind", "way", "enabled")
    list_filter = ("kind", "way", "enabled")
    search_fields = ("user__username__exact",)
    list_select_related = ("user",)
