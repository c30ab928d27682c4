"""The shape of a digest's JSON as a JSON Schema, made from the values of digest.model so that it cannot fall behind.

JSON Schema, draft 2020-12 (https://json-schema.org/draft/2020-12). `docs/digest.schema.json` holds it.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from digest.formats.json import hints
from digest.model import Digest

MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"
_PLAIN: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    date: {"type": "string", "format": "date"},
    datetime: {"type": "string", "format": "date-time"},
}
_FORMS: dict[tuple[str, str], dict[str, Any]] = {
    ("Digest", "month"): {"type": "string", "pattern": MONTH},
    ("Digest", "status"): {"enum": ["draft", "sample", "final"]},
    ("Entry", "kind"): {"enum": ["paper", "post"]},
    ("Reason", "facts"): {"type": "object"},  # what a kind of reason holds: core.scores.Reason
}


def schema() -> dict[str, Any]:
    """Give the schema of a whole digest. Every field is there always; later versions may add some."""
    found: dict[str, Any] = {}
    _object(Digest, found)
    root = found.pop("Digest")
    found["Coverage"]["properties"]["failed"] = {"type": "array", "items": {"type": "string"}}
    found["Coverage"]["required"].append("failed")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A digest of Shirube"}
    return {**head, **root, "$defs": dict(sorted(found.items()))}


def _object(kind: type, found: dict[str, Any]) -> dict[str, Any]:
    """Describe a dataclass once, under its name, and refer to it."""
    name = kind.__name__
    if name not in found:
        found[name] = {}
        known = hints(kind)
        names = [field.name for field in fields(kind)]
        said = (kind.__doc__ or "").strip().partition("\n")[0]
        properties = {one: _FORMS.get((name, one)) or _of(known[one], found) for one in names}
        found[name] = {"description": said, "type": "object", "properties": properties, "required": names}
    return {"$ref": f"#/$defs/{name}"}


def _of(kind: Any, found: dict[str, Any]) -> dict[str, Any]:
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    if isinstance(kind, type) and is_dataclass(kind):
        return _object(kind, found)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [{"type": "null"} if one is type(None) else _of(one, found) for one in arguments]}
    if origin is tuple and arguments[-1] is Ellipsis:
        return {"type": "array", "items": _of(arguments[0], found)}
    if origin is tuple:
        rows = [_of(one, found) for one in arguments]
        return {"type": "array", "prefixItems": rows, "minItems": len(rows), "maxItems": len(rows)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": _of(arguments[1], found)}
    raise TypeError(f"The schema has no words for {kind!r}; add them to digest.schema")
