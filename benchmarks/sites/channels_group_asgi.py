"""The usual way: a consumer that joins a group, and ``group_send`` to everybody in it."""

from __future__ import annotations

from typing import Any

from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application
from django.urls import path

GROUP = "room"


class RoomConsumer(AsyncJsonWebsocketConsumer):
    """Tells everybody what anybody says; who dials with ``?silent`` only speaks."""

    async def connect(self) -> None:
        if self.scope["query_string"] != b"silent":
            await self.channel_layer.group_add(GROUP, self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard(GROUP, self.channel_name)

    async def receive_json(self, content: Any) -> None:
        await self.channel_layer.group_send(GROUP, {"type": "room.message", "content": content})

    async def room_message(self, event: dict[str, Any]) -> None:
        await self.send_json(event["content"])


application = ProtocolTypeRouter(
    {"http": get_asgi_application(), "websocket": URLRouter([path("group/", RoomConsumer.as_asgi())])}
)
