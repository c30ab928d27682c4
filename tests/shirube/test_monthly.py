"""What a person is told while a month is made, and what is never done behind their back."""

from tests.shirube.command import DRAFT, run
from tests.shirube.conftest import MONTH, Store


def test_offline_without_anything_stored_says_what_to_do(empty: dict[str, str]) -> None:
    for _ in range(2):
        ended = run("digest", "2026-05", "--offline", env=empty, now=DRAFT)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.splitlines() == [
            "shirube: Nothing is stored for 2026-05",
            "  Run it without --offline, or first: shirube pull.",
        ]


def test_arxiv_is_announced_only_while_days_of_it_are_due(mine: Store) -> None:
    assert "31 days due, from 2026-10-31 back to 2026-10-01" in mine.made.err
    days = [line for line in mine.made.err.splitlines() if line.startswith("  arXiv 2026-10-")]
    assert len(days) > 20
    assert all("min left" in line for line in days[2:-1])
    assert "min left" not in days[0] + days[-1]
    assert "no list was asked for again" not in mine.made.err
    again = run("digest", MONTH, env=mine.env)
    assert again.code == 0
    assert "arXiv" not in again.err
    assert f"Everything due of {MONTH} is complete: no list was asked for again." in again.err
