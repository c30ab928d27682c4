"""The API described for people: a plain page made from the OpenAPI document, without scripts from elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from api import language
from api.errors import PROBLEM_TYPES, PROBLEMS
from api.openapi import document, operations
from api.pages import chrome
from api.replies import json_reply, page_reply
from api.site import TheSite

router = APIRouter(include_in_schema=False)
MOST_CHOICES = 8  # named one by one; of more the first few, for the OpenAPI document has them all


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an operation, in words."""

    name: str
    form: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    anchor: str
    method: str
    path: str
    description: str
    parameters: tuple[Parameter, ...]


@router.get("/api/v1/openapi.json", response_class=Response)
def openapi(request: Request, site: TheSite) -> Response:
    """Give the OpenAPI document, for programs."""
    return json_reply(document(request.app, site))


@router.get("/docs", response_class=Response)
def docs(request: Request, site: TheSite) -> Response:
    """Show every operation, its parameters and every kind of error."""
    lang = language.choose(request, site.options.languages)
    html = site.templates.render(
        "docs.html",
        lang,
        chrome=chrome(site, menu="api"),
        operations=list(described(document(request.app, site))),
        problems=[(status, PROBLEM_TYPES + kind, title) for status, (kind, title) in PROBLEMS.items()],
    )
    return page_reply(request, site, html)


def described(found: dict[str, Any]) -> Iterator[Operation]:
    """Read the operations out of an OpenAPI document, in its order."""
    for method, path, one in operations(found):
        parameters = tuple(_parameter(parameter) for parameter in one.get("parameters", []))
        words = one.get("description", "").replace("`", "")
        yield Operation(one["operationId"], method.upper(), path, words, parameters)


def _parameter(parameter: dict[str, Any]) -> Parameter:
    meaning = parameter.get("description", "").replace("`", "")
    return Parameter(parameter["name"], _form(parameter["schema"]), meaning)


def _form(schema: dict[str, Any]) -> str:
    """Say a schema in a few words: its type or its choices, its bounds and its default."""
    kinds = schema.get("anyOf", [schema])
    words = [_kind(kind) for kind in kinds if kind.get("type") != "null"]
    if "default" in schema and schema["default"] is not None:
        words.append(f"default {schema['default']}")
    return ", ".join(words)


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return _choices([str(choice) for choice in schema["enum"]])
    if "const" in schema:
        return str(schema["const"])
    bounds = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema]
    return " ".join([str(schema.get("format", schema.get("type", "any"))), *bounds])


def _choices(names: list[str]) -> str:
    if len(names) <= MOST_CHOICES:
        return " | ".join(names)
    return f"one of {len(names)}: {', '.join(names[:3])}, ..."
