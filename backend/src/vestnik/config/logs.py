"""How the project logs: one line per event, its facts as ``key=value``; tokens are taken out wherever they stand."""

from __future__ import annotations

import logging
import re
from typing import Any

import structlog

# Servers and proxies print addresses with their query, and a token may stand in one although it should not.
_TOKEN_IN_TEXT = re.compile(
    r"(?i)\b(token=|authorization:?\s*(?:token|bearer)\s+|(?:token|bearer)\s+(?=[\w.-]{20}))[^\s&\"'\],]+"
)


def without_tokens(text: str) -> str:
    """``text`` with every token's value replaced by ``***``."""
    return _TOKEN_IN_TEXT.sub(r"\1***", text)


class RedactTokens(logging.Filter):
    """Takes the values of tokens out of messages before any handler sees them."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        redacted = without_tokens(message)
        if redacted != message:
            record.msg, record.args = redacted, None
        return True


def logging_config(*, level: str, as_json: bool) -> dict[str, Any]:
    """For Django's ``LOGGING``.

    Args:
        level: Of the project's own messages; those of connections that come and go are INFO.
        as_json: One JSON object per line, for machines, instead of lines for people.
    """
    renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False) if as_json else _render
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"no tokens": {"()": RedactTokens}},
        "formatters": {
            "facts": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    renderer,
                ],
            }
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "facts", "filters": ["no tokens"]},
        },
        "loggers": {
            "vestnik": {"handlers": ["console"], "level": level, "propagate": False},
            "django": {"handlers": ["console"], "level": "INFO", "propagate": False},
            "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
            "django.channels.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
            # uvicorn prints the whole address of a socket that it accepts; its handlers are its own.
            "uvicorn.error": {"filters": ["no tokens"]},
        },
    }


def _render(logger: object, name: str, event: dict[str, Any]) -> str:
    """``12:00:00 INFO vestnik.transports.asgi connected client=… address=127.0.0.1``"""
    moment = str(event.pop("timestamp"))[11:19]
    level, source, text = event.pop("level").upper(), event.pop("logger"), event.pop("event")
    exception = event.pop("exception", None)
    facts = " ".join(f"{key}={_fact(value)}" for key, value in event.items() if key not in ("request", "status_code"))
    line = f"{moment} {level} {source} {text} {facts}".rstrip()
    return f"{line}\n{exception}" if exception else line


def _fact(value: object) -> str:
    text = str(value)
    return repr(text) if " " in text or not text.isprintable() or text == "" else text
