"""The recorded month: made the same way every time, facts only, small, and complete as shipped."""

import json
import lzma
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from core.clock import Clock
from core.errors import SourceError
from core.record import Author, CodeLink, PaperRecord
from core.text import embedding_text, text_hash
from db.engine import Sessions, reading
from db.models import Embedding, Item
from db.papers import only_recorded
from ingest.source import SourceResult, Window
from ingest.sources.recorded import FOLDER, MODEL, Recorded, half_floats
from scripts.make_recorded import LARGEST, make, quantise
from tests.ingest.doubles import pull_all
from tests.ingest.fake import dump

NOW = datetime(2026, 7, 8, 9, 0, tzinfo=UTC)
JUNE = Window("recorded", "2026-06", date(2026, 6, 1), date(2026, 6, 30))
PAPER: dict[str, Any] = {
    "id": "2606.00002",
    "title": "Brass  herons",
    "abstract": "Herons of brass wade.",
    "authors": ["Ada Moorhen", "Béla Coot"],
    "categories": ["cs.LG"],
    "published": "2026-06-02",
    "published_kind": "listing_day",
    "hf_upvotes": None,
    "hf_date": None,
    "hf_org": None,
    "github": None,
}
DAILY = {
    "id": "2606.00001",
    "published": "2026-05-29",
    "published_kind": "arxiv",
    "hf_upvotes": 7,
    "hf_date": "2026-06-03",
    "hf_org": "Heronry",
    "github": "https://github.com/heron/brass",
}


def made(folder: Path, *papers: dict[str, Any]) -> Path:
    """Make a recorded month of a few invented papers."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps(PAPER | paper) + "\n" for paper in papers)
    (folder / "corpus.xz").write_bytes(lzma.compress(lines.encode()))
    rows = np.random.default_rng(1).normal(size=(len(papers), 384)).astype(np.float32)
    np.save(folder / "vec.npy", rows / np.linalg.norm(rows, axis=1, keepdims=True))
    (folder / "ids.json").write_text(json.dumps([(PAPER | paper)["id"] for paper in papers]))
    make(folder / "corpus.xz", folder / "vec.npy", folder / "ids.json", folder / "out")
    return folder / "out"


def records(folder: Path) -> list[PaperRecord]:
    return [record for page in Recorded(folder).fetch(JUNE, NOW) for record in page.records]


def test_facts_and_vectors_come_back(tmp_path: Path) -> None:
    first, second = records(made(tmp_path, {}, DAILY, {"id": "2605.00001"}))
    assert (first.id, second.id) == ("2606.00001", "2606.00002")
    assert (first.submitted, first.announced) == (datetime(2026, 5, 29, tzinfo=UTC), None)
    assert (first.votes, first.daily_date, first.organization) == (7, date(2026, 6, 3), "Heronry")
    assert (first.as_of, first.code) == (
        datetime(2026, 6, 3, tzinfo=UTC),
        (CodeLink("https://github.com/heron/brass"),),
    )
    assert (second.submitted, second.announced, second.votes) == (None, date(2026, 6, 2), None)
    assert (second.title, second.authors) == ("Brass herons", (Author("Ada Moorhen"), Author("Béla Coot")))
    assert second.abstract is None
    assert second.vector_of == text_hash(embedding_text("Brass herons", "Herons of brass wade."))
    assert second.vector is not None
    assert len(second.vector) == 384


def test_the_same_input_makes_the_same_bytes(tmp_path: Path) -> None:
    one, other = made(tmp_path / "a", DAILY, {}), made(tmp_path / "b", DAILY, {})
    names = ["2026-06.jsonl.xz", "2026-06.vectors.npy"]
    assert sorted(path.name for path in one.iterdir()) == names
    assert [(one / name).read_bytes() for name in names] == [(other / name).read_bytes() for name in names]


def test_no_abstract_is_copied(tmp_path: Path) -> None:
    assert "wade" not in lzma.decompress((made(tmp_path, {}) / "2026-06.jsonl.xz").read_bytes()).decode()


def test_int8_keeps_directions(tmp_path: Path) -> None:
    source = Recorded(made(tmp_path, {}, DAILY))
    model, ids, vectors = source.vectors()
    floats = np.load(tmp_path / "vec.npy")[[1, 0]]
    assert (model, ids) == (MODEL, ["2606.00001", "2606.00002"])
    assert (np.sum(vectors * floats, axis=1) > 0.999).all()
    stored = np.frombuffer(half_floats(records(tmp_path / "out")[0].vector or b""), dtype="<f2").astype(np.float32)
    assert float(np.linalg.norm(stored)) == pytest.approx(1, abs=1e-3)
    assert float(stored @ floats[0]) > 0.999


def test_numbers_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="no numbers"):
        quantise(np.array([[np.nan, 1.0]], dtype=np.float32))
    with pytest.raises(ValueError, match="no direction"):
        half_floats(bytes(384))


def test_a_paper_without_a_vector_stops_the_making(tmp_path: Path) -> None:
    made(tmp_path, DAILY)
    (tmp_path / "corpus.xz").write_bytes(lzma.compress(json.dumps(PAPER).encode()))
    with pytest.raises(ValueError, match=r"have no vector, 2606\.00002 first"):
        make(tmp_path / "corpus.xz", tmp_path / "vec.npy", tmp_path / "ids.json", tmp_path / "out")


def test_one_window_within_the_month() -> None:
    source = Recorded()
    assert source.windows(date(2026, 6, 30), date(2026, 7, 4), date(2026, 7, 4)) == [JUNE]
    assert source.windows(date(2026, 7, 1), date(2026, 7, 4), date(2026, 7, 4)) == []
    assert source.windows(date(2026, 5, 1), date(2026, 6, 4), date(2026, 5, 30)) == []
    assert source.reread_days() == 0


def test_altered_files_are_an_error(tmp_path: Path) -> None:
    folder = made(tmp_path, DAILY, {})
    np.save(folder / "2026-06.vectors.npy", np.zeros((1, 384), dtype=np.int8))
    with pytest.raises(SourceError, match="shape"):
        records(folder)
    (folder / "2026-06.vectors.npy").unlink()
    with pytest.raises(SourceError, match="cannot be read"):
        records(folder)
    whole = (folder / "2026-06.jsonl.xz").read_bytes()
    (folder / "2026-06.jsonl.xz").write_bytes(whole[:-9])
    with pytest.raises(SourceError, match="cannot be read"):
        records(folder)


def test_it_is_stored_with_vectors_and_once(sessions: Sessions, clock: Clock, tmp_path: Path) -> None:
    source = Recorded(made(tmp_path, DAILY, {}))
    days = (date(2026, 6, 1), date(2026, 6, 30))
    assert pull_all(sessions, [source], *days, clock) == [SourceResult("recorded", new=2, windows_closed=1)]
    before = dump(sessions)
    assert pull_all(sessions, [source], *days, clock) == [SourceResult("recorded")]
    assert dump(sessions) == before
    with reading(sessions) as session:
        assert only_recorded(session)
        months = {row.id: row.month for row in session.execute(select(Item.id, Item.month))}
        assert session.scalars(select(Embedding.model).distinct()).all() == [MODEL]
    assert months == {"2606.00001": "2026-05", "2606.00002": "2026-06"}


def test_what_ships_is_whole_and_small(sqlite_sessions: Sessions, clock: Clock) -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < LARGEST
    _, ids, vectors = Recorded().vectors()
    assert (len(ids), vectors.shape) == (7_592, (7_592, 384))
    assert all(item_id.startswith("2606.") for item_id in ids)
    days = (date(2026, 6, 1), date(2026, 6, 30))
    (result,) = pull_all(sqlite_sessions, [Recorded()], *days, clock)
    assert result == SourceResult("recorded", new=7_592, windows_closed=1)
    with reading(sqlite_sessions) as session:
        assert session.scalar(select(func.count()).select_from(Embedding)) == 7_592
        assert session.scalars(select(Item.abstract).distinct()).all() == [None]
        june = session.scalar(select(func.count()).select_from(Item).where(Item.month == "2026-06")) or 0
    assert june > 7_500
