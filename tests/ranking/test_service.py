"""The conductor on both databases: nothing is embedded or ranked twice, and what changed is."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from core.text import embedding_text, text_hash
from db import issues, storing
from db.engine import Sessions, reading
from db.models import Base, Embedding, Issue, IssueItem, Item, LabScore, Rating, Shortlist, TopicScore
from ingest.sources.recorded import MODEL, half_floats
from ranking.guide import Guide, make_guide
from ranking.service import SCORER, Part, Ranker, embed_new, rank_new
from tests.db.shelf import THEN, code, stored
from tests.fakes import HashEmbedder
from tests.ranking.toy import TOY

HOUR = timedelta(hours=1)
HERONS = ("Brass herons in full and their keepers", "We show that a brass heron keeps. It keeps 12% longer.")
KITES = ("Paper kites in a storm", "We show that a paper kite may fly by night.")
LATE = ("Late brass herons", "A brass heron that came late.")
PONDS = ("A quiet pond behind the mill", "Still water is studied.")


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The toy roadmap as vectors."""
    return make_guide(TOY, HashEmbedder())


def ranker(guide: Guide, **given: Any) -> Ranker:
    return Ranker(**{"roadmap": TOY, "guide": guide, "embedder": HashEmbedder(), "blend": None, **given})


def paper(id_: str, words: tuple[str, str | None], **given: Any) -> dict[str, Any]:
    return stored(id_, title=words[0], abstract=words[1], **given)


def shelve(sessions: Sessions, *rows: dict[str, Any]) -> None:
    with sessions.begin() as session:
        storing.save(session, rows)


def month(count: int = 30, of: str = "2606") -> list[dict[str, Any]]:
    """Make a month: three papers of topics, and others that fit none."""
    others = [
        paper(f"{of}.1{n:04d}", (f"Ledger{n} of office{n}", f"Clerk{n} adds sum{n} to bill{n}."))
        for n in range(count - 3)
    ]
    mine = [paper(f"{of}.0000{n}", words) for n, words in enumerate((HERONS, KITES, PONDS), 1)]
    return mine + others


def at(hours: int) -> Any:
    return lambda: THEN + hours * HOUR


def change(sessions: Sessions, id_: str, hours: int, **values: Any) -> None:
    """Believe something else of an item from an hour on."""
    with sessions.begin() as session:
        session.execute(update(Item).where(Item.id == id_).values(updated=THEN + hours * HOUR, **values))


def dump(sessions: Sessions, *but: str) -> dict[str, list[Any]]:
    """Read all that ranking writes, without the columns named."""
    with reading(sessions) as session:
        return {
            table.name: [
                tuple(row)
                for row in session.execute(
                    select(*(c for c in table.c if c.name not in but)).order_by(*table.primary_key)
                )
            ]
            for table in Base.metadata.sorted_tables
            if table.name in ("embedding", "topic_score", "lab_score", "rating", "shortlist")
        }


def rating(sessions: Sessions, id_: str) -> Rating:
    with reading(sessions) as session:
        found = session.get(Rating, id_)
        assert found is not None
        return found


def listed(sessions: Sessions, month: str) -> list[tuple[str, int, str]]:
    with reading(sessions) as session:
        query = select(Shortlist.item_id, Shortlist.stage, Shortlist.section).where(Shortlist.month == month)
        rows = session.execute(query.order_by(Shortlist.stage, Shortlist.position))
        return [(id_, stage, section) for id_, stage, section in rows]


def prepared(sessions: Sessions, guide: Guide, rows: Sequence[dict[str, Any]]) -> None:
    """Shelve, embed and rank at the second hour."""
    shelve(sessions, *rows)
    embed_new(sessions, HashEmbedder(), at(2))
    rank_new(sessions, ranker(guide), at(2))


def test_the_second_run_embeds_and_ranks_nothing(sessions: Sessions, guide: Guide) -> None:
    shelve(sessions, *month())
    first, second = HashEmbedder(), HashEmbedder()
    told: list[tuple[int, int]] = []
    assert embed_new(sessions, first, at(2), on_progress=lambda *n: told.append(n)) == 30 == len(first.texts)
    assert told[-1] == (30, 30)
    assert rank_new(sessions, ranker(guide), at(2)) == 30
    before = dump(sessions)
    assert embed_new(sessions, second, at(3)) == 0
    assert rank_new(sessions, ranker(guide, embedder=second), at(3)) == 0
    assert second.texts == []
    assert dump(sessions) == before
    assert rank_new(sessions, ranker(guide), at(4), rebuild=True) == 0
    assert dump(sessions, "ranked_at") == {**before, "rating": dump(sessions, "ranked_at")["rating"]}


def test_vectors_are_stored_as_unit_half_floats(sessions: Sessions) -> None:
    shelve(sessions, paper("2606.00001", HERONS))
    embed_new(sessions, HashEmbedder(), at(2))
    with reading(sessions) as session:
        (row,) = session.scalars(select(Embedding))
    vector = np.frombuffer(row.vector, dtype="<f2").astype(np.float32)
    (wanted,) = HashEmbedder().embed([embedding_text(*HERONS)])
    assert float(vector @ wanted) == pytest.approx(1, abs=1e-3)
    assert (row.model, row.text_hash) == (HashEmbedder().identity, text_hash(embedding_text(*HERONS)))


def test_a_changed_abstract_is_embedded_anew_and_other_changes_are_not(sessions: Sessions) -> None:
    shelve(sessions, paper("2606.00001", HERONS), paper("2606.00002", KITES))
    embed_new(sessions, HashEmbedder(), at(2))
    change(sessions, "2606.00001", 3, abstract="Something else altogether.")
    change(sessions, "2606.00002", 3, votes=9)
    again = HashEmbedder()
    assert embed_new(sessions, again, at(4)) == 1
    assert again.texts == [embedding_text(HERONS[0], "Something else altogether.")]
    assert embed_new(sessions, again, at(5)) == 0


def test_a_recorded_vector_lives_until_an_abstract_arrives(sessions: Sessions) -> None:
    values = np.zeros(384, dtype=np.int8)
    values[7] = 127
    shelve(sessions, paper("2606.00001", (HERONS[0], None), sources=["recorded"]))
    with sessions.begin() as session:
        secret = text_hash(embedding_text(HERONS[0], "An abstract that was not shipped."))
        row = {"item_id": "2606.00001", "model": MODEL, "text_hash": secret, "made_at": THEN - HOUR}
        storing.add_vectors(session, [{**row, "vector": half_floats(values.tobytes())}])
    mine = HashEmbedder()
    assert embed_new(sessions, mine, at(2)) == 0
    change(sessions, "2606.00001", 3, votes=1)
    assert embed_new(sessions, mine, at(4)) == 0
    assert models(sessions) == [MODEL]
    change(sessions, "2606.00001", 5, abstract="An abstract at last.")
    assert embed_new(sessions, mine, at(6)) == 1
    assert models(sessions) == [mine.identity]


def models(sessions: Sessions) -> list[str]:
    with reading(sessions) as session:
        return list(session.scalars(select(Embedding.model)))


def test_another_precision_is_no_reason_to_embed_and_another_model_is(sessions: Sessions) -> None:
    shelve(sessions, paper("2606.00001", HERONS))
    embed_new(sessions, HashEmbedder(), at(2))
    assert embed_new(sessions, HashEmbedder(precision="other"), at(3)) == 0
    assert embed_new(sessions, HashEmbedder(name="all-MiniLM"), at(3)) == 1  # a name that begins alike is another
    assert len(models(sessions)) == 2


def test_shards_are_disjoint_and_complete(sessions: Sessions) -> None:
    rows = month(25)
    shelve(sessions, *rows)
    parts = []
    for index in (1, 2, 3):
        mine = HashEmbedder()
        assert embed_new(sessions, mine, at(2), part=Part(index, 3)) == len(mine.texts) > 0
        parts.append(set(mine.texts))
    assert sum(map(len, parts)) == len(set().union(*parts)) == 25
    assert embed_new(sessions, HashEmbedder(), at(3)) == 0


def test_an_item_without_a_vector_waits(sessions: Sessions, guide: Guide) -> None:
    shelve(sessions, *month())
    assert rank_new(sessions, ranker(guide), at(2)) == 0
    assert dump(sessions)["rating"] == []
    assert listed(sessions, "2606") == []


def test_papers_are_filed_with_reasons_and_listed_by_stage(sessions: Sessions, guide: Guide) -> None:
    rows = month()
    rows[0] |= {"authors": [{"name": "Millpond Team", "affiliation": None}], "code": [code("2606.00001")], "votes": 9}
    rows[0] |= {"votes_at": THEN, "comment": "12 pages"}
    prepared(sessions, guide, rows)
    found = rating(sessions, "2606.00001")
    assert (found.best_topic, found.best_stage, found.model[: len(SCORER)]) == ("brass-herons", 1, SCORER)
    facts = {reason["kind"]: reason["facts"] for reason in found.reasons}
    assert list(facts) == ["topic", "lab", "readers", "code", *(["builds-on"] if "builds-on" in facts else [])]
    assert facts["topic"]["phrase"] in HERONS[0]
    assert facts["readers"] == {"votes": 9, "place": 1, "of": 1, "date": "2026-07-01"}
    assert (facts["lab"]["lab"], facts["code"]["stars"]) == ("millpond", 3)
    assert (found.minutes, found.minutes_guessed, found.read_first[:1]) == (12, False, ["brass-herons-in-full"])
    assert found.summary is not None
    assert HERONS[1].startswith(found.summary["text"])
    assert ("2606.00001", 1, "main") in listed(sessions, "2026-06")
    assert ("2606.00002", 2, "main") in listed(sessions, "2026-06")
    with reading(sessions) as session:
        assert [row.lab for row in session.scalars(select(LabScore))] == ["millpond"]
        scores = session.scalars(select(TopicScore).where(TopicScore.item_id == "2606.00001")).all()
        assert max(scores, key=lambda score: score.fit).topic == "brass-herons"
        none = session.scalars(select(Item).where(Item.id >= "2606.1").options(selectinload(Item.rating))).all()
    unfit = [item.rating for item in none if item.rating and item.rating.summary is None]
    assert len(unfit) > 20
    assert all("topic" not in [reason["kind"] for reason in found.reasons] for found in unfit)
    assert all(found.worth is not None for found in unfit)
    assert not {item.id for item in none if item.rating in unfit} & {
        item_id for item_id, _, _ in listed(sessions, "2026-06")
    }


def test_new_votes_change_reasons_and_places(sessions: Sessions, guide: Guide) -> None:
    prepared(sessions, guide, month())
    before = rating(sessions, "2606.00001")
    assert "readers" not in [reason["kind"] for reason in before.reasons]
    change(sessions, "2606.00001", 3, votes=40, votes_at=THEN + 3 * HOUR)
    assert embed_new(sessions, HashEmbedder(), at(4)) == 0
    assert rank_new(sessions, ranker(guide), at(4)) == 1
    after = rating(sessions, "2606.00001")
    assert "readers" in [reason["kind"] for reason in after.reasons]
    assert (after.worth or 0) > (before.worth or 0)
    change(sessions, "2606.00002", 5, votes=90, votes_at=THEN + 5 * HOUR)
    assert embed_new(sessions, HashEmbedder(), at(6)) == 0
    assert rank_new(sessions, ranker(guide), at(6)) == 2  # the other paper's place among the voted is another now


def test_a_withdrawn_paper_leaves_the_list(sessions: Sessions, guide: Guide) -> None:
    rows = month()
    rows[0] |= {"votes": 3}
    prepared(sessions, guide, rows)
    change(sessions, "2606.00001", 3, withdrawn=True)
    embed_new(sessions, HashEmbedder(), at(4))
    rank_new(sessions, ranker(guide), at(4))
    assert [row for row in listed(sessions, "2026-06") if row[0] == "2606.00001"] == [("2606.00001", 1, "left-out")]
    assert rating(sessions, "2606.00001").worth == 0


def test_twins_share_one_place(sessions: Sessions, guide: Guide) -> None:
    rows = [*month(), paper("2606.00009", HERONS)]
    prepared(sessions, guide, rows)
    with reading(sessions) as session:
        row = session.scalar(select(Shortlist).where(Shortlist.item_id == "2606.00001"))
    assert row is not None
    assert row.twins == ["2606.00009"]
    assert "2606.00009" not in [id_ for id_, _, _ in listed(sessions, "2026-06")]


def test_another_roadmap_or_scorer_ranks_everything_anew(sessions: Sessions, guide: Guide) -> None:
    prepared(sessions, guide, month())
    topics = {key: topic for key, topic in TOY.topics.items() if key != "quiet-ponds"}
    smaller = type(TOY)(TOY.stages, topics, TOY.labs, TOY.canon)
    other = ranker(make_guide(smaller, HashEmbedder()), roadmap=smaller)
    assert rank_new(sessions, other, at(4)) == 30
    assert rating(sessions, "2606.00003").best_topic != "quiet-ponds"


def freeze(sessions: Sessions, month: str, considered: Sequence[str], when: datetime) -> None:
    """Give a month a final issue that considered some items."""
    with sessions.begin() as session:
        session.add(
            Issue(
                month=month,
                status="final",
                digest={},
                inputs_hash="0" * 32,
                made_at=when,
                published_at=when,
                erratum=[],
            )
        )
        session.flush()
        session.add_all(IssueItem(item_id=id_, month=month, printed=False) for id_ in considered)


def late(sessions: Sessions, of: str) -> list[str]:
    """List what an issue would find late and worth printing."""
    with reading(sessions) as session:
        return issues.late_worthy(session, of, 0.0, 0.5, 8)[0]


def test_a_late_paper_competes_in_the_open_month(sessions: Sessions, guide: Guide) -> None:
    june, july = month(), month(of="2607")
    prepared(sessions, guide, [*june, *july])
    freeze(sessions, "2026-06", [row["id"] for row in june], THEN + 3 * HOUR)
    frozen = listed(sessions, "2026-06")
    shelve(sessions, paper("2606.00077", LATE, updated=THEN + 4 * HOUR))
    embed_new(sessions, HashEmbedder(), at(5))
    assert rank_new(sessions, ranker(guide), at(5)) == 31  # without trained weights all are judged by their month
    assert listed(sessions, "2026-06") == frozen
    assert late(sessions, "2026-07") == ["2606.00077"]
    main = [row for row in listed(sessions, "2026-07") if row[2] == "main"]
    assert main
    assert {id_[:4] for id_, _, _ in main} == {"2607"}
    assert rank_new(sessions, ranker(guide), at(6)) == 0
    assert late(sessions, "2026-07") == ["2606.00077"]


def test_a_late_paper_too_old_is_printed_nowhere(sessions: Sessions, guide: Guide) -> None:
    prepared(sessions, guide, [*month(of="2602"), *month(of="2606")])
    freeze(sessions, "2026-02", [row["id"] for row in month(of="2602")], THEN + 3 * HOUR)
    shelve(sessions, paper("2602.00077", LATE, updated=THEN + 4 * HOUR))
    embed_new(sessions, HashEmbedder(), at(5))
    rank_new(sessions, ranker(guide), at(5))
    assert late(sessions, "2026-06") == []
