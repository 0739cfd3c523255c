"""The events of all apps → ``protocol/schema.json`` and the client's types.

An event is a subclass of ``Event`` in the ``events`` module of an installed app. What nodes tell each other
(``eventlog.control``) is nobody else's business, and is left out.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import re
from collections.abc import Iterator
from typing import Any

import django
import msgspec
from django.apps import apps
from django.utils.module_loading import module_has_submodule

from tools.generate.artefact import NOTICE, ROOT, Artefact
from tools.generate.typescript import typescript

_NOTICE = NOTICE.format(source="the `events` modules of backend/src/vestnik/apps")
_OWN_APPS = "vestnik.apps."
_BASES = {"msgspec", "vestnik.apps.eventlog.events"}

Json = dict[str, Any]


def artefacts() -> list[Artefact]:
    schema = event_schema()
    return [
        Artefact(ROOT / "protocol/schema.json", json.dumps(schema, indent=2, ensure_ascii=False) + "\n"),
        Artefact(ROOT / "frontend/packages/client/src/generated/events.ts", typescript(schema)),
    ]


def event_schema() -> Json:
    """JSON Schema of everything that is published: one definition per event and per payload."""
    by_app = {app: sorted(found, key=_tag) for app, found in _events().items()}
    events = [event for found in by_app.values() for event in found]
    _refuse_doubles([_tag(event) for event in events], "two events have the type")
    definitions = _Definitions()
    for event in events:
        definitions.add(event)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": _NOTICE,
        "title": "ServerEvent",
        "description": "The data of a publication: `type` says what happened, `at` when. Ignore unknown fields.",
        "oneOf": [{"$ref": f"#/$defs/{app}Event"} for app in by_app],
        "$defs": {
            **{
                f"{app}Event": {
                    "description": f"The events of {app.lower()}.",
                    "oneOf": [{"$ref": f"#/$defs/{event.__name__}"} for event in found],
                }
                for app, found in by_app.items()
            },
            **dict(sorted(definitions.found.items())),
        },
    }


def _events() -> dict[str, list[type[msgspec.Struct]]]:
    """App label such as ``Chat`` → its events."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vestnik.config.settings")
    if not apps.ready:
        django.setup()
    from vestnik.apps.eventlog.events import Event

    modules = {}
    for config in apps.get_app_configs():
        if config.name.startswith(_OWN_APPS) and module_has_submodule(config.module, "events"):
            modules[f"{config.name}.events"] = config.name.removeprefix(_OWN_APPS).capitalize()
            importlib.import_module(f"{config.name}.events")
    by_app: dict[str, list[type[msgspec.Struct]]] = {}
    for event in _subclasses(Event):
        app = modules.get(event.__module__)
        if app is not None:
            by_app.setdefault(app, []).append(event)
    return dict(sorted(by_app.items()))


def _subclasses(of: type[Any]) -> Iterator[type[Any]]:
    for subclass in of.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def _tag(event: type[msgspec.Struct]) -> str:
    return str(event.__struct_config__.tag)


def _refuse_doubles(names: list[str], complaint: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SystemExit(f"{complaint} {name!r}")


class _Definitions:
    """Collects ``$defs``: structs and enumerations by name."""

    def __init__(self) -> None:
        self.found: dict[str, Json] = {}
        self._classes: dict[str, type] = {}

    def add(self, struct: type[msgspec.Struct]) -> None:
        self._schema(msgspec.inspect.type_info(struct))

    def _schema(self, kind: msgspec.inspect.Type) -> Json:
        match kind:
            case msgspec.inspect.Metadata():
                return self._schema(kind.type)
            case msgspec.inspect.StructType():
                return self._reference(kind.cls, lambda: self._struct(kind))
            case msgspec.inspect.EnumType():
                return self._reference(kind.cls, lambda: _enumeration(kind.cls))
            case msgspec.inspect.UnionType():
                options = [self._schema(each) for each in kind.types]
                return {"anyOf": options}
            case msgspec.inspect.ListType() | msgspec.inspect.VarTupleType():
                return {"type": "array", "items": self._schema(kind.item_type)}
            case msgspec.inspect.DictType():
                return {"type": "object", "additionalProperties": self._schema(kind.value_type)}
            case msgspec.inspect.LiteralType():
                return {"enum": list(kind.values)}
            case msgspec.inspect.AnyType() | msgspec.inspect.RawType():
                return {}
        simple = _SIMPLE.get(type(kind))
        if simple is None:
            raise SystemExit(f"no rule for {kind} in the schema of events")
        return dict(simple)

    def _reference(self, of: type, describe: Any) -> Json:
        name = of.__name__
        if self._classes.setdefault(name, of) is not of:
            raise SystemExit(
                f"two payloads are called {name!r}: one in {of.__module__}, the other in "
                f"{self._classes[name].__module__}"
            )
        if name not in self.found:
            self.found[name] = {}  # is being described: structs may hold each other
            self.found[name] = describe()
        return {"$ref": f"#/$defs/{name}"}

    def _struct(self, kind: msgspec.inspect.StructType) -> Json:
        summary, remarks = _words(kind.cls)
        properties: Json = {}
        required = []
        if kind.tag_field is not None:
            properties[kind.tag_field] = {"const": kind.tag}
            required.append(kind.tag_field)
        for field in kind.fields:
            schema = self._schema(field.type)
            remark = remarks.get(field.name)
            properties[field.encode_name] = schema if remark is None else {"description": remark, **schema}
            if not _may_be_absent(kind.cls, field):
                required.append(field.encode_name)
        described = {} if summary is None else {"description": summary}
        return {**described, "type": "object", "properties": properties, "required": required}


_SIMPLE: dict[type, Json] = {
    msgspec.inspect.IntType: {"type": "integer"},
    msgspec.inspect.FloatType: {"type": "number"},
    msgspec.inspect.BoolType: {"type": "boolean"},
    msgspec.inspect.StrType: {"type": "string"},
    msgspec.inspect.NoneType: {"type": "null"},
    msgspec.inspect.DateTimeType: {"type": "string", "format": "date-time"},
    msgspec.inspect.DateType: {"type": "string", "format": "date"},
    msgspec.inspect.UUIDType: {"type": "string", "format": "uuid"},
}


def _may_be_absent(struct: type[msgspec.Struct], field: msgspec.inspect.Field) -> bool:
    """What the server leaves out: a default is written all the same, unless the struct says otherwise."""
    if field.required:
        return False
    has_default = field.default is not msgspec.NODEFAULT or field.default_factory is not msgspec.NODEFAULT
    # What is not required and yet has no default is UNSET unless it is set.
    return struct.__struct_config__.omit_defaults or not has_default


def _enumeration(of: Any) -> Json:
    summary, _ = _words(of)
    return {**({} if summary is None else {"description": summary}), "enum": [member.value for member in of]}


def _words(of: type) -> tuple[str | None, dict[str, str]]:
    """The docstring's first part, and what its ``Attributes`` say of each field; base classes' words count too."""
    remarks: dict[str, str] = {}
    for base in reversed(of.__mro__):
        # What Event says of its own fields would be repeated with each event.
        if issubclass(base, msgspec.Struct) and base.__doc__ and base.__module__ not in _BASES:
            remarks |= _attributes(inspect.cleandoc(base.__doc__))
    own = of.__dict__.get("__doc__")
    summary = None if not own else _plain(re.split(r"\n\n(?:Attributes|Example)", inspect.cleandoc(own))[0])
    return summary, remarks


def _attributes(docstring: str) -> dict[str, str]:
    _, _, section = docstring.partition("\nAttributes:\n")
    entries = re.findall(r"^    (\w+): (.*?)(?=^    \w+: |^\S|\Z)", section, re.DOTALL | re.MULTILINE)
    return {name: _plain(text) for name, text in entries}


def _plain(text: str) -> str:
    """One line, with Markdown's code marks for those of reStructuredText."""
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", text)
    return " ".join(text.replace("``", "`").replace("`None`", "`null`").split())
