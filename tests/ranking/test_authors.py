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
from ranking.authors import (
    ODD,
    SIGNED,
    SPELLINGS,
    author_asked,
    is_name,
    mostly_signed,
    plainly,
    signed,
    spellings,
    written_by,
)
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
    nobody = [{"name": "Bea Plover", "affiliation": None}]
    with sessions.begin() as session:
        save(session, [*items, stored("2606.00009", title="A song of Han dynasty tin", authors=nobody)])
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


TOGETHER = {
    "Ada Moorhen, Song Han": ("2602.00002", "2601.00001", "2604.00004"),
    "Song Han and Ada Moorhen": ("2602.00002", "2601.00001", "2604.00004"),
    "Song Moorhen & Han Wang": ("2603.00003",),
    "Song Han; Wei Song": ("2602.00002", "2601.00001", "2604.00004", "2606.00006"),
}
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
    assert author_asked("Z. Q.") is None


@pytest.mark.parametrize(
    "query",
    [
        "Dr. Song Han",
        "Prof. Dr. S. Han",
        "professor song han",
        "Song Han et al.",
        "Han, S., et al",
        "A Moorhen",
        "moorhen a",
    ],
)
def test_what_marks_a_name_is_no_word_of_it_and_an_initial_needs_no_stop(shelf: Sessions, query: str) -> None:
    assert found(shelf, query).by_author[:2] == ("2602.00002", "2601.00001")


def test_of_several_names_what_all_of_them_wrote_comes_first(shelf: Sessions) -> None:
    for query in ("Ada Moorhen, Song Han", "Song Han and Ada Moorhen", "Song Moorhen & Han Wang", "Song Han; Wei Song"):
        ids = found(shelf, query).by_author
        assert ids[: len(TOGETHER[query])] == TOGETHER[query]
        assert len(ids) == len(set(ids))
    assert found(shelf, "Song Han, Nobody Else").by_author == ()


@pytest.mark.parametrize("query", ["Moorhen", "moorhen", "Moorhen et al.", "Dr. Moorhen"])
def test_a_word_that_is_nearly_always_an_authors_name_is_one(shelf: Sessions, query: str) -> None:
    assert found(shelf, query).ids[:3] == ("2603.00003", "2602.00002", "2601.00001")
    assert found(shelf, query).by_author == ("2603.00003", "2602.00002", "2601.00001")


def test_a_word_that_titles_hold_as_well_is_no_name_unless_it_is_marked_as_one(shelf: Sessions) -> None:
    assert found(shelf, "Song").by_author == found(shelf, "a song").by_author == ()
    assert len(found(shelf, "Song et al.").by_author) == 5


def test_a_name_alone_is_found_by_either_spelling(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for item_id, name in LETTERS.items():
            save(session, [stored(item_id, title="On tin", authors=[{"name": name, "affiliation": None}])])
    for query in ("Niessner", "Nießner"):
        assert found(sessions, query).by_author == ("2602.00012", "2601.00011")
    assert found(sessions, "Yildirim").by_author == ("2603.00013",)


def test_what_is_by_an_author_asked_for_beside_words_goes_before_what_is_near(
    sessions: Sessions, tmp_path: Path
) -> None:
    people = {"2601.00001": "Ada Moorhen", "2602.00002": "Wei Song", "2603.00003": "Ada Moorhen"}
    items = [
        stored(item_id, title=f"Brass {item_id[-1]} of herons", authors=[{"name": name, "affiliation": None}])
        for item_id, name in people.items()
    ]
    near = [stored(f"2606.0000{n}", title=f"Of brass birds {n}", authors=[]) for n in range(5)]
    with sessions.begin() as session:
        save(session, [*items, *near])
    ids = [f"2606.0000{n}" for n in range(5)]
    meaning = Meaning(np.ones(2, np.float32), write(tmp_path / "vectors", "m", "", ids, np.ones((5, 2), np.float32)))
    for query in ("Moorhen brass herons", "Ada Moorhen brass", "moorhen brass", "Moorhen et al. Brass of herons"):
        assert set(found(sessions, query, meaning).ids[:2]) == {"2601.00001", "2603.00003"}, query
        assert found(sessions, query, meaning).by_author == ()


def test_papers_that_hold_a_word_of_the_query_as_a_word_make_it_no_name() -> None:
    papers = {"a": ("Brass herons", ("Wei Song",)), "b": ("A song of herons", ()), "c": ("Songs: song, herons", ())}
    assert mostly_signed(["song", "herons"], [authors for _, authors in papers.values()]) == set()
    assert signed(["song", "herons"], papers, set(), set()) == []


def test_two_words_of_one_authors_name_name_the_author_and_one_only_where_it_is_no_other_word() -> None:
    papers = {"a": ("On tin", ("Wei Song",)), "b": ("Tin herons", ("Song Wei", "Ada")), "c": ("Tin", ("Song", "Wei"))}
    assert signed(["wei", "song", "tin", "herons"], papers, {"wei", "song"}, set()) == ["b", "a"]
    assert signed(["song", "tin"], papers, {"song"}, set()) == []
    assert signed(["song", "tin"], papers, {"song"}, {"song"}) == ["a", "b", "c"]


def test_many_papers_by_an_author_asked_for_are_a_subject() -> None:
    many = {f"p{n:02}": ("On brass", ("Ada Moorhen",)) for n in range(SIGNED + 1)}
    assert signed(["Moorhen", "brass", "herons"], many, {"moorhen"}, {"moorhen"}) == []
    some = {**many, "q": ("Brass herons", ("Ada Moorhen",))}
    assert signed(["Moorhen", "brass", "herons"], some, {"moorhen"}, {"moorhen"}) == ["q"]


@pytest.mark.parametrize(
    ("held", "authored", "titled", "name"),
    [(20, 15, 0, True), (3, 2, 0, True), (3, 1, 0, False), (0, 0, 0, False), (267, 178, 20, False), (9, 9, 1, False)],
)
def test_a_name_is_a_word_that_most_hold_as_an_authors_and_few_in_their_titles(
    held: int, authored: int, titled: int, name: bool
) -> None:
    assert is_name(held, authored, titled) is name


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
