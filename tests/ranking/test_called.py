"""A name as people ask by it: with a year behind, as papers by someone, in letters that a keyboard has."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.engine import Sessions, reading
from db.models import LabScore
from db.papers import PaperFilter
from db.storing import save
from ranking.authors import author_asked, shortened, written_by
from ranking.called import named, undated
from ranking.glossary import terms_of
from ranking.matrix import write
from ranking.search import LabAsked, lab_asked, lab_called, understand
from ranking.service.searching import Found, Meaning, search
from roadmap.model import Roadmap
from tests.db.shelf import stored

PEOPLE = {
    "2501.00001": "Ada Moorhen", "2503.00003": "Ada Moorhen", "2601.00001": "Ada Moorhen", "2602.00002": "Wei Song",
    "2603.00003": "Jürgen Röhrich", "2604.00004": "Juergen Roehrich", "2605.00005": "Jurgen Rohrich",
    "2606.00006": "Søren Moe", "2607.00007": "Yu Wang", "2608.00008": "Michael Müller",
}  # fmt: skip


def by(name: str) -> list[dict[str, Any]]:
    return [{"name": name, "affiliation": None}]


@pytest.fixture
def shelf(sessions: Sessions) -> Sessions:
    items = [stored(item_id, title=f"Brass herons {item_id}", authors=by(name)) for item_id, name in PEOPLE.items()]
    other = stored("2609.00009", title="Herons of 2025", abstract="What moorhens and coots did in 2025.", authors=[])
    with sessions.begin() as session:
        save(session, [*items, other])
    return sessions


def found(sessions: Sessions, query: str, **wanted: Any) -> Found:
    with reading(sessions) as session:
        return search(session, understand(query, {}), PaperFilter(**wanted), {}, None)


# Years


@pytest.mark.parametrize(
    "query",
    [
        "Ada Moorhen 2025", "Ada Moorhen (2025)", "Moorhen et al., 2025", "Moorhen, A. (2025a)", "Moorhen 2025",
        "Ada Moorhen, NeurIPS 2025", "Moorhen et al. [ICML, 2025]", "２０２５ Ada Moorhen",
    ],
)  # fmt: skip
def test_beside_a_name_a_year_says_which_of_the_authors_papers_come_first(shelf: Sessions, query: str) -> None:
    assert found(shelf, query).by_author == ("2503.00003", "2501.00001", "2601.00001")
    assert found(shelf, query).ids[:3] == ("2503.00003", "2501.00001", "2601.00001")


def test_a_year_makes_no_name_of_words(shelf: Sessions) -> None:
    for query in ("Herons 2025", "brass herons 2025", "2025", "Ada Moorhen 2025 2026"):
        assert found(shelf, query).by_author == ()
    assert found(shelf, "Herons 2025").ids[:1] == ("2609.00009",)


def test_a_paper_cited_by_author_year_and_words_comes_first(shelf: Sessions) -> None:
    near = [stored(f"2609.0001{n}", title=f"Brass in 2026, {n}", abstract="Herons", authors=[]) for n in range(5)]
    with shelf.begin() as session:
        save(session, near)
    assert found(shelf, "Song et al. 2026 brass herons").ids[:1] == ("2602.00002",)
    assert found(shelf, "brass herons 2602.00002x 2026").by_author == ()


@pytest.mark.parametrize(
    ("text", "rest", "year"),
    [
        ("LeCun 2026", "LeCun", 2026), ("LeCun et al. (ICLR 2026)", "LeCun et al.", 2026),
        ("GPT-2025", "GPT-2025", None),
        ("herons 1066", "herons 1066", None), ("2025 or 2026", "2025 or 2026", None),
        ("2026-01 herons", "2026-01 herons", None),
        ("2601.2026", "2601.2026", None), ("Song 1997b", "Song", 1997),
    ],
)  # fmt: skip
def test_one_year_is_taken_out_with_the_venue_before_it(text: str, rest: str, year: int | None) -> None:
    left, told = undated(text)
    assert (" ".join(re.findall(r"[\w.-]+", left)), told) == (rest, year)


# Words around a name


@pytest.mark.parametrize(
    "query",
    [
        "papers by Ada Moorhen", "Ada Moorhen papers", "latest papers from Ada Moorhen", "author: Ada Moorhen",
        'author:"Ada Moorhen"', "au:Moorhen", "au:moorhen_a", "by Ada Moorhen", "Ada Moorhen's recent work",
        "the publications of Ada Moorhen", "Ada Moorhen latest", "research by Moorhen",
    ],
)  # fmt: skip
def test_words_that_ask_for_papers_are_none_of_a_name(shelf: Sessions, query: str) -> None:
    assert found(shelf, query).by_author == ("2601.00001", "2503.00003", "2501.00001")


@pytest.mark.parametrize(
    "query", ["papers on herons", "work", "papers", "by", "author:", "new papers from", "brass papers"]
)
def test_where_nobody_is_of_that_name_the_words_are_searched_for(shelf: Sessions, query: str) -> None:
    assert found(shelf, query).by_author == ()


@pytest.mark.parametrize(
    ("query", "lab"),
    [
        ("papers from Anthropic", "anthropic"), ("Anthropic papers", "anthropic"), ("Qwen papers", "qwen"),
        ("latest papers from OpenAI", "openai"), ("research by Google DeepMind", "google-deepmind"),
        ("Meta Research", "meta-fair"), ("the DeepMind team", "google-deepmind"), ("DeepSeek papers 2025", "deepseek"),
        ("OpenAI's new papers", "openai"), ("papers on Anthropic", None), ("papers", None), ("papers from 2025", None),
        ("papers from Anthropic on herons", None),
    ],
)  # fmt: skip
def test_words_that_ask_for_papers_are_none_of_a_labs_name(roadmap: Roadmap, query: str, lab: str | None) -> None:
    assert lab_called(understand(query, terms_of(roadmap)), roadmap) == lab


names = st.text("abcdeé ", min_size=1, max_size=20).map(" ".join).filter(str.strip)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading_of_names(text: str) -> None:
    called = named(text)
    assert len(called.name) <= len(text) * 18  # full width and ligatures become several letters


# Letters


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("Juergen Roehrich", ("2604.00004", "2603.00003")), ("Jürgen Röhrich", ("2605.00005", "2603.00003")),
        ("Soeren Moe", ("2606.00006",)), ("Yue Wang", ()), ("Michael Mueller", ("2608.00008",)),
        ("Roehrich", ("2604.00004", "2603.00003")), ("Michael Muller", ("2608.00008",)),
        ("J. Roehrich", ("2604.00004", "2603.00003")),
    ],
)  # fmt: skip
def test_two_letters_stand_for_an_umlaut_that_the_name_has(shelf: Sessions, query: str, ids: tuple[str, ...]) -> None:
    assert found(shelf, query).by_author == ids


@given(st.text("aouäöüøbk", min_size=2, max_size=8))
def test_a_name_is_found_by_the_letters_that_stand_for_its_umlauts(name: str) -> None:
    typed = "".join({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe"}.get(letter, letter) for letter in name)
    asked = author_asked(f"{typed} et al.")
    assert asked is not None
    assert written_by(asked, [("a", (name,))]) == ["a"]


def test_only_letters_that_may_stand_for_an_umlaut_are_shortened() -> None:
    assert shortened("mueller") == ["muller"]
    assert set(shortened("goethemueller")) == {"gothemueller", "goethemuller", "gothemuller"}
    assert shortened("song") == []


# A lab beside words


@pytest.mark.parametrize(
    ("query", "lab"),
    [
        ("Anthropic interpretability", LabAsked("anthropic", "interpretability")), ("Anthropic", LabAsked("anthropic")),
        ("Google DeepMind robotics", LabAsked("google-deepmind", "robotics")), ("anthropics", None), ("", None),
        ("DeepMind 強化学習", LabAsked("google-deepmind", "reinforcement learning")), ("deepseek-r1", None),
        ("world model of Meta FAIR 2025", LabAsked("meta-fair", "world model of")), ("meta learning", None),
    ],
)  # fmt: skip
def test_a_lab_may_be_named_beside_words(roadmap: Roadmap, query: str, lab: LabAsked | None) -> None:
    assert lab_asked(understand(query, terms_of(roadmap)), roadmap) == lab


def test_beside_a_labs_name_its_papers_with_the_words_come_first(sessions: Sessions, tmp_path: Path) -> None:
    others = [stored(f"2606.0000{n}", title=f"Anthropic herons {n}", authors=[]) for n in range(8)]
    its = {"2601.00001": "Taming", "2601.00002": "Waders", "2601.00003": "Herons", "2601.00004": "Tin"}
    with sessions.begin() as session:
        save(session, [*others, *(stored(one, title=title, authors=[]) for one, title in its.items())])
        session.add_all(LabScore(item_id=one, lab="anthropic", confidence=0.9, evidence=[]) for one in its)
    rows = np.array([[0.0, 1.0], [1.0, 0.0], [0.1, 1.0], [0.5, 0.5]], np.float32)
    meaning = Meaning(np.array([1.0, 0.0], np.float32), write(tmp_path / "vectors", "m", "", sorted(its), rows))
    asked, lab = understand("Anthropic herons", {}), LabAsked("anthropic", "herons")
    with reading(sessions) as session:
        by_words = search(session, asked, PaperFilter(), {}, None, lab).ids
        both = search(session, asked, PaperFilter(), {}, meaning, lab)
        filtered = search(session, asked, PaperFilter(lab="qwen"), {}, meaning, lab).ids
    assert by_words[0] == "2601.00003"
    assert both.ids[:3] == ("2601.00003", "2601.00002", "2601.00004")
    assert both.of_lab == ()
    assert filtered == ()
