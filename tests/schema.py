"""A report held against its own JSON Schema."""

import json

import jsonschema_rs

from wsprobe.show.schema import schema

VALIDATOR = jsonschema_rs.Draft202012Validator(json.loads(schema()))


def validate(value):
    """Raises jsonschema_rs.ValidationError."""
    VALIDATOR.validate(value)
