"""Golden files: what two whole months hold, and how every format writes them in both languages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import select

from db.models import Issue
from digest.formats import formats
from digest.formats.json import from_json
from digest.schema import schema
from digest.service import digest_of
from ranking.embedder import SentenceTransformerEmbedder
from tests.digest import sample
from tests.shirube import golden
from tests.shirube.conftest import Store
from tests.shirube.test_digest import state

AGAIN = "run: python -m tests.shirube.golden, and read what changed"


@pytest.mark.parametrize("month", golden.MONTHS)
def test_every_format_writes_the_golden_month(month: str) -> None:
    digest = golden.stored(month)
    once = dict(golden.written(digest))
    for name, text in once.items():
        assert (golden.FOLDER / name).read_text(encoding="utf-8") == text, f"{name}: {AGAIN}"
    assert {file.name for file in golden.FOLDER.glob(f"{month}.*")} == {f"{month}.json", *once}
    assert dict(golden.written(golden.stored(month))) == once


def test_the_stand_in_makes_the_golden_month(final: Store) -> None:
    ((issue,),) = state(final, select(Issue).where(Issue.month == golden.STAND_IN))
    made = json.loads(formats()["json"].render(digest_of(issue), "en"))
    assert list(golden.differences(made, held(golden.STAND_IN))) == [], AGAIN


def test_the_recorded_month_makes_the_golden_sample(tmp_path: Path, model: SentenceTransformerEmbedder) -> None:
    class Packaged(golden.Packaged):
        """The packaged weights; the model is the one this session has loaded."""

        embedder = model

    made, wanted = golden.recorded(tmp_path, Packaged), held(golden.RECORDED)
    for part in ("status", "banners", "coverage"):
        assert made[part] == wanted[part], AGAIN
    assert len(made["hour"]) == len(wanted["hour"])
    assert [far for pair in zip(made["stages"], wanted["stages"], strict=True) for far in too_far(*pair)] == [], AGAIN


def too_far(made: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    """Compare a stage where arithmetic is the processor's own: papers of nearly the same worth may change places.

    Counts may differ by a hundredth; at most two of its papers may be others.
    """
    if abs(made["considered"] - wanted["considered"]) > wanted["considered"] / 100:
        yield f"stage {wanted['number']}: {made['considered']} considered, not {wanted['considered']}"
    mine, theirs = ({entry["id"] for entry in stage["entries"]} for stage in (made, wanted))
    if len(mine ^ theirs) > 4:
        yield f"stage {wanted['number']}: {sorted(mine - theirs)} for {sorted(theirs - mine)}"


def held(month: str) -> dict[str, Any]:
    """Read what the golden file of a month holds."""
    found: dict[str, Any] = json.loads((golden.FOLDER / f"{month}.json").read_text(encoding="utf-8"))
    return found


def test_a_difference_is_named() -> None:
    one = {"a": [1.0, {"b": "x"}], "inputs_hash": "1"}
    assert list(golden.differences(one, {"a": [1.01, {"b": "x"}], "inputs_hash": "2"})) == []
    assert list(golden.differences(one, {"a": [1.1, {"b": "y"}], "inputs_hash": "1"})) == [
        ".a[0]: 1.0 is not 1.1",
        ".a[1].b: 'x' is not 'y'",
    ]
    assert list(golden.differences(one, {"a": [1.0], "inputs_hash": "1"})) != []


# -- the schema ------------------------------------------------------------------------------------------------------


def test_the_schema_in_the_docs_is_up_to_date() -> None:
    assert golden.SCHEMA.read_text(encoding="utf-8") == golden.schema_text(), AGAIN


SHAPES = {
    "everything": sample.digest(banners=sample.every_banner()),
    "sample": sample.sample(),
    "catch-up": sample.catch_up(),
    "bare": sample.digest(topmost=None, stages=(), late=(), previous=None, published=None),
    **{month: golden.stored(month) for month in golden.MONTHS},
}


@pytest.mark.parametrize("name", SHAPES)
def test_what_is_written_keeps_to_the_schema(name: str) -> None:
    checker = Draft202012Validator(schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
    plain = json.loads(formats()["json"].render(SHAPES[name], "ja"))
    assert [error.message for error in checker.iter_errors(plain)] == []
    assert from_json(plain) == SHAPES[name]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("status",), "finished"),
        (("month",), "2026-13"),
        (("coverage", "failed"), None),
        (("stages", 0, "entries", 0, "worth"), "much"),
        (("stages", 4, "name"), "Modern NLP"),
    ],
)
def test_the_schema_refuses_what_is_wrong(path: tuple[str | int, ...], value: object) -> None:
    plain = json.loads(formats()["json"].render(sample.digest(), "en"))
    within: Any = plain
    for step in path[:-1]:
        within = within[step]
    within[path[-1]] = value
    assert not Draft202012Validator(schema()).is_valid(plain)


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["required"][0] == "month"
