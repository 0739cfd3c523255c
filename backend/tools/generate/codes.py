"""``core/codes.py`` → ``protocol/codes.json``, the client's constants, and the reference page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from tools.generate.artefact import NOTICE, ROOT, Artefact
from vestnik.core.codes import (
    DISCONNECT_REASONS,
    ERROR_MESSAGES,
    MEANINGS,
    TEMPORARY_ERRORS,
    UNSUBSCRIBE_REASONS,
    DisconnectCode,
    ErrorCode,
    UnsubscribeCode,
    should_reconnect,
    should_resubscribe,
)

_NOTICE = NOTICE.format(source="backend/src/vestnik/core/codes.py")


def artefacts() -> list[Artefact]:
    table = _table()
    return [
        Artefact(ROOT / "protocol/codes.json", json.dumps(table, indent=2, ensure_ascii=False) + "\n"),
        Artefact(ROOT / "frontend/packages/client/src/generated/codes.ts", _typescript(table)),
        Artefact(ROOT / "docs/reference/codes.md", _page(table)),
    ]


def _table() -> dict[str, Any]:
    return {
        "$comment": _NOTICE,
        "errors": [
            {
                "code": int(code),
                "name": code.name,
                "message": ERROR_MESSAGES[code],
                "meaning": MEANINGS[code],
                "temporary": code in TEMPORARY_ERRORS,
            }
            for code in ErrorCode
        ],
        "disconnects": [
            {
                "code": int(code),
                "name": code.name,
                "message": DISCONNECT_REASONS[code],
                "meaning": MEANINGS[code],
                "reconnect": should_reconnect(code),
            }
            for code in DisconnectCode
        ],
        "unsubscribes": [
            {
                "code": int(code),
                "name": code.name,
                "message": UNSUBSCRIBE_REASONS[code],
                "meaning": MEANINGS[code],
                "resubscribe": should_resubscribe(code),
            }
            for code in UnsubscribeCode
        ],
    }


def _typescript(table: dict[str, Any]) -> str:
    enums = [
        _typescript_enum("ErrorCode", "Why one command failed; the connection stays open.", table["errors"]),
        _typescript_enum("DisconnectCode", "Why the server closed the connection.", table["disconnects"]),
        _typescript_enum("UnsubscribeCode", "Why the server ended one subscription.", table["unsubscribes"]),
    ]
    return f"// {_NOTICE}\n\n" + "\n".join(enums)


def _typescript_enum(name: str, summary: str, rows: Iterable[dict[str, Any]]) -> str:
    members = "".join(f"  /** {row['meaning']} */\n  {_pascal(row['name'])}: {row['code']},\n" for row in rows)
    return (
        f"/** {summary} */\nexport const {name} = {{\n{members}}} as const;\n"
        f"export type {name} = (typeof {name})[keyof typeof {name}];\n"
    )


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _page(table: dict[str, Any]) -> str:
    return f"""<!-- {_NOTICE} -->

# Codes

Every number that a client may see. Error codes below 400 and all others are Centrifugo's, so that its SDKs know them.

## Errors

Why one command failed. The connection stays open. After a *temporary* error the SDKs try a subscribe or a refresh again
by themselves. Over REST the same code appears by name, in lower case: `{{"error": {{"code": "not_found", …}}}}`.

| code | name | message | what it means | temporary |
| --- | --- | --- | --- | --- |
{_rows(table["errors"], "temporary")}
## Disconnects

Why the server closed the connection. The range tells the client what to do: 3000–3499 and 4000–4499 mean "come back",
3500–3999 and 4500–4999 mean "do not". Codes from 4000 are for the site's own use.

| code | name | reason | what it means | comes back |
| --- | --- | --- | --- | --- |
{_rows(table["disconnects"], "reconnect")}
## Unsubscribes

Why the server ended one subscription. From 2500 the client subscribes again by itself.

| code | name | reason | what it means | subscribes again |
| --- | --- | --- | --- | --- |
{_rows(table["unsubscribes"], "resubscribe")}"""


def _rows(rows: Iterable[dict[str, Any]], flag: str) -> str:
    return "".join(
        f"| {row['code']} | `{row['name']}` | {row['message']} | {row['meaning']} | {'yes' if row[flag] else 'no'} |\n"
        for row in rows
    )
