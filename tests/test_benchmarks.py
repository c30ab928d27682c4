"""Every benchmark runs once, tiny: it measures what it says, and nothing of it is broken."""

import pytest

from benchmarks import corpus, ingest
from benchmarks.dump import invented_lines
from ingest.sources import arxiv_snapshot


@pytest.mark.postgres
def test_the_import_is_measured_beside_its_baselines(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIRUBE_TEST_POSTGRES_URL", postgres_url)
    monkeypatch.setattr(corpus, "SHARED", corpus.SHARED / "absent")
    figures = dict(ingest.rows((10, 20), 20, apart=False))
    assert figures["sqlite3 executemany, 20 rows ready as tuples"].startswith("1.00")
    assert {"import of 10 papers", "import of 20 papers", "import of 20 papers into PostgreSQL"} <= figures.keys()
    assert not [what for what, said in figures.items() if "SKIPPED" in said]


def test_invented_lines_are_papers_each_another() -> None:
    lines = list(invented_lines(20_003))
    ids = [arxiv_snapshot.named(line) for line in (*lines[:3], *lines[-3:])]
    assert ids == ["0704.00000", "0704.00001", "0704.00002", "0705.00000", "0705.00001", "0705.00002"]
    assert len(set(lines)) == len(lines)
