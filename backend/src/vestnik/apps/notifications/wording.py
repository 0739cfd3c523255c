"""Fills templates with values: plurals, money and dates as each language writes them.

A template is a format string. What follows a field's colon says how to write the value:

========================== ==================================================================
``{count:# день|# дня|…}`` the form that the language wants, ``#`` is the number; two forms in
                           English, three in Russian; one before them that starts with ``=1 ``
                           is for exactly one
``{amount:money}``         ``{"amount_minor": 150000, "currency": "RUB"}``
``{due:date}``             an ISO date, or an instant, as a date
``{at:datetime}``          an ISO instant, with its time in UTC
``{text:short}``           the beginning of a long text
========================== ==================================================================
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from vestnik.apps.notifications.currencies import format_money
from vestnik.core.errors import LocalError

LANGUAGES = ("ru", "en")
SHORT = 140  # characters; what a toast shows without growing

_MONTHS = {
    "ru": (
        *("января", "февраля", "марта", "апреля", "мая", "июня"),
        *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_FORMS = {"ru": 3, "en": 2}


def fill(template: str, params: Mapping[str, Any], language: str) -> str:
    """Fill ``template`` in ``language``.

    Raises:
        LocalError: A parameter is missing, or is not what the template takes it for; the message names it.
    """
    try:
        return _Filler(language).vformat(template, (), params)
    except KeyError as error:
        raise LocalError(f"no parameter {error} for the template {template!r}") from error
    except (ValueError, TypeError, IndexError, AttributeError) as error:
        raise LocalError(f"cannot fill {template!r}: {error}") from error


def plural_form(count: int, language: str) -> int:
    """Which form goes with ``count``: in English 0 for one and 1 for others, in Russian 0, 1, 2 as in день, дня, дней.

    Source: https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html
    """
    count = abs(count)
    if language != "ru":
        return 0 if count == 1 else 1
    if count % 10 == 1 and count % 100 != 11:
        return 0
    return 1 if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else 2


class _Filler(string.Formatter):
    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            return self._plural(int(value), format_spec.split("|"))
        match format_spec:
            case "money":
                return format_money(int(value["amount_minor"]), str(value["currency"]), self._language)
            case "date":
                return self._date(datetime.fromisoformat(value).date() if "T" in value else date.fromisoformat(value))
            case "datetime":
                instant = datetime.fromisoformat(value).astimezone(UTC)
                return f"{self._date(instant.date())}, {instant:%H:%M} UTC"
            case "short":
                text = " ".join(str(value).split())
                return text if len(text) <= SHORT else text[: SHORT - 1].rstrip() + "…"
            case "":
                return str(value)
        raise ValueError(f"unknown way {format_spec!r} to write a value")

    def _plural(self, count: int, forms: list[str]) -> str:
        if forms[0].startswith("=1 "):
            exactly_one, forms = forms[0].removeprefix("=1 "), forms[1:]
            if count == 1:
                return exactly_one
        if len(forms) != _FORMS[self._language]:
            raise ValueError(f"{len(forms)} plural forms, {self._language} has {_FORMS[self._language]}")
        return forms[plural_form(count, self._language)].replace("#", str(count))

    def _date(self, day: date) -> str:
        return f"{day.day} {_MONTHS[self._language][day.month - 1]} {day.year}"
