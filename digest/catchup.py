"""Several months as one: the catch-up view, ranked together by the signals of today. Pure; nothing of it is stored.

It is not the issues one after another: the shortlists of all months compete for the same places, and each paper names
the issue in which it stood.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from core.scores import Reason
from digest.candidates import Facts, Place
from digest.coverage import MISSING_DAYS
from digest.looks import printed_in
from digest.model import Banner, Coverage, Digest, Entry, Filed, SourceCoverage, StageSection, Stood

Key = TypeVar("Key")
MOST_MONTHS = 12
_WORST = ("sample", "draft", "final")


def together(places: Iterable[Sequence[Place]]) -> list[Place]:
    """Put the shortlists of several months in one order: within a stage and a section by worth, then by id."""
    rows = [place for month in places for place in month]
    rows.sort(key=lambda p: (p.stage, p.section, -(p.candidate.worth or 0.0), p.candidate.id))
    return [replace(place, position=position) for position, place in enumerate(rows, 1)]


def merged(facts: Sequence[Facts], empty: Sequence[str]) -> Facts:
    """Add up what is known of several months, oldest first; `empty` are those of which nothing is stored."""
    last = facts[-1]
    return replace(
        last,
        status=min((one.status for one in facts), key=_WORST.index),
        published=None,
        previous=None,
        next=None,
        banners=(_banner(facts, empty),),
        considered=_sums(one.considered for one in facts),
        posts=_sums(one.posts for one in facts),
        topics=_sums(one.topics for one in facts),
        lab_items=tuple(item for one in facts for item in one.lab_items),
        late=(),
        late_total=0,
        printed_before=frozenset(),
        coded=_sums(one.coded for one in facts),
        filed=_filed([one.filed for one in facts]),
        new_code={},
        before=None,
        second=(),
        shortlisted=sum(one.shortlisted for one in facts),
    )


def _banner(facts: Sequence[Facts], empty: Sequence[str]) -> Banner:
    return Banner("catch-up", {"months": len(facts), "empty": ", ".join(empty)})


def _sums(counts: Iterable[Mapping[Key, int]]) -> dict[Key, int]:
    total: Counter[Key] = Counter()
    for one in counts:
        total.update(one)
    return dict(total)


def _filed(months: Sequence[Mapping[int, Filed]]) -> dict[int, Filed]:
    total: dict[int, Filed] = {}
    for stage, one in (row for month in months for row in month.items()):
        had = total.get(stage, Filed())
        total[stage] = Filed(had.papers + one.papers, had.posts + one.posts, had.coded + one.coded)
    return total


def covered(months: Sequence[Coverage]) -> Coverage:
    """Say what may be missing from several months: sums, and for each source the worst that any month tells."""
    names = list(dict.fromkeys(row.source for month in months for row in month.sources))
    totals = [month.expected for month in months]
    return Coverage(
        expected=None if None in totals else sum(total or 0 for total in totals),
        stored=sum(month.stored for month in months),
        ranked=sum(month.ranked for month in months),
        late=0,  # each paper stands with its own month
        unreadable=sum(month.unreadable for month in months),
        sources=tuple(_source([row for month in months for row in month.sources if row.source == n]) for n in names),
    )


def _source(rows: Sequence[SourceCoverage]) -> SourceCoverage:
    states = {row.state for row in rows}
    totals = [row.expected for row in rows]
    read: list[datetime] = [row.last_read for row in rows if row.last_read]
    return SourceCoverage(
        source=rows[0].source,
        state=states.pop() if len(states) == 1 else "partial",
        expected=None if None in totals else sum(total or 0 for total in totals),
        received=sum(row.received for row in rows),
        windows=sum(row.windows for row in rows),
        windows_closed=sum(row.windows_closed for row in rows),
        missing_days=tuple(day for row in rows for day in row.missing_days)[:MISSING_DAYS],
        last_read=max(read, default=None),
        error=next((row.error for row in reversed(rows) if row.error), None),
    )


def named(digest: Digest, since: str, months: Mapping[str, str], issues: Mapping[str, Mapping[str, object]]) -> Digest:
    """Name the issue in which each entry stood.

    `months` gives the month of each printed item; `issues` the stored issues as JSON, by month, those after the last
    month of the view too, since a late paper stands in another month's.
    """
    numbers: dict[str, Stood] = {}
    for month, stored in sorted(issues.items()):
        for id_, number in printed_in(stored).items():
            numbers.setdefault(id_, Stood(month, number, str(stored["status"])))

    def stood(item_id: str) -> Stood:
        month = months[item_id]
        status = str(issues[month]["status"]) if month in issues else None
        return numbers.get(item_id) or Stood(month, None, status)

    def entry(one: Entry) -> Entry:
        return replace(one, stood=stood(one.id), reasons=_of_month(one.reasons, months[one.id]))

    def section(stage: StageSection) -> StageSection:
        return replace(stage, entries=tuple(entry(one) for one in stage.entries))

    return replace(digest, since=since, stages=tuple(section(stage) for stage in digest.stages))


def _of_month(reasons: Iterable[Reason], month: str) -> tuple[Reason, ...]:
    """Name the month among whose papers readers gave a place."""
    return tuple(replace(r, facts={**r.facts, "month": month}) if r.kind == "readers" else r for r in reasons)
