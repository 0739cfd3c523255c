"""The address of the schema."""

from __future__ import annotations

from django.urls import path

from vestnik.apps.rest.schema import SchemaView

urlpatterns = [path("schema/", SchemaView.as_view())]
