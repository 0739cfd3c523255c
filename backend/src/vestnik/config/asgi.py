"""The ASGI application: HTTP by Django, WebSocket by Vestnik, told apart by Channels' routers."""

from __future__ import annotations

import os
from typing import Any

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vestnik.config.settings")

http_application = get_asgi_application()

# Only now are the apps loaded that this needs.
from vestnik.transports.channels import socket_urlpatterns  # noqa: E402
from vestnik.wiring import Site  # noqa: E402

site = Site()
socket_application: Any = site.socket_application()

application = ProtocolTypeRouter(
    {
        "http": http_application,
        "lifespan": site.lifespan_application(),
        "websocket": URLRouter([*socket_urlpatterns(socket_application), re_path(r"", socket_application)]),
    }
)
