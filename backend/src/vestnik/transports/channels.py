"""Mounting the socket in a project's Django Channels router."""

from __future__ import annotations

from typing import Any

from django.urls import URLPattern, re_path

from vestnik.transports.asgi import SocketApplication


def socket_urlpatterns(application: SocketApplication) -> list[URLPattern]:
    """Routes for ``channels.routing.URLRouter``; put them beside those of your own consumers.

    Addresses: ``/ws`` with or without a slash, ``/ws/chat/<room id>/``, ``/ws/notifications/``, ``/ws/invoices/`` and
    ``/connection/websocket``. The application itself refuses other paths with 404 and says so in the log, where
    Channels would raise; mount it behind everything else for that: ``re_path("", application)``.
    """
    view: Any = application  # Django's types know views only; Channels routes to applications
    return [re_path(r"^ws(/|$)", view), re_path(r"^connection/websocket(/|$)", view)]
