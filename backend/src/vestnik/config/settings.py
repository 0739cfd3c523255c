"""The runnable project: SQLite and nothing else on the first day, everything else by environment variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import environ

from vestnik.config.logs import logging_config

BASE_DIR = Path(__file__).resolve().parents[3]  # backend/
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = env.str(
    "SECRET_KEY", default="insecure-development-key-change-me-in-production" if DEBUG else environ.Env.NOTSET
)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])

INSTALLED_APPS = [
    "daphne",  # first: its runserver serves WebSocket
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "rest_framework",
    "drf_spectacular",
    "knox",
    "vestnik.apps.eventlog",
    "vestnik.apps.accounts",
    "vestnik.apps.notifications",
    "vestnik.apps.chat",
    "vestnik.apps.billing",
    "vestnik.doctor",
    "vestnik.gateway",
    "vestnik.config",  # manage.py demo
]

MIDDLEWARE = [
    "vestnik.apps.rest.plain.api_errors",  # first: sees what the others refuse
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "vestnik.config.urls"
ASGI_APPLICATION = "vestnik.config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def _database() -> dict[str, Any]:
    database: dict[str, Any] = env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'vestnik.sqlite3'}")
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # Several writers queue up instead of failing, and what was acknowledged survives a power cut.
        database["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
        }
        # Threads of a test share the database only if it is a file.
        database["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
        VAR_DIR.mkdir(parents=True, exist_ok=True)
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", "Русский"), ("en", "English")]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
MEDIA_ROOT = VAR_DIR / "media"  # attachments; served to members alone, so there is no MEDIA_URL

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "vestnik.apps.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_SCHEMA_CLASS": "vestnik.apps.rest.schema.ApiSchema",
    # How many proxies of ours append to X-Forwarded-For; without any, the header is whatever the client says.
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Vestnik",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [],  # they would pull enumerations out of structs into components of their own
}

VESTNIK: dict[str, Any] = {
    "REDIS_URL": env.str("REDIS_URL", default=""),
    "BROKER": env.str("VESTNIK_BROKER", default=""),
    "OPEN_NAMESPACE": env.str("VESTNIK_OPEN_NAMESPACE", default=""),
    "ALLOWED_ORIGINS": env.list(
        "ALLOWED_ORIGINS", default=["http://localhost:8080", "http://127.0.0.1:8080"] if DEBUG else []
    ),
    # The sandbox lets anybody who has the link "pay": not on a site that takes money.
    "PAYMENT_PROVIDERS": env.list("PAYMENT_PROVIDERS", default=["sandbox"] if DEBUG else []),
}

LOGGING = logging_config(level=env.str("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=not DEBUG))
