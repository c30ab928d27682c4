"""`shirube digest --since`: one view of several months, which freezes nothing and has its own file."""

import re
from pathlib import Path

from tests.shirube.command import run
from tests.shirube.conftest import MONTH, Store


def test_a_view_of_several_months_is_written_beside_the_issue(mine: Store) -> None:
    page = mine.page()
    ended = run("digest", MONTH, "--since", "2026-08", "--offline", "--lang", "ja", env=mine.env)
    assert ended.code == 0
    file = Path(ended.out.strip())
    assert file.name == f"{MONTH}.since-2026-08.ja.html"
    shown = file.read_text(encoding="utf-8")
    assert "まとめ読み" in shown
    assert re.search(r"2026年8月.*の論文は保存されていません", shown), re.findall(r"role=.note.*", shown)
    assert f'href="{MONTH}.since-2026-08.html"' in shown
    assert file.with_name(f"{MONTH}.since-2026-08.html").exists()
    assert mine.page() == page


def test_it_pulls_and_makes_each_month_in_turn(mine: Store) -> None:
    ended = run("digest", MONTH, "--since", "2026-09", "--format", "json", "--out", "-", env=mine.env)
    assert '"since": "2026-09"' in ended.out
    assert "2026-09:" in ended.err.splitlines()
    assert "2026-10:" in ended.err.splitlines()


def test_a_span_that_no_view_holds_is_wrong_usage(mine: Store) -> None:
    assert run("digest", MONTH, "--since", "2026-11", env=mine.env).code == 2
    assert run("digest", MONTH, "--since", "2024-01", env=mine.env).code == 2
    assert run("digest", MONTH, "--since", "spring", env=mine.env).code == 2
