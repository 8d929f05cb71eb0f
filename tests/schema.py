"""A report held against its own JSON Schema."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from wsprobe.show.as_json import schema

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema()))
_known: set[object] = set()


def validate(value: dict[str, Any]) -> None:
    """Raises jsonschema.ValidationError.

    An event of the recording is looked at if none before it, of any report, was like it: the schema tries every
    kind of event in turn, which takes two thirds of the time of a catalogue.
    """
    events = value["exchange"]["events"]
    new = {_shape(event): event for event in events if _shape(event) not in _known}
    VALIDATOR.validate(value | {"exchange": value["exchange"] | {"events": list(new.values())}})
    _known.update(new)


def _shape(value: Any, of: str = "") -> object:
    """What two values have in common that the schema cannot tell apart: all but times, numbers and bytes."""
    if isinstance(value, dict):
        return tuple(sorted((name, _shape(item, name)) for name, item in value.items()))
    if isinstance(value, list):
        return tuple(_shape(item, of) for item in value)
    if isinstance(value, str) and of not in ("data", "received", "der"):
        return value
    return type(value).__name__
