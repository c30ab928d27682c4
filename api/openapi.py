"""The OpenAPI 3.1 document: what FastAPI reads from the routes, completed by the rules that hold for all of them.

Rules, not words typed for each route: a read with a tag may be 304, what takes parameters 422, what takes a body 400,
413 and 415. Every error is a problem document. Summaries are the first clause of the routes' own sentences.
"""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from pydantic import TypeAdapter

from api import examples
from api.digest_schemas import DigestJson, DigestStageJson, components
from api.errors import MEDIA_TYPE, PROBLEM_TYPES, PROBLEMS, ProblemJson, for_machines
from api.site import Site

Document = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
TAGS = {
    "papers": "Papers and posts: lists with filters, single items, what is near them, and whole lists as files.",
    "search": "Finding by name, words and meaning.",
    "exports": "Items and issues as files to take along: BibTeX, RIS, CSL-JSON, CSV, JSON lines, Markdown.",
    "roadmap": "The study road: stages, their reading lists, topics, labs.",
    "digests": "The monthly issues.",
    "feeds": "What is new, for feed readers.",
    "subscriptions": "Signing up for the mail.",
    "feedback": "What a reader says of an item.",
    "operation": "Whether the service answers, and what it has read.",
}
# What the parts of an address mean, where a route does not say it itself.
MEANINGS = {
    "item_id": "Id of the item; the slash of an old arXiv id as it is or as %2F",
    "month": "Month of the issue, YYYY-MM",
    "number": "Number of the stage",
    "key": "Key of the topic or the lab",
    "suffix": "Format",
}
JSON = "application/json"
_PROBLEM = {"$ref": "#/components/schemas/ProblemJson"}
_HEADERS = {
    "ETag": "Names this state of the answer; send it back as If-None-Match.",
    "Cache-Control": "How long the answer keeps.",
}
_CLAUSE = re.compile(r"[.;:]\s|[.;:]$")


def document(app: FastAPI, site: Site) -> Document:
    """Give the document of an app, made once; its examples are answers of this service to invented rows."""
    found: Document | None = getattr(app.state, "openapi", None)
    if found is None:
        found = app.state.openapi = _complete(deepcopy(app.openapi()), site)
    return found


def operations(found: Document) -> Iterator[tuple[str, str, Document]]:
    """Walk the operations of a document: (method in small letters, path, operation)."""
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield method, path, operation


def _complete(found: Document, site: Site) -> Document:
    found["info"]["license"] = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
    found["servers"] = [{"url": site.options.absolute(site.options.root or "/")}]
    for method, path, operation in operations(found):
        _tell(operation)
        _add_statuses(method, path, operation)
        _add_examples(path, operation, site)
    used = {tag for _, _, operation in operations(found) for tag in operation.get("tags", [])}
    found["tags"] = [{"name": tag, "description": words} for tag, words in TAGS.items() if tag in used]
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own error, which is never sent here
        schemas.pop(name, None)
    schemas |= components(DigestJson, DigestStageJson)
    problem = TypeAdapter(ProblemJson).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs")
    schemas["ProblemJson"] = problem
    return found


def _tell(operation: Document) -> None:
    """Summarise an operation by the first clause of what its route says of itself."""
    words = " ".join(operation.get("description", "").split())
    operation["summary"] = _CLAUSE.split(words, maxsplit=1)[0].strip() or operation.get("summary", "")


def _add_statuses(method: str, path: str, operation: Document) -> None:
    """Document what follows from the kind of an operation, beside what its route declares."""
    answers: Document = operation["responses"]
    tagged = method == "get" and not operation.pop("x-untagged", False)
    if "HTTPValidationError" in str(answers.get("422")):
        del answers["422"]
    for status in (*_statuses(operation), *([304] if tagged else [])):
        answers.setdefault(str(status), {})
    for code, answer in answers.items():
        if code.isdecimal() and int(code) >= 400:
            _make_problem(int(code), path, answer)
        elif code == "304":
            answer["description"] = "The answer is as it was when its tag or its date was given"
        elif method == "get" and code == "200":
            told = _HEADERS if tagged else {"Cache-Control": _HEADERS["Cache-Control"]}
            answer.setdefault("headers", {}).update(_described(told))
            _open_texts(answer)
    operation["responses"] = dict(sorted(answers.items()))


def _statuses(operation: Document) -> Iterator[int]:
    """Name the statuses any operation of the kind may give: see api/errors.py and api/gate.py."""
    yield from (400, 421, 429, 500, 503)
    if "requestBody" in operation or any(one["in"] == "path" for one in operation.get("parameters", [])):
        yield 404
    if "requestBody" in operation:
        yield from (408, 413, 415)
    if "security" in operation:
        yield from (401, 403)
    yield 422  # an unknown parameter is one


def _open_texts(answer: Document) -> None:
    """Show what others define; JSON of theirs (CSL, JSON Feed) may be any: a route that gives a text calls it one."""
    for media_type, content in answer.get("content", {}).items():
        if media_type in examples.TEXTS:
            content.setdefault("example", examples.TEXTS[media_type])
        if media_type.endswith("json") and content.get("schema") == {"type": "string"}:
            content["schema"] = {}
            example = content.get("example")
            content["example"] = json.loads(example) if isinstance(example, str) else example


def _make_problem(status: int, path: str, answer: Document) -> None:
    """Describe an error: a problem document under the API, a page elsewhere."""
    kind, title = PROBLEMS[status]
    if answer.get("description") in (None, "", "Validation Error"):
        answer["description"] = title
    body = {"type": PROBLEM_TYPES + kind, "title": title, "status": status, "detail": title}
    example = body | {"instance": path, "request_id": "5f0c1e2a"}
    problem = {MEDIA_TYPE: {"schema": _PROBLEM, "example": example}}
    answer["content"] = problem if for_machines(path) else {"text/html": {"schema": {"type": "string"}}}
    if status in (429, 503):
        answer["headers"] = _described({"Retry-After": "Seconds to wait before the next request."})


def _described(headers: dict[str, str]) -> Document:
    return {name: {"description": words, "schema": {"type": "string"}} for name, words in headers.items()}


def _add_examples(path: str, operation: Document, site: Site) -> None:
    for parameter in operation.get("parameters", []):
        _name_choices(parameter, site)
        example = examples.PARAMETERS.get(parameter["name"])
        if parameter["name"] == "key":
            example = examples.key(path, site.roadmap)
        if parameter["name"] == "item_id":
            parameter["examples"] = {"id": {"value": example}, "with its version": {"value": f"{example}v1"}}
        if isinstance(example, int) and parameter["schema"].get("type") == "string":
            example = str(example)
        if example is not None and is_list(parameter):
            example = [example]
        parameter.setdefault("description", MEANINGS.get(parameter["name"], ""))
        if example is not None and not {"example", "examples"} & (parameter.keys() | parameter["schema"].keys()):
            parameter["example"] = example
    for content in _contents(operation):
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if "example" not in content and name in examples.ANSWERS:
            content["example"] = examples.ANSWERS[name](site)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        if "example" not in content and content["schema"].get("title") in examples.BODIES:
            content["example"] = examples.BODIES[content["schema"]["title"]]


def is_list(parameter: Document) -> bool:
    """Tell whether a parameter may come more than once."""
    return any(kind.get("type") == "array" for kind in _kinds(parameter["schema"]))


def _kinds(schema: Document) -> list[Document]:
    found: list[Document] = schema.get("anyOf", [schema])
    return found


def _name_choices(parameter: Document, site: Site) -> None:
    """Name the keys a filter may be, which the curriculum decides."""
    road = site.roadmap
    choices = {"topic": list(road.topics), "lab": list(road.labs), "stage": [one.number for one in road.stages]}
    for kind in _kinds(parameter["schema"]):
        if parameter["name"] in choices and kind.get("type") in ("string", "integer"):
            kind["enum"] = choices[parameter["name"]]


def _contents(operation: Document) -> Iterator[Document]:
    """Give the JSON contents of the answers."""
    for part in operation["responses"].values():
        if JSON in part.get("content", {}):
            yield part["content"][JSON]
