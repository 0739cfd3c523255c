"""The Django apps. None of them knows what a WebSocket is: they write to the event log and answer calls."""
