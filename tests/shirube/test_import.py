"""`shirube import arxiv-snapshot`: what it takes from the dump, and the months it leaves alone."""

from pathlib import Path

import pytest
from sqlalchemy import select

from core.record import PaperRecord
from db.models import Issue, Item
from ingest.service import store
from shirube.settings import load_settings
from shirube.wiring import Wiring
from tests.shirube.command import CLOSED, run
from tests.snapshot import snapshot_line

PAPERS = (
    {"id": "2605.00001", "title": "Slow tides", "published": "2026-05-31", "categories": ["cs.CL", "cs.LG"]},
    {"id": "2606.00002", "title": "Fast tides", "published": "2026-06-01", "categories": ["math.NT"]},
)


@pytest.fixture
def dump(tmp_path: Path) -> str:
    """A dump of two papers."""
    file = tmp_path / "dump.json"
    file.write_bytes(b"".join(snapshot_line(paper) for paper in PAPERS))
    return str(file)


def stored(env: dict[str, str]) -> dict[str, str]:
    """Read the month of every item."""
    wiring = Wiring(load_settings(data_dir=Path(env["SHIRUBE_DATA_DIR"])))
    with wiring.sessions() as session:
        return {item.id: item.month for item in session.scalars(select(Item))}


def test_everything_is_imported_unless_categories_are_named(empty: dict[str, str], dump: str) -> None:
    assert run("import", "arxiv-snapshot", dump, "--categories", "cs.LG, stat.ML", env=empty).code == 0
    assert set(stored(empty)) == {"2605.00001"}
    assert run("import", "arxiv-snapshot", dump, env=empty).code == 0
    assert set(stored(empty)) == {"2605.00001", "2606.00002"}


def test_what_is_no_category_is_wrong_usage(empty: dict[str, str], dump: str) -> None:
    ended = run("import", "arxiv-snapshot", dump, "--categories", "Language!", env=empty)
    assert (ended.code, ended.out) == (2, "")
    assert "'Language!' is no arXiv category" in ended.err


@pytest.mark.parametrize(("status", "month"), [("final", "2026-06"), ("draft", "2026-05")])
def test_a_date_of_the_dump_moves_nothing_out_of_a_final_month(
    empty: dict[str, str], tmp_path: Path, status: str, month: str
) -> None:
    wiring = Wiring(load_settings(data_dir=Path(empty["SHIRUBE_DATA_DIR"])), lambda: CLOSED)
    with wiring.sessions.begin() as session:
        undated = PaperRecord("hf", "2606.00003", "paper", "Late tides", as_of=CLOSED, arxiv_id="2606.00003")
        store(session, [undated], CLOSED)
        session.add(Issue(month="2026-06", status=status, digest={}, inputs_hash="0" * 32, made_at=CLOSED, erratum=[]))
    wiring.engine.dispose()
    file = tmp_path / "dump.json"
    file.write_bytes(snapshot_line({"id": "2606.00003", "title": "Late tides", "published": "2026-05-31"}))
    assert run("import", "arxiv-snapshot", str(file), env=empty, now=CLOSED).code == 0
    assert stored(empty) == {"2606.00003": month}
