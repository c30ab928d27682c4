"""A search for a person: what is taken for an author's name, and that this author's papers come first."""

from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.engine import Sessions, reading
from db.papers import PaperFilter
from db.storing import save
from ranking.authors import ODD, SPELLINGS, author_asked, plainly, spellings, written_by
from ranking.matrix import write
from ranking.search import understand
from ranking.service.searching import Found, Meaning, search
from tests.db.shelf import stored

PEOPLE = {
    "2601.00001": ["Song Han", "Ada Moorhen"],
    "2602.00002": ["Ada Moorhen", "Song Han"],
    "2603.00003": ["Han Wang", "Song Moorhen"],  # both words, and nobody of that name
    "2604.00004": ["Song-Yi Han"],
    "2605.00005": ["Zoë Q. Ångström"],
    "2606.00006": ["Wei Song"],
}


@pytest.fixture
def shelf(sessions: Sessions) -> Sessions:
    items = [
        stored(item_id, title=f"On tin {item_id[-1]}", authors=[{"name": name, "affiliation": None} for name in names])
        for item_id, names in PEOPLE.items()
    ]
    with sessions.begin() as session:
        save(session, [*items, stored("2606.00009", title="A song of Han dynasty tin")])
    return sessions


def found(sessions: Sessions, query: str, meaning: Meaning | None = None, **wanted: Any) -> Found:
    with reading(sessions) as session:
        return search(session, understand(query, {}), PaperFilter(**wanted), {}, meaning)


@pytest.mark.parametrize("query", ["Song Han", "han song", "Han, Song", "“Song Han”", "  SONG   HAN "])
def test_an_authors_papers_come_first_the_newest_at_the_head(shelf: Sessions, query: str) -> None:
    assert found(shelf, query).ids[:3] == ("2602.00002", "2601.00001", "2604.00004")
    assert found(shelf, query).by_author == ("2602.00002", "2601.00001", "2604.00004")


@pytest.mark.parametrize("query", ["Zoe Angstrom", "Z. Ångström", "Ångström, Z.", "Z.Q. Ångström", "Zoë Q. Ångström"])
def test_initials_and_accents_of_a_name_may_be_missing(shelf: Sessions, query: str) -> None:
    assert found(shelf, query).ids[:1] == ("2605.00005",)
    assert found(shelf, query).by_author == ("2605.00005",)


@pytest.mark.parametrize(
    "query", ["Song", "Song Moorhen tin", "Q. Ångström Moorhen", "on tin", "A. Ångström", "...", "Z. Q."]
)
def test_what_is_no_authors_name_is_searched_for_as_before(shelf: Sessions, query: str) -> None:
    assert found(shelf, query).by_author == ()


LETTERS = {
    "2601.00011": "Søren Nießner", "2602.00012": "Soren Niessner", "2603.00013": "Yiğit Yıldırım",
    "2604.00014": "Łukasz Đorđević", "2605.00015": "Þór Snæland",
}  # fmt: skip


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("Søren Nießner", ("2602.00012", "2601.00011")), ("soren niessner", ("2602.00012", "2601.00011")),
        ("S. NIESSNER", ("2602.00012", "2601.00011")), ("Yigit Yildirim", ("2603.00013",)),
        ("YİĞİT YILDIRIM", ("2603.00013",)), ("Lukasz Dordevic", ("2604.00014",)), ("Ł. Đorđević", ("2604.00014",)),
        ("Thor Snaeland", ("2605.00015",)),
    ],
)  # fmt: skip
def test_letters_that_are_no_accents_are_found_by_the_plain_ones_and_the_other_way(
    sessions: Sessions, query: str, ids: tuple[str, ...]
) -> None:
    with sessions.begin() as session:
        for item_id, name in LETTERS.items():
            save(session, [stored(item_id, title="On tin", authors=[{"name": name, "affiliation": None}])])
    assert found(sessions, query).by_author == ids


def test_filters_hold_for_an_authors_papers(shelf: Sessions) -> None:
    assert found(shelf, "Song Han", month="2026-01").ids == ("2601.00001",)
    assert found(shelf, "Song Han", limit=1).ids == ("2602.00002",)


def test_the_meaning_of_a_name_is_not_asked(shelf: Sessions, tmp_path: Path) -> None:
    rows = np.eye(2, dtype=np.float32)
    matrix = write(tmp_path / "vectors", "m", "", ["2605.00005", "2606.00006"], rows)
    meaning = Meaning(rows[1], matrix)
    assert found(shelf, "Song Han", meaning).by_meaning == ()
    assert "2606.00006" not in found(shelf, "Song Han", meaning).ids[:4]
    assert found(shelf, "tin songs", meaning).by_meaning != ()


def test_more_than_a_name_is_no_name() -> None:
    assert author_asked("attention is all you need now") is None
    assert author_asked("GPT 4") is None
    assert author_asked("Herons") is None


words = st.lists(st.text("abcdeé", min_size=2, max_size=5), min_size=2, max_size=4, unique=True)


@given(words, st.randoms())
def test_a_name_is_found_in_any_order(parts: list[str], chance: Random) -> None:
    turned = sorted(parts, key=lambda _: chance.random())
    asked = author_asked(" ".join(turned))
    assert asked is not None
    assert written_by(asked, [("a", ("Nobody Else", " ".join(parts)))]) == ["a"]


@given(st.text("abdehiloste", min_size=1, max_size=12), st.data())
def test_every_spelling_of_a_word_is_plainly_that_word(word: str, data: st.DataObject) -> None:
    forms = spellings(word)
    assert forms[0] == word
    assert len(forms) == len(set(forms)) <= SPELLINGS
    assert plainly(data.draw(st.sampled_from(forms))) == word


@given(st.text("aeøßıłđbk", min_size=1, max_size=8))
def test_a_word_with_few_such_letters_is_among_the_spellings(word: str) -> None:
    if sum(letter in "øßıłđ" for letter in word) <= ODD:
        assert word in spellings(plainly(word))


@given(words)
def test_words_of_two_people_are_nobodys_name(parts: list[str]) -> None:
    asked = author_asked(" ".join(parts))
    assert asked is not None
    assert written_by(asked, [("a", (parts[0], " ".join(parts[1:])))]) == []
