"""Lists of papers on the command line as references: whole files that programs read."""

import json

import pytest
import rispy  # type: ignore[import-untyped]
from bibtexparser.entrypoint import parse_string

from core.errors import UsageError
from digest.citing.work import work_of
from roadmap.model import Roadmap
from shirube import output
from tests.digest.citing.works import samples


def printed(form: str, roadmap: Roadmap, capsys: pytest.CaptureFixture[str]) -> str:
    output.listing(samples(), form, roadmap, {one.id: {"cosine": 0.9, "twins": []} for one in samples()})
    return capsys.readouterr().out


def test_references_name_the_same_works_in_every_format(roadmap: Roadmap, capsys: pytest.CaptureFixture[str]) -> None:
    keys = [work_of(one, roadmap).key for one in samples()]
    assert [entry.key for entry in parse_string(printed("bibtex", roadmap, capsys)).entries] == keys
    assert [one["id"] for one in rispy.loads(printed("ris", roadmap, capsys))] == keys
    assert [one["id"] for one in json.loads(printed("csl", roadmap, capsys))] == keys


@pytest.mark.parametrize(("form", "empty"), [("bibtex", ""), ("ris", ""), ("csl", "[\n\n]\n")])
def test_nothing_found_is_an_empty_file(
    roadmap: Roadmap, capsys: pytest.CaptureFixture[str], form: str, empty: str
) -> None:
    output.listing([], form, roadmap)
    assert capsys.readouterr().out == empty


def test_columns_of_a_command_follow_those_of_every_item(roadmap: Roadmap, capsys: pytest.CaptureFixture[str]) -> None:
    head, first, *_ = printed("csv", roadmap, capsys).splitlines()
    assert head.endswith(",authors,doi,cosine,twins")
    assert first.endswith(",0.900,")


def test_a_format_nobody_knows_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError) as refused:
        output.check_listing("endnote")
    assert "bibtex, ris, csl" in str(refused.value.advice)
