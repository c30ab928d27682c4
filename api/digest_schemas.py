"""The wire shape of issues as JSON Schema, read from the digest's own dataclasses.

Pydantic would do it but for the recursive type of a reason's facts (docs.pydantic.dev, "Named recursive types").
"""

import inspect
import types
import typing
from dataclasses import dataclass, is_dataclass
from datetime import date, datetime
from typing import Any

from digest.formats.json import hints
from digest.model import Banner, Coverage, Digest, StageSection

Schema = dict[str, Any]
_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    types.NoneType: {"type": "null"},
}


@dataclass(frozen=True, slots=True)
class CoverageJson(Coverage):
    """What may be missing; `failed` names the sources that did not answer in full."""

    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DigestJson(Digest):
    """One month's issue in both languages; `status` is draft, sample or final."""

    coverage: CoverageJson


@dataclass(frozen=True, slots=True)
class DigestStageJson:
    """One stage of a month's issue, with the issue's own status, banners and coverage."""

    month: str
    status: str
    made: datetime
    published: datetime | None
    banners: tuple[Banner, ...]
    coverage: CoverageJson
    stage: StageSection


def ref(kind: type) -> Schema:
    """Point to the schema of a dataclass among the components of the document."""
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def described(kind: type) -> Schema:
    """Describe a JSON answer of a dataclass's shape, as a route declares it."""
    content = {"application/json": {"schema": ref(kind)}}
    return {"description": (inspect.getdoc(kind) or "").splitlines()[0], "content": content}


def components(*kinds: type) -> dict[str, Schema]:
    """Describe dataclasses and all that they hold, by name."""
    found: dict[str, Schema] = {}
    for kind in kinds:
        _describe(kind, found)
    return found


def _describe(kind: type, found: dict[str, Schema]) -> None:
    if kind.__name__ in found:
        return
    known = hints(kind)
    schema = found[kind.__name__] = {"type": "object", "title": kind.__name__, "description": inspect.getdoc(kind)}
    schema["properties"] = {name: _schema(one, found) for name, one in known.items()}
    schema["required"] = list(known)  # what has a default is written all the same


def _schema(kind: Any, found: dict[str, Schema]) -> Schema:
    """Describe one type out of those digest.model uses."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    if is_dataclass(kind) and isinstance(kind, type):
        _describe(kind, found)
        return ref(kind)
    origin, parts = typing.get_origin(kind), typing.get_args(kind)
    if origin in (types.UnionType, typing.Union):
        # Only any JSON value has lists in it (core.scores.JsonValue); the digest's own are tuples.
        anything = any(typing.get_origin(part) is list for part in parts)
        return {} if anything else {"anyOf": [_schema(part, found) for part in parts]}
    if origin is dict:
        return {"type": "object", "additionalProperties": _schema(parts[1], found)}
    return _tuple(parts, found)


def _tuple(parts: tuple[Any, ...], found: dict[str, Schema]) -> Schema:
    if parts[-1] is Ellipsis:
        return {"type": "array", "items": _schema(parts[0], found)}
    each = [_schema(part, found) for part in parts]
    return {"type": "array", "prefixItems": each, "minItems": len(each), "maxItems": len(each)}
