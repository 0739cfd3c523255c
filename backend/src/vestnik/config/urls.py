"""HTTP addresses of the project."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path, re_path

from vestnik.apps.rest.plain import no_such_address

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("vestnik.apps.rest.health")),
    path("api/", include("vestnik.apps.rest.api")),
    path("api/", include("vestnik.apps.accounts.api")),
    path("api/", include("vestnik.apps.notifications.api")),
    path("api/", include("vestnik.apps.chat.api")),
    path("api/", include("vestnik.apps.billing.api")),
    re_path("^api/", no_such_address),  # last: everything under it that is not above
]
