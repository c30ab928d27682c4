"""What a person is told while a month is made, and what is never done behind their back."""

from tests.shirube.command import DRAFT, run


def test_offline_without_anything_stored_says_what_to_do(empty: dict[str, str]) -> None:
    for _ in range(2):
        ended = run("digest", "2026-05", "--offline", env=empty, now=DRAFT)
        assert (ended.code, ended.out) == (1, "")
        assert ended.err.splitlines() == [
            "shirube: Nothing is stored for 2026-05",
            "  Run it without --offline, or first: shirube pull.",
        ]
