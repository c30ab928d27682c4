"""`shirube import`: what it takes from the dumps, what it says of them, and the months it leaves alone."""

import json
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


def test_the_old_papers_with_code_comes_in_two_files(empty: dict[str, str], tmp_path: Path) -> None:
    papers, links = tmp_path / "papers.json", tmp_path / "links.json"
    papers.write_text(json.dumps([{"arxiv_id": "1805.00001", "title": "Slow tides", "abstract": ""}, {"title": "Ebb"}]))
    codes = [{"paper_arxiv_id": f"1805.0000{n}", "repo_url": f"https://github.com/moorhen/tides{n}"} for n in (1, 2)]
    links.write_text(json.dumps([*codes, {"paper_arxiv_id": None, "repo_url": "https://github.com/moorhen/ebb"}]))
    ended = run("import", "pwc-papers", str(papers), env=empty)
    assert (ended.code, ended.out.splitlines()) == (
        0,
        [
            "1 new, 0 changed, 0 unchanged, 0 unreadable",
            "1 more: about papers that are not on arXiv, passed over",
        ],
    )
    ended = run("import", "pwc-links", str(links), env=empty)
    assert (ended.code, ended.out.splitlines()) == (
        0,
        [
            "0 new, 1 changed, 1 unchanged, 0 unreadable",
            "1 of the unchanged: about papers not stored here, kept until they are",
            "1 more: about papers that are not on arXiv, passed over",
        ],
    )
    assert "tides1" in run("papers", "--has-code", "--format", "json", env=empty).out


def test_unreadable_entries_end_an_import_partly_done(empty: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "papers.json"
    file.write_text('[{"arxiv_id": "1805.00001"}]')
    ended = run("import", "pwc-papers", str(file), env=empty)
    assert (ended.code, ended.out) == (3, "0 new, 0 changed, 0 unchanged, 1 unreadable\n")
    assert "no title" in run("status", "--errors", env=empty).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pwc-methods", "FILE"), "The kinds are arxiv-snapshot, pwc-papers and pwc-links"),
        (("pwc-papers", "FILE", "--categories", "cs.LG"), "Leave --categories out"),
        (("pwc-links", "FILE"), "shirube import pwc-papers FILE"),
        (("pwc-papers", "none.json.gz"), "There is no file none.json.gz"),
    ],
)
def test_what_cannot_be_imported_is_wrong_usage(
    empty: dict[str, str], tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "papers.json"
    file.write_text('[{"arxiv_id": null, "abstract": null}]')
    ended = run("import", *(str(file) if word == "FILE" else word for word in words), env=empty)
    assert (ended.code, ended.out) == (2, "")
    assert said.replace("FILE", str(file)) in " ".join(ended.err.split())
