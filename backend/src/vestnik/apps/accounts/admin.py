"""Profiles and relations in the admin; the sign-in tokens are there by knox."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from vestnik.apps.accounts import actions
from vestnik.apps.accounts.models import Device, Enrollment, Guardianship, Profile, Tutorship


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # subscriptable for type checkers only
    list_display = ("display_name", "user", "role", "language")
    list_filter = ("role", "language")
    list_select_related = ("user",)
    search_fields = ("display_name", "user__username")
    autocomplete_fields = ("user",)

    def save_model(self, request: HttpRequest, obj: Profile, form: Any, change: bool) -> None:
        actions.save_profile(obj)


class RelationAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_filter = ("is_active",)


@admin.register(Enrollment)
class EnrollmentAdmin(RelationAdmin):
    list_display = ("student", "teacher", "is_active", "created_at")
    list_select_related = ("student", "teacher")
    autocomplete_fields = ("student", "teacher")


@admin.register(Tutorship)
class TutorshipAdmin(RelationAdmin):
    list_display = ("tutor", "student", "is_active", "created_at")
    list_select_related = ("tutor", "student")
    autocomplete_fields = ("tutor", "student")


@admin.register(Guardianship)
class GuardianshipAdmin(RelationAdmin):
    list_display = ("parent", "student", "is_active", "created_at")
    list_select_related = ("parent", "student")
    autocomplete_fields = ("parent", "student")


@admin.register(Device)
class DeviceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("label", "user", "token_id")
    list_select_related = ("user",)
    search_fields = ("label", "user__username")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return False
