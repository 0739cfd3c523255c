"""The schema and the types of events are fresh, and say the truth about what is published."""

import json

import jsonschema
import msgspec
import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings

from tests.support.protocol import structs
from tools.generate import events as generated
from tools.generate.typescript import typescript
from vestnik.apps.eventlog.control import DisconnectUser
from vestnik.apps.eventlog.events import Event, encode

SCHEMA = generated.event_schema()
EVENTS = {generated._tag(event): event for found in generated._events().values() for event in found}

# The types that others rely on by name.
PROMISED = {
    *("message.created", "message.edited", "message.deleted", "reaction.changed", "read.moved", "typing"),
    *("member.joined", "member.left", "room.updated", "room.added", "room.removed"),
    *("notification.created", "notification.changed", "notifications.read_all"),
    *("invoice.created", "invoice.changed", "invoice.paid", "payment.changed"),
}


@pytest.mark.parametrize("artefact", generated.artefacts(), ids=lambda artefact: artefact.name)
def test_the_files_are_fresh(artefact):
    assert not artefact.is_stale(), "run `python -m tools.generate`"


def test_every_app_with_events_is_there():
    with_events = {
        module.split(".")[-2].capitalize() + "Event" for module in {event.__module__ for event in EVENTS.values()}
    }
    assert {reference["$ref"].removeprefix("#/$defs/") for reference in SCHEMA["oneOf"]} == with_events
    assert {config.label for config in apps.get_app_configs()} >= {"vestnik_chat", "vestnik_billing"}


def test_every_promised_event_is_there():
    assert set(EVENTS) >= PROMISED


def test_what_nodes_tell_each_other_is_not():
    assert DisconnectUser.__struct_config__.tag not in EVENTS
    assert "DisconnectUser" not in SCHEMA["$defs"]


def test_it_is_a_valid_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_what_is_published_fits_the_schema(event):
    validator = jsonschema.Draft202012Validator(
        {**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{event.__name__}"}]},
        format_checker=jsonschema.FormatChecker(),
    )

    @settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow])
    @given(structs(event))
    def check(value):
        published = json.loads(encode(value))
        validator.validate(published)
        # Nothing is published of which the schema does not know, and what it requires is all that is always there.
        assert set(published) <= set(SCHEMA["$defs"][event.__name__]["properties"])

    check()


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_the_schema_refuses_what_lacks_a_field(event):
    definition = SCHEMA["$defs"][event.__name__]
    validator = jsonschema.Draft202012Validator({**SCHEMA, "oneOf": [{"$ref": f"#/$defs/{event.__name__}"}]})
    for name in definition["required"]:
        incomplete = {member: _anything(definition["properties"][member]) for member in definition["required"]}
        del incomplete[name]
        assert any(error.message == f"{name!r} is a required property" for error in _causes(validator, incomplete))


def _anything(schema):
    return schema.get("const")


def _causes(validator, value):
    for error in validator.iter_errors(value):
        yield error
        yield from error.context


def test_two_events_of_one_type_are_refused():
    with pytest.raises(SystemExit, match=r"two events have the type 'a\.b'"):
        generated._refuse_doubles(["a.b", "c.d", "a.b"], "two events have the type")


def test_two_payloads_of_one_name_are_refused():
    class Payload(msgspec.Struct):
        a: int

    first = Payload

    class Payload(msgspec.Struct):
        b: int

    definitions = generated._Definitions()
    definitions.add(first)
    with pytest.raises(SystemExit, match="two payloads are called 'Payload'"):
        definitions.add(Payload)


def test_optional_and_nullable_fields_are_told_apart_in_typescript():
    class Sample(Event, frozen=True, tag="sample"):
        """An example.

        Attributes:
            gone: ``None`` when :func:`it` is
                gone.
        """

        gone: int | None
        maybe: bool | msgspec.UnsetType = msgspec.UNSET
        many: list[int | str] = []
        by_name: dict[str, list[float]] = {}

    definitions = generated._Definitions()
    definitions.add(Sample)
    schema = {
        "$comment": "made by a test",
        "title": "Any",
        "oneOf": [{"$ref": "#/$defs/Sample"}],
        "$defs": definitions.found,
    }
    assert (
        typescript(schema)
        == """// made by a test

/** An example. */
export interface Sample {
  readonly type: "sample";
  /** `null` when `it` is gone. */
  readonly gone: number | null;
  readonly maybe?: boolean;
  readonly many: readonly (number | string)[];
  readonly by_name: Readonly<Record<string, readonly number[]>>;
  readonly at: string;
}

export type Any = Sample;
"""
    )
