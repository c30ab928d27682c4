"""The OpenAPI document describes everything: each operation, parameter, answer and error, with examples that fit."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator

from api.errors import PROBES, PROBLEMS
from api.openapi import operations
from db.engine import Sessions
from digest.formats.json import to_json
from digest.service import read_digest
from roadmap.model import Roadmap
from tests.api.factory import TOPIC, fill, make_issue
from tests.conftest import NOW

Found = dict[str, Any]


@pytest.fixture
def found(client: TestClient) -> Found:
    """The document as it is served."""
    answer = client.get("/api/v1/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document: Found = answer.json()
    return document


def each(found: Found) -> Iterator[tuple[str, Found]]:
    for method, path, operation in operations(found):
        yield f"{method} {path}", operation


def fits(found: Found, schema: Found, value: Any) -> list[str]:
    """Tell what does not fit a schema of the document, closed against members it does not describe."""
    closed = {name: one | {"additionalProperties": False} for name, one in found["components"]["schemas"].items()}
    whole = schema | {"components": {"schemas": closed}}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def test_the_document_is_openapi_3_1_of_this_service(found: Found) -> None:
    assert found["openapi"].startswith("3.1")
    assert found["info"]["version"] == "9.9"
    assert found["info"]["license"]["identifier"] == "Apache-2.0"
    assert found["servers"] == [{"url": "https://road.example/"}]
    assert "ValidationError" not in str(found)


def test_every_address_of_the_contract_is_described(found: Found) -> None:
    names = "papers papers/{item_id} papers/{item_id}/similar search stages stages/{number}/canon topics labs digests"
    names += " digests/latest digests/{month} digests/{month}/stages/{number} subscriptions feedback status"
    assert {f"/api/v1/{name}" for name in names.split()} <= found["paths"].keys()


def test_every_reference_leads_somewhere(found: Found) -> None:
    schemas = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    assert {ref for ref in references(found) if ref not in schemas} == set()
    assert "$defs" not in str(found)


def references(part: Any) -> Iterator[str]:
    """List every $ref of a document."""
    if isinstance(part, dict):
        yield from (str(value) for key, value in part.items() if key == "$ref")
        for value in part.values():
            yield from references(value)
    if isinstance(part, list):
        for value in part:
            yield from references(value)


def test_every_operation_is_named_told_and_filed(found: Found) -> None:
    tags = {tag["name"]: tag["description"] for tag in found["tags"]}
    ids = [operation["operationId"] for _, operation in each(found)]
    assert len(ids) == len(set(ids))
    for name, operation in each(found):
        assert operation["summary"].strip(), name
        assert operation["description"].strip(), name
        assert operation["tags"], name
        assert all(tags[tag] for tag in operation["tags"]), name


def test_every_parameter_is_described_with_an_example_or_its_choices(found: Found) -> None:
    for name, operation in each(found):
        for parameter in operation.get("parameters", []):
            where = f"{name}: {parameter['name']}"
            assert parameter["description"].strip(), where
            told = {"example", "examples"} & parameter.keys() or {"enum", "default", "examples"} & parameter[
                "schema"
            ].keys()
            assert told, where
            if "example" in parameter:
                assert fits(found, parameter["schema"], parameter["example"]) == [], where


def test_every_answer_has_words_a_type_and_for_json_an_example(found: Found) -> None:
    for name, operation in each(found):
        assert any(code < "400" for code in operation["responses"]), name
        for code, answer in operation["responses"].items():
            where = f"{name}: {code}"
            assert answer["description"].strip(), where
            assert "content" in answer or code in ("204", "302", "304", "308"), where
            for media_type, content in answer.get("content", {}).items():
                assert "schema" in content, where
                if media_type.endswith("json"):
                    assert "example" in content, where
                    assert fits(found, content["schema"], content["example"]) == [], where


def test_every_operation_shows_an_answer(found: Found) -> None:
    for name, operation in each(found):
        good = [answer for code, answer in operation["responses"].items() if code in ("200", "201", "202")]
        assert all(any(content.get("example") for content in answer["content"].values()) for answer in good), name


def test_every_body_has_an_example(found: Found) -> None:
    bodies = [(name, one["requestBody"]["content"]) for name, one in each(found) if "requestBody" in one]
    assert bodies
    for name, contents in bodies:
        for content in contents.values():
            assert fits(found, content["schema"], content["example"]) == [], name


def test_every_error_is_a_problem_under_the_api_and_a_page_elsewhere(found: Found) -> None:
    for method, path, operation in operations(found):
        errors = {code: answer for code, answer in operation["responses"].items() if code >= "400"}
        assert {"422", "429", "500"} <= errors.keys(), f"{method} {path}"
        machines = path.startswith("/api/") or path in PROBES
        for code, answer in errors.items():
            assert list(answer["content"]) == ["application/problem+json" if machines else "text/html"], path
            assert int(code) in PROBLEMS


def test_what_answers_with_a_tag_is_described_so_and_nothing_else(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, found: Found
) -> None:
    fill(sessions, roadmap, 3)
    make_issue(sessions, roadmap, "2026-06", NOW)
    for method, path, operation in operations(found):
        answer = client.get(filled_in(path), params={"q": "heron"} if path.endswith("search") else {})
        if method == "get" and answer.status_code < 400:
            assert ("etag" in answer.headers) == ("304" in operation["responses"]), path
            described = operation["responses"][str(answer.status_code)].get("headers", {})
            assert ("etag" in answer.headers) == ("ETag" in described), path


def test_an_id_with_its_version_leads_on_as_described(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, found: Found
) -> None:
    fill(sessions, roadmap, 3)
    of_items = [(path, one) for _, path, one in operations(found) if "{item_id}" in path]
    assert len(of_items) >= 6
    for path, operation in of_items:
        answer = client.get(filled_in(path, "2606.00001v2"))
        assert (answer.status_code, answer.headers["location"]) == (308, filled_in(path)), path
        assert operation["responses"]["308"]["description"], path


def filled_in(path: str, item_id: str = "2606.00001") -> str:
    """Write an address of the document with keys of what is stored."""
    key = "qwen" if "labs" in path else TOPIC
    return path.format(item_id=item_id, month="2026-06", number=5, key=key, suffix="atom")


def test_an_issue_is_as_its_schema_says(client: TestClient, sessions: Sessions, roadmap: Roadmap, found: Found) -> None:
    fill(sessions, roadmap, 3, labs={"qwen": 0.9}, code=["https://github.com/heron/clock"])
    make_issue(sessions, roadmap, "2026-06", NOW)
    whole = client.get("/api/v1/digests/2026-06").json()
    assert fits(found, {"$ref": "#/components/schemas/DigestJson"}, whole) == []
    with sessions() as session:
        assert whole == to_json(read_digest(session, "2026-06"))
    for section in whole["stages"]:
        one = client.get(f"/api/v1/digests/2026-06/stages/{section['number']}").json()
        assert fits(found, {"$ref": "#/components/schemas/DigestStageJson"}, one) == []
        assert one["stage"] == section
        assert (one["month"], one["status"], one["coverage"]) == ("2026-06", "final", whole["coverage"])
    assert client.get("/api/v1/digests/2026-06/stages/9").json()["advice"].startswith("Its stages are 1, 2")


def test_the_schema_of_an_issue_is_no_formality(found: Found) -> None:
    answers = found["paths"]["/api/v1/digests/{month}"]["get"]["responses"]
    right = answers["200"]["content"]["application/json"]["example"]
    schema = {"$ref": "#/components/schemas/DigestJson"}
    assert fits(found, schema, right | {"status": 7}) == ["7 is not of type 'string'"]
    assert fits(found, schema, right | {"surprise": 1})


def test_the_page_shows_every_operation_with_its_parameters(client: TestClient, found: Found) -> None:
    page = client.get("/docs").text
    for method, path, operation in operations(found):
        assert f"{method.upper()} {path}" in page
        assert all(f"<code>{parameter['name']}</code>" in page for parameter in operation.get("parameters", []))
