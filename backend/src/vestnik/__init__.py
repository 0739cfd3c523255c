"""Vestnik: chat, notifications and payment statuses over one WebSocket that loses nothing."""

__version__ = "0.1.0"
