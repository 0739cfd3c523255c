"""The same project on the same server, but ``/group/`` is served by a Channels consumer with a group."""

from vestnik.config.settings import *  # noqa: F403

ASGI_APPLICATION = "sites.channels_group_asgi.application"
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
