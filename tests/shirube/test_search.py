"""search and similar as typed: what is found first, what is said of how it was read, and what helps when nothing is."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from core.errors import ModelError
from ranking.embedder import Embedder, Vectors
from tests.fakes import HashEmbedder
from tests.shirube.command import Bench, Ended, run
from tests.shirube.conftest import Store


class NoModel(HashEmbedder):
    """A model whose files are gone."""

    def embed(self, texts: Any) -> Vectors:
        """Fail as a missing model does."""
        raise ModelError("The model is not here", "Run make setup")


class WithoutModel(Bench):
    """The wiring on a machine without the model."""

    @property
    def embedder(self) -> Embedder:
        """Give a model that cannot be loaded."""
        return NoModel()


def items(ended: Ended) -> list[dict[str, Any]]:
    """Read what was printed as JSON."""
    assert ended.code == 0, ended.err
    found: list[dict[str, Any]] = json.loads(ended.out)
    return found


def search(store: Store, *words: str) -> list[dict[str, Any]]:
    return items(run("search", *words, "--format", "json", env=store.env))


@pytest.fixture(scope="module")
def some(october: Store) -> dict[str, Any]:
    """A stored paper with a topic."""
    found = items(
        run("papers", "--kind", "paper", "--format", "json", "--limit", "1", "--sort", "fit", env=october.env)
    )
    return found[0]


def test_a_name_finds_its_paper_alone(october: Store, some: dict[str, Any]) -> None:
    for name in (some["id"], f"arXiv:{some['id']}v1", f"https://arxiv.org/abs/{some['id']}", some["url"]):
        assert [item["id"] for item in search(october, name)] == [some["id"]], name


def test_an_exact_title_comes_first_and_others_follow(october: Store, some: dict[str, Any]) -> None:
    found = search(october, some["title"].upper())
    assert found[0]["id"] == some["id"]
    assert len(found) > 1


def test_words_in_any_order_find_the_paper(october: Store, some: dict[str, Any]) -> None:
    words = sorted(some["title"].split())
    assert some["id"] in [item["id"] for item in search(october, *words)[:3]]


def test_filters_hold(october: Store, some: dict[str, Any]) -> None:
    topic = some["topics"][0]["key"]
    words = some["title"].split()[:3]
    filed = items(run("papers", "--topic", topic, "--limit", "500", "--format", "json", env=october.env))
    found = {item["id"] for item in search(october, *words, "--topic", topic)}
    assert some["id"] in found
    assert found <= {item["id"] for item in filed}
    assert all(item["code"] for item in search(october, *words, "--has-code"))
    assert all(item["kind"] == "post" for item in search(october, *words, "--kind", "post"))
    late = search(october, *words, "--since", "2026-10-15")
    assert all((item["submitted"] or "2026-10-01")[:10] >= "2026-10-15" for item in late)


def test_what_a_name_finds_and_the_filters_leave_out_is_said(october: Store, some: dict[str, Any]) -> None:
    ended = run("search", some["id"], "--until", "2020-01-01", env=october.env)
    assert ended.code == 0
    assert f"The filters leave out what the query names: {some['id']}" in ended.err
    assert "Without the filters there are results (1)" in ended.err


def test_the_first_and_the_last_day_of_the_calendar_leave_a_search_open(october: Store) -> None:
    every = ("--since", "0001-01-01", "--until", "9999-12-31")
    assert [one["id"] for one in search(october, "model", *every)] == [one["id"] for one in search(october, "model")]
    assert items(run("papers", *every, "--format", "json", env=october.env))


def test_of_results_without_the_filters_the_limit_is_not_told_as_their_number(october: Store) -> None:
    ended = run("search", "model", "--until", "2020-01-01", "--limit", "3", env=october.env)
    assert "Without the filters there are results (3 and more)" in ended.err


def test_japanese_is_read_and_what_is_not_understood_is_said(october: Store) -> None:
    ended = run("search", "検索拡張生成のレシピ", env=october.env)
    assert ended.code == 0
    assert "Read as: Retrieval-augmented generation" in ended.err
    assert "Not understood: レシピ." in ended.err
    assert "shirube papers --topic rag" in ended.err
    english = search(october, "retrieval-augmented generation")
    assert [item["id"] for item in search(october, "検索拡張生成")] == [item["id"] for item in english]


def test_words_that_only_join_others_are_told_of(october: Store) -> None:
    ended = run("search", "最新の論文", env=october.env)
    assert "These words only join others" in ended.err
    assert "Nothing found." in ended.err


def test_a_word_that_no_paper_has_is_told_with_what_is_near(october: Store) -> None:
    said = run("search", "modle", "zeppelinesque", env=october.env).err
    assert "No paper has the word modle. Words near it: mod" in said
    assert "No paper has the word zeppelinesque.\n" in said
    assert "the word" not in run("search", "model", env=october.env).err


def test_a_labs_name_leads_to_the_lab(october: Store) -> None:
    ended = run("search", "DeepSeek", env=october.env)
    assert "The road follows a lab of that name: shirube papers --lab deepseek" in ended.err
    assert "a lab of that name" not in run("search", "DeepSeek herons", env=october.env).err


def test_a_labs_name_beside_what_is_not_understood_is_words_as_any(october: Store) -> None:
    ended = run("search", "DeepSeekの料理", env=october.env)
    assert "Read as: DeepSeek\n" in ended.err
    assert "a lab of that name" not in ended.err


def test_japanese_of_which_nothing_is_understood_finds_nothing_and_says_so(october: Store) -> None:
    ended = run("search", "料理のレシピ", env=october.env)
    assert (ended.code, len(ended.lines)) == (0, 1)
    assert "Not understood: 料理、レシピ." in ended.err
    assert "Nothing found." in ended.err


def test_a_machine_reads_the_list_and_nothing_else_on_stdout(october: Store) -> None:
    lines = run("search", "モデル", "--format", "jsonl", env=october.env).lines
    assert all(json.loads(line)["id"] for line in lines)
    table = list(csv.DictReader(io.StringIO(run("search", "model", "--format", "csv", env=october.env).out)))
    assert table
    assert table[0].keys() >= {"id", "title", "withdrawn"}


def test_without_vectors_the_words_alone_find_and_that_is_said(mine: Store) -> None:
    _change(mine, "DELETE FROM embedding")
    ended = run("search", "model", "--format", "json", env=mine.env)
    assert items(ended)
    assert "Found by words alone: no paper has a vector yet. shirube rank makes them." in ended.err
    ended = run("similar", items(ended)[0]["id"], env=mine.env)
    assert ended.code == 1
    assert "Run shirube rank first" in ended.err


def test_without_a_model_the_words_alone_find_and_that_is_said(october: Store, some: dict[str, Any]) -> None:
    ended = run("search", *some["title"].split()[:3], "--format", "json", env=october.env, wiring=WithoutModel)
    assert some["id"] in [item["id"] for item in items(ended)]
    assert "Found by words alone: The model is not here. Run make setup" in ended.err
    assert items(run("similar", some["id"], "--format", "json", env=october.env, wiring=WithoutModel))


def test_nothing_found_says_what_to_try(october: Store, empty: dict[str, str]) -> None:
    assert "begin with: shirube digest" in run("search", "brass", env=empty).err
    absent = run("search", "2405.00001", env=october.env)
    assert absent.code == 0
    assert "its month is pulled by: shirube digest 2024-05" in absent.err
    assert "try words of its title" in run("search", "10.1234/none", env=october.env).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("search", "x", "--topic", "sails"), "There is no topic 'sails'"),
        (("search", "x", "--stage", "99"), "There is no stage 99"),
        (("search", "x", "--format", "bread"), "There is no format 'bread'"),
        (("search", " "), "There is nothing to search for"),
        (("similar", "x", "--lab", "nobody"), "There is no lab 'nobody'"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(october: Store, words: tuple[str, ...], said: str) -> None:
    ended = run(*words, env=october.env)
    assert ended.code == 2
    assert said in ended.err


def test_withdrawn_papers_are_marked(mine: Store, some: dict[str, Any]) -> None:
    _change(mine, "UPDATE item SET withdrawn = 1 WHERE id = :id", id=some["id"])
    assert "(withdrawn)" in run("search", some["id"], env=mine.env).out.replace("\n", " ")
    assert search(mine, some["id"])[0]["withdrawn"] is True


# similar


def test_the_nearest_come_first_with_their_cosine_and_without_the_paper_itself(
    october: Store, some: dict[str, Any]
) -> None:
    found = items(run("similar", f"arXiv:{some['id']}", "--format", "json", "--limit", "10", env=october.env))
    cosines = [item["cosine"] for item in found]
    assert len(found) == 10
    assert cosines == sorted(cosines, reverse=True)
    assert all(-1 <= cosine <= 1 for cosine in cosines)
    assert some["id"] not in [item["id"] for item in found]


def test_near_twins_are_folded_under_the_nearest(mine: Store, some: dict[str, Any]) -> None:
    near = items(run("similar", some["id"], "--format", "json", "--limit", "2", env=mine.env))
    first, second = (item["id"] for item in near)
    _change(
        mine,
        "UPDATE embedding SET vector = (SELECT vector FROM embedding WHERE item_id = :first),"
        " made_at = '2026-12-01 00:00:00.000000' WHERE item_id = :second",
        first=first,
        second=second,
    )
    found = items(run("similar", some["id"], "--format", "json", env=mine.env))
    assert second not in [item["id"] for item in found]
    assert next(item for item in found if item["id"] == first)["twins"] == [second]


def test_a_paper_without_a_vector_is_embedded_for_the_occasion(mine: Store, some: dict[str, Any]) -> None:
    before = items(run("similar", some["id"], "--format", "json", env=mine.env))
    _change(mine, "DELETE FROM embedding WHERE item_id = :id", id=some["id"])
    after = items(run("similar", some["id"], "--format", "json", env=mine.env))
    assert [item["id"] for item in after[:5]] == [item["id"] for item in before[:5]]


def test_similar_obeys_filters_and_says_when_nothing_is_left(october: Store, some: dict[str, Any]) -> None:
    posts = items(run("similar", some["id"], "--kind", "post", "--format", "json", env=october.env))
    assert all(item["kind"] == "post" for item in posts)
    ended = run("similar", some["id"], "--until", "2020-01-01", env=october.env)
    assert ended.code == 0
    assert "Leave one of them out" in ended.err


def test_an_unknown_paper_is_an_error_with_advice(october: Store) -> None:
    ended = run("similar", "2405.00002 2405.00001", env=october.env)
    assert (ended.code, "names 2 papers" in ended.err) == (2, True)
    ended = run("similar", "2405.00001", env=october.env)
    assert ended.code == 1
    assert "2405.00001 is not stored" in ended.err


def _change(store: Store, statement: str, **values: str) -> None:
    engine = create_engine(f"sqlite:///{Path(store.folder) / 'shirube.db'}")
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()
