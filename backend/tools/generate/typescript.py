"""JSON Schema → TypeScript, as far as the schema of events goes; formatted the way Biome would."""

from __future__ import annotations

import json
from typing import Any

LINE_WIDTH = 110  # as in frontend/biome.json

Json = dict[str, Any]


def typescript(schema: Json) -> str:
    """Types of all definitions, and the union of all events under the schema's title."""
    parts = [f"// {schema['$comment']}\n"]
    parts += [_definition(name, definition) for name, definition in schema["$defs"].items()]
    parts.append(_definition(schema["title"], schema))
    return "\n".join(parts)


def _definition(name: str, schema: Json) -> str:
    comment = f"/** {schema['description']} */\n" if "description" in schema else ""
    if schema.get("type") == "object" and "properties" in schema:
        members = "".join(
            _member(member, value, required=member in schema["required"])
            for member, value in schema["properties"].items()
        )
        return f"{comment}export interface {name} {{\n{members}}}\n"
    return comment + _assigned(f"export type {name} =", _options(schema), "")


def _member(name: str, schema: Json, *, required: bool) -> str:
    comment = f"  /** {schema['description']} */\n" if "description" in schema else ""
    return comment + _assigned(f"  readonly {name}{'' if required else '?'}:", _options(schema), "  ")


def _assigned(left: str, options: list[str], indent: str) -> str:
    line = f"{left} {' | '.join(options)};\n"
    if len(line) <= LINE_WIDTH + 1 or len(options) == 1:
        return line
    return left + "".join(f"\n{indent}  | {option}" for option in options) + ";\n"


def _options(schema: Json) -> list[str]:
    """The alternatives that a type consists of."""
    if "$ref" in schema:
        return [schema["$ref"].removeprefix("#/$defs/")]
    if "const" in schema:
        return [json.dumps(schema["const"])]
    if "enum" in schema:
        return [json.dumps(value, ensure_ascii=False) for value in schema["enum"]]
    if "anyOf" in schema or "oneOf" in schema:
        alternatives = schema.get("anyOf") or schema["oneOf"]
        return [option for alternative in alternatives for option in _options(alternative)]
    return [_simple(schema)]


def _simple(schema: Json) -> str:
    match schema.get("type"):
        case None:
            return "unknown"
        case "array":
            options = _options(schema["items"])
            return f"readonly ({' | '.join(options)})[]" if len(options) > 1 else f"readonly {options[0]}[]"
        case "object":
            return f"Readonly<Record<string, {' | '.join(_options(schema['additionalProperties']))}>>"
        case "integer":
            return "number"
        case kind:
            return str(kind)
