"""Whether a value keeps to a JSON Schema. Nothing that a ``$ref`` names is fetched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
from jsonschema import exceptions
from referencing import Registry
from referencing.exceptions import Unresolvable

from evaluators.sandbox.protocol import shown
from parsers.safe_json import bounded

NO_SCHEMA = (exceptions.SchemaError, Unresolvable)
"""What ``complaint`` raises for a schema that is none."""


def complaint(schema: Mapping[str, Any], value: Any) -> str | None:
    """The best match among what is wrong, as one line; None when the value is valid. Raises one of ``NO_SCHEMA``."""
    validator_class = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    validator_class.check_schema(dict(schema))
    validator = validator_class(dict(schema), registry=Registry())  # an own one fetches nothing that a $ref names
    error = exceptions.best_match(validator.iter_errors(value))
    return shown(f"{error.json_path}: {error.message}", 160) if error is not None else None


def keeps_to(schema: object, value: Any) -> bool | None:
    """None where there is no schema, or it is none. Never raises."""
    if not isinstance(schema, Mapping):
        return None
    if not bounded(value):
        return False
    try:
        return complaint(schema, value) is None
    except (*NO_SCHEMA, RecursionError, ValueError):
        return None
