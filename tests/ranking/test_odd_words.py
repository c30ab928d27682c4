"""Words of a query that nothing stored has: told, with usual words near them, and only where little is found."""

import pytest
from sqlalchemy import event

from core.spelling import near
from db.engine import Sessions, reading
from db.papers import PaperFilter
from db.storing import save
from ranking.search import understand
from ranking.service.searching import search
from ranking.service.spelling import Odd, odd_words
from tests.db.shelf import stored


@pytest.fixture
def filled(sessions: Sessions) -> Sessions:
    titles = ["Herons wade", "Clockwork herons", "Clockwork marshes", "Clockwork models of Köhler", "The marshes"]
    with sessions.begin() as session:
        save(session, [stored(f"2606.0000{n}", title=title, authors=[]) for n, title in enumerate(titles, 1)])
    return sessions


@pytest.mark.parametrize(
    ("query", "odd"),
    [
        ("clokwork herons", [Odd("clokwork", 0, ("clockwork",))]),
        ("Clockwrok HERNOS", [Odd("Clockwrok", 0, ("clockwork",)), Odd("HERNOS", 0, ("herons",))]),
        ("Kohlr", [Odd("Kohlr", 0, ("kohler",))]),
        ("zeppelin herons", [Odd("zeppelin", 0, ())]),  # nothing is near: nothing is suggested
        ("clockworks heron model", []),  # other forms are held
        ("how do wad3 owl", []),  # no word that can be misspelt
        ("", []),
    ],
)
def test_words_that_nothing_has_are_told_with_what_is_near(filled: Sessions, query: str, odd: list[Odd]) -> None:
    with reading(filled) as session:
        assert odd_words(session, query) == odd


def test_the_usual_word_is_near_and_one_misspelt_elsewhere_is_not(sessions: Sessions) -> None:
    titles = [*["Clockwork herons"] * 300, "Clokwork herons", "Clockwark herons", *["Clockworn herons"] * 40]
    with sessions.begin() as session:
        save(session, [stored(f"2606.{n:05d}", title=title, authors=[]) for n, title in enumerate(titles, 1)])
    with reading(sessions) as session:
        assert odd_words(session, "clokwork marsh") == [Odd("clokwork", 1, ("clockwork",)), Odd("marsh", 0, ())]
        assert odd_words(session, "clockwor") == [Odd("clockwor", 0, ("clockwork", "clockworn"))]
        assert odd_words(session, "clokwark") == [Odd("clokwark", 0, ("clockwork",))]  # two slips, one of them usual
        assert odd_words(session, "clockworn") == []


def test_a_search_that_finds_all_words_asks_nothing_more(filled: Sessions) -> None:
    seen: list[str] = []
    engine = filled.kw["bind"]
    event.listen(engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    with reading(filled) as session:
        by = {
            query: search(session, understand(query, {}), PaperFilter(limit=5), {}, None).odd
            for query in ("2606.00001", "Herons wade", "marches")
        }
    assert by == {"2606.00001": (), "Herons wade": (), "marches": (Odd("marches", 0, ("marshes",)),)}
    assert sum("asked.word" in one or "json_each" in one for one in seen) == 3  # for the last alone


def test_as_many_words_as_there_are_near_one_are_asked_at_once(filled: Sessions) -> None:
    assert len(near("clockworksclockworks")) > 1_000
    with reading(filled) as session:
        assert odd_words(session, "clockworksclockworks") == [Odd("clockworksclockworks", 0, ())]
