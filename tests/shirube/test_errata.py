"""From a withdrawal at arXiv to the erratum of the issue that printed it, by real pulls."""

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Text, cast, select

from db.models import Issue, IssueItem
from shirube import jobs
from shirube.stopping import Stopping
from tests.shirube.command import CLOSED, DRAFT, Bench, run
from tests.shirube.conftest import MONTH, Store
from tests.shirube.test_digest import state
from tests.shirube.test_jobs import bench
from tests.upstream import Upstream

CONTENT = (cast(Issue.digest, Text), Issue.inputs_hash, Issue.made_at, Issue.published_at, Issue.status)


def days_after(days: int) -> datetime:
    return CLOSED + timedelta(days=days)


def withdraw(up: Upstream, arxiv_id: str, at: datetime) -> None:
    """Let the authors take a paper back at this moment, in a new version."""
    up.catalogue.today = max(up.catalogue.today, at.date())
    words = "This paper has been withdrawn by the authors"
    up.catalogue.revise(arxiv_id, at, withdrawn=True, comment=words, abstract=words)


def errata(store: Store) -> list[tuple[str, str, str]]:
    ((rows,),) = state(store, select(Issue.erratum).where(Issue.month == MONTH))
    return [(row["date"], row["item_id"], row["kind"]) for row in rows]


def test_a_withdrawal_at_arxiv_reaches_the_issue_that_printed_it(
    empty: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Upstream() as up:
        env = {**empty, **up.environment()}
        run("digest", MONTH, env=env, now=DRAFT)
        assert run("digest", MONTH, env=env, now=CLOSED).code == 0
        store = Store(up, env, run("status", env=env))
        content = state(store, select(*CONTENT).where(Issue.month == MONTH))
        assert content[0][-1] == "final"
        printed = [row[0] for row in state(store, select(IssueItem.item_id).where(IssueItem.printed))]
        first, second = [p.arxiv_id for p in up.catalogue if p.arxiv_id in printed and p.lab is None][:2]
        page = store.page()

        withdraw(up, first, days_after(1))
        wiring = bench(env, monkeypatch)
        for days in (2, 3):  # the schedule's pull: what it finds is noted once
            later = Bench(wiring.settings, lambda days=days: days_after(days))  # type: ignore[misc]
            jobs.pull("arxiv", later, Stopping())
            later.engine.dispose()
        ((noted, *_),) = rows = errata(store)
        assert rows == [(noted, first, "withdrawn")]

        withdraw(up, second, days_after(4))  # a pull by hand notes nothing; the next run of `digest` does
        run("pull", env=env, now=days_after(5))
        assert len(errata(store)) == 1
        again = run("digest", MONTH, env=env, now=days_after(5))
        assert f"Erratum in the final issue of {MONTH}: {second} was withdrawn." in again.err
        assert [row[1:] for row in errata(store)] == [(first, "withdrawn"), (second, "withdrawn")]

        assert state(store, select(*CONTENT).where(Issue.month == MONTH)) == content
        assert "Erratum" not in page
        assert store.page().count("Erratum,") == 2
        assert '<span class="tag bad">withdrawn</span>' in store.page()
        listed = csv.DictReader(run("papers", "--min-fit", "0", "--limit", "1000", "--format", "csv", env=env).lines)
        assert {line["id"] for line in listed if line["withdrawn"] == "true"} >= {first, second}
        assert "(withdrawn)" in run("papers", "--min-fit", "0", "--limit", "1000", env=env).out


def test_a_statement_is_added_by_hand_and_listed(final: Store, tmp_path: Path) -> None:
    store = final.copied(tmp_path / "var")
    texts = ("--text-en", "It is not by the lab named.", "--text-ja", "記載の研究所のものではありません。")
    item = next(row[0] for row in state(store, select(IssueItem.item_id).where(IssueItem.printed)))
    assert run("erratum", MONTH, item, *texts, env=store.env, now=days_after(1)).err.strip() == "Noted."
    again = run("erratum", MONTH, item, *texts, env=store.env, now=days_after(2))
    assert (again.code, "the same was noted on 2026-11-09" in again.err) == (0, True)
    (row,) = json.loads(run("erratum", MONTH, "--json", env=store.env).out)
    assert (row["item_id"], row["kind"], row["detail"]) == (item, "statement", texts[1])
    for form, lang, words in (("text", "en", texts[1]), ("markdown", "ja", texts[3])):
        command = ("digest", MONTH, "--offline", "--format", form, "--lang", lang, "--out", "-")
        assert words[:12] in run(*command, env=store.env, now=days_after(3)).out
    assert run("erratum", MONTH, item, *texts[:2], env=store.env).code == 2
    assert run("erratum", MONTH, *texts, env=store.env).code == 2
    assert run("erratum", MONTH, "2610.99999", *texts, env=store.env).code == 1
