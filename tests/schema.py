"""A report held against its own JSON Schema."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from wsprobe.show.schema import schema

VALIDATOR = jsonschema.Draft202012Validator(json.loads(schema()))
_known: set[object] = set()
"""Shapes of what stood in a list of any report."""


def validate(value: dict[str, Any]) -> None:
    """Raises jsonschema.ValidationError.

    What stands in a list is looked at if nothing before it, of any report, was like it: for each event the
    schema tries every kind of event, which takes two thirds of the time of a catalogue.
    """
    new: set[object] = set()
    VALIDATOR.validate({name: _thinned(item, (name,), new) for name, item in value.items()})
    _known.update(new)


def _thinned(value: Any, where: tuple[str, ...], new: set[object]) -> Any:
    if isinstance(value, dict):
        return {name: _thinned(item, (*where, name), new) for name, item in value.items()}
    if not isinstance(value, list):
        return value
    kept = []
    for item in value:
        shape = (where, _shape(item))
        if shape not in _known and shape not in new:
            new.add(shape)
            kept.append(item)
    return kept


def _shape(value: Any, of: str = "") -> object:
    """What two values have in common that the schema cannot tell apart: all but times, numbers and bytes."""
    if isinstance(value, dict):
        return tuple(sorted((name, _shape(item, name)) for name, item in value.items()))
    if isinstance(value, list):
        return tuple(_shape(item, of) for item in value)
    if isinstance(value, str) and of not in ("data", "received", "der"):
        return value
    return type(value).__name__
