"""`shirube status`: the ledger as the digest itself reads it."""

import json

from tests.shirube.command import DRAFT, run
from tests.upstream import Upstream


def test_status_names_open_days_states_and_sources_never_asked(empty: dict[str, str], up: Upstream) -> None:
    up.fault("/api/daily_papers", status=503)
    words = ("pull", "--source", "hf", "--source", "arxiv", "--since", "2026-10-05", "--until", "2026-10-06")
    assert run(*words, env=empty).code == 3
    found = json.loads(run("status", "--json", env=empty, now=DRAFT).out)
    sources = {source["source"]: source for source in found["months"][0]["sources"]}
    assert {name: source["state"] for name, source in sources.items()} == {
        "arxiv": "complete", "hf": "failed", "pwc": "absent", "labs": "absent",
    }  # fmt: skip
    assert sources["hf"]["missing_days"] == [f"2026-10-0{day}" for day in range(1, 7)]
    assert sources["arxiv"]["missing_days"] == [f"2026-10-0{day}" for day in range(1, 5)]
    assert "503" in sources["hf"]["error"]
    hf, arxiv = sources["hf"], sources["arxiv"]
    assert (hf["windows"], hf["windows_closed"], hf["expected"], hf["received"]) == (2, 0, None, 0)
    assert (arxiv["windows"], arxiv["windows_closed"]) == (2, 2)
    assert arxiv["expected"] == arxiv["received"] > 0
    assert found["last_reads"] == {"arxiv": "2026-10-31T22:00:00Z"}
    assert found["months"][1]["sources"] == []
    assert "arXiv: last read in full 2026-10-31T22:00:00Z" in run("status", env=empty, now=DRAFT).lines
