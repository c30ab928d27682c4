"""The digest as plain JSON: what the stored issue holds, what the API answers, and the way back to the value."""

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from core.clock import iso
from core.scores import JsonValue
from digest.model import Digest

MEDIA_TYPE = "application/json"
SUFFIX = "json"


def render(digest: Digest, lang: str) -> str:
    """Write the digest as JSON with a stable key order; it holds both languages, so `lang` changes nothing."""
    del lang
    return json.dumps(to_json(digest), ensure_ascii=False, indent=2) + "\n"


def to_json(digest: Digest) -> dict[str, Any]:
    """Turn a digest into dicts, lists and strings: dates as ISO 8601, moments as RFC 3339 in UTC.

    `coverage.failed` is added for readers of the API; the way back computes it anew.
    """
    plain: dict[str, Any] = _plain(digest)
    plain["coverage"]["failed"] = list(digest.coverage.failed)
    return plain


def from_json(data: Mapping[str, Any]) -> Digest:
    """Read a digest back; unknown keys are ignored, a missing one falls back to its default or raises TypeError."""
    return typing.cast(Digest, _build(Digest, data))


def _plain(value: object) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(inner) for inner in value]
    if isinstance(value, datetime):
        return iso(value)
    return value.isoformat() if isinstance(value, date) else value


@cache
def hints(kind: type) -> dict[str, Any]:
    """Give the types of a dataclass's fields, read once."""
    return typing.get_type_hints(kind)


def _build(kind: Any, value: Any) -> Any:
    """Make a value of the given type out of JSON; the types are those digest.model uses."""
    if kind is JsonValue or value is None:
        return value
    if isinstance(kind, type) and is_dataclass(kind):
        known = hints(kind)
        return kind(**{name: _build(known[name], value[name]) for name in known if name in value})
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    return _build_generic(kind, value)


def _build_generic(kind: Any, value: Any) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple and arguments[-1] is Ellipsis:
        return tuple(_build(arguments[0], inner) for inner in value)
    if origin is tuple:
        return tuple(_build(one, inner) for one, inner in zip(arguments, value, strict=True))
    if origin in (types.UnionType, typing.Union):
        inner_kinds = [one for one in arguments if one is not type(None)]
        return _build(inner_kinds[0], value) if len(inner_kinds) == 1 else value
    if kind is float:
        return float(value)
    return value
