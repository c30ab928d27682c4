"""The values of `status` as lines for people: weeks as rows, 80 columns wide, the same at a terminal and in a pipe.

A state is a sign and a letter, never a colour alone.
"""

import textwrap
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from digest.coverage import ARXIV
from shirube import terminal, ticking
from shirube.steps import kind_of
from shirube.telling import NAMES, span
from shirube.terminal import WIDTH

LABEL, CELL = 9, 10  # columns of a row's name and of a day: seven days fit
MARKS = {
    "complete": "+ C",
    "growing": "~ G",
    "open": "o O",
    "stale": "? S",
    "partial": "! P",
    "failed": "x F",
    "absent": ". N",
    "ahead": "",
}
MEANINGS = {
    "complete": "complete: all that was expected came",
    "growing": "growing: complete when it was read, before its last day was over",
    "open": "open: to be read",
    "stale": "stale: complete once, and the last reading failed",
    "partial": "in part",
    "failed": "failed: nothing came",
    "absent": "not asked",
}
DAYS = {"oai": "by day of change", "rss": "by day of announcement"}
WORDS = {
    "open": "to be read",
    "stale": "stale",
    "partial": "in part",
    "failed": "failed",
    "absent": "not asked",
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
KINDS = {
    "read-again": "read again",
    "recount": "recounted",
    "waits-for-the-day-to-end": "waiting for the last day to end",
    "retry": "read again",
    "settled": "settled",
}

Values = dict[str, Any]
Week = list[Values | None]  # seven days, Monday first; None: of another month


def lines(found: Values) -> Iterator[str]:
    """Write everything `status` collected, the newest month first."""
    at = datetime.fromisoformat(found["at"])
    yield f"Shirube {found['version']}, {found['at'][:16].replace('T', ' ')} UTC"
    yield from _store(found)
    yield ticking.scheduler_line(found["scheduler"], at)
    yield from _mail(found["mail"])
    for source, moment in found["last_reads"].items():
        ago = span(max((at - datetime.fromisoformat(moment)).total_seconds(), 0.0))
        yield f"{NAMES.get(source, source)}: last read in full {moment[:16].replace('T', ' ')}, {ago} ago"
    for empty, months in groupby(found["months"], lambda month: not _shown(month) and month["issue"] is None):
        if empty:
            yield ""
            yield f"{', '.join(month['month'] for month in months)}: nothing stored, no source asked"
            continue
        for month in months:
            yield ""
            yield from _month(month)
    if any(_shown(month) for month in found["months"]):
        yield ""
        yield from _legend(found["months"])


def _store(found: Values) -> Iterator[str]:
    """Say how much there is; of an empty store, how to begin."""
    if not found["stored"]:
        yield "Nothing is stored yet. Begin with shirube doctor, then shirube digest."
        return
    waiting = found["waiting_for_a_vector"]
    rest = f"{waiting:,} of them not embedded yet: shirube rank" if waiting else "all of them embedded"
    yield f"{found['stored']:,} papers and posts stored, {rest}"


def _mail(found: Values) -> Iterator[str]:
    """Say what waits, and what a person must look at; nothing where no mail was ever written."""
    if found["held"] is not None:
        yield from _wrapped(f"Mail: HELD, {found['held']}. See shirube outbox, then shirube outbox --release.")
    elif found["states"]:
        counts = ", ".join(f"{count:,} {state}" for state, count in sorted(found["states"].items()))
        yield f"Mail: {counts} (shirube outbox)"


def error_lines(found: Sequence[Values], limit: int) -> Iterator[str]:
    """Write entries that could not be read, a few lines each; what strangers wrote is shown escaped and short."""
    if not found:
        yield "No entry that could not be read is kept."
        return
    for entry in found:
        who = f"{entry['source']} {entry['channel']} {_stretch(entry['from'], entry['to'])}"
        yield _cut(f"{entry['seen_at']}  {who}  {terminal.plain(entry['id'] or 'no id')}")
        yield from _wrapped(f"  {terminal.plain(entry['reason'])}")
        yield _cut(f"  {terminal.plain(_raw(entry))}")
    more = (
        f"These are the newest {limit:,}; all of them: shirube status --errors --json. " if len(found) >= limit else ""
    )
    yield from _wrapped(f"{more}To read their windows again: shirube pull --retry-errors")


def _raw(entry: Values) -> str:
    text = entry["raw"]
    return " ".join(text.split()) if text is not None else f"(base64) {entry['raw_base64']}"


def _month(month: Values) -> Iterator[str]:
    issue = month["issue"] or "no issue"
    recorded = f", {month['recorded']:,} of them recorded" if month["recorded"] else ""
    yield f"{month['month']}: {issue}, {month['papers']:,} papers{recorded}, {month['ranked']:,} ranked"
    if not _shown(month):
        return
    for week in _weeks(month["days"]):
        yield ""
        yield from _week(week, [source["source"] for source in month["sources"]])
    yield ""
    yield from _totals(month)
    yield from _after(month)


def _shown(month: Values) -> bool:
    """Tell whether there is anything to lay out by day."""
    return bool(month["sources"]) or any(day["stored"] for day in month["days"])


def _weeks(days: Sequence[Values]) -> list[Week]:
    """Put the days of a month into weeks."""
    before = date.fromisoformat(days[0]["day"]).weekday()
    places: Week = [None] * before + list(days)
    places += [None] * (-len(places) % 7)
    return [places[start : start + 7] for start in range(0, len(places), 7)]


def _week(week: Week, sources: Sequence[str]) -> Iterator[str]:
    heads = zip(WEEKDAYS, week, strict=True)
    yield _line("", [f"{name} {int(day['day'][8:]):>2}" if day else "" for name, day in heads])
    for source in sources:
        cells = [day["sources"][source] if day else None for day in week]
        yield _line(source, [_state(cell) for cell in cells])
        if any(cell and cell["missing"] for cell in cells):
            yield _line(" expected", _numbers(cells, "expected"))
            yield _line(" missing", _numbers(cells, "missing"))
        if any(cell and cell["unreadable"] for cell in cells):
            yield _line(" unread.", _numbers(cells, "unreadable"))
    yield _line("stored", [str(day["stored"] or "") if day else "" for day in week])


def _state(cell: Values | None) -> str:
    if cell is None:
        return ""
    mark, came = MARKS[cell["state"]], cell["received"]
    told = came or (came == 0 and cell["state"] in ("complete", "growing"))
    return f"{mark}{came:>6}" if told else mark


def _numbers(cells: Sequence[Values | None], name: str) -> list[str]:
    return [str(cell[name]) if cell and cell[name] else "" for cell in cells]


def _line(label: str, cells: Sequence[str]) -> str:
    """Write a row; a mark without a number stands where the marks of the others do."""
    return f"{label[:LABEL]:<{LABEL}}{''.join(_padded(cell) for cell in cells)}".rstrip()


def _padded(cell: str) -> str:
    return f"{f' {cell}':<{CELL}}" if cell in MARKS.values() else f"{cell:>{CELL}}"


def _totals(month: Values) -> Iterator[str]:
    """Write a source's sums in one line each."""
    yield f"{'':<{LABEL}}{'expected':>9}{'received':>10}{'missing':>9}{'unread.':>9}{'complete':>15}  last read (UTC)"
    for source in month["sources"]:
        numbers = f"{_or(source['expected']):>9}{source['received']:>10,}{_lacking(source):>9}"
        complete = f"{source['days_complete']} of {source['days']} days"
        read = (source["last_read"] or "never").replace("T", " ")[:16]
        yield f"{source['source'][:LABEL]:<{LABEL}}{numbers}{source['unreadable']:>9,}{complete:>15}  {read}"
    for (source, kind), some in groupby(month["channels"], key=_list):
        yield _cut(f"{source} {kind}, {DAYS.get(kind, 'by another day')}: {_lists(list(some))}")
    if undated := month["papers"] - sum(day["stored"] for day in month["days"]):
        yield f"stored, without a known day of submission in the month: {undated:,}"


def _list(value: Values) -> tuple[str, str]:
    """Tell a kind of list by its source and name."""
    return value["source"], kind_of(value["source"], value["channel"] or "")


def _lists(some: Sequence[Values]) -> str:
    windows, closed = (sum(one[name] for one in some) for name in ("windows", "windows_closed"))
    return f"{closed:,} of {windows:,} windows complete, {sum(one['received'] for one in some):,} received"


def _or(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _lacking(source: Values) -> str:
    """Write what a source lacks: "?" where a gap has no total, "-" where it gives none and has no gap."""
    if source["missing"] is None and source["days_complete"] < source["days"]:
        return "?"
    return _or(source["missing"])


def _after(month: Values) -> Iterator[str]:
    """Write what is open and what comes next."""
    if month["gaps"]:
        yield ""
        yield "Open:"
        for run in _runs(month["gaps"]):
            yield from _wrapped(f"  {_gap(run)}")
    elif not month["sources"] or {source["source"] for source in month["sources"]} == {"recorded"}:
        yield ""
        yield from _wrapped(_only_stored(month))
    if month["next"]:
        yield ""
        yield "Of the complete windows:"
        for (source, kind), steps in groupby(month["next"], key=lambda step: (step["source"], step["list"])):
            yield from _wrapped(f"  {f'{source} {kind}'.strip()}: {'; '.join(_upcoming(step) for step in steps)}")


def _only_stored(month: Values) -> str:
    first, last = month["days"][0]["day"], month["days"][-1]["day"]
    return f"No source was asked about this month. To ask: shirube pull --since {first} --until {last}"


def _runs(gaps: Sequence[Values]) -> list[list[Values]]:
    """Put gaps together that say the same: days that follow each other, and then lists of one kind on the same days."""
    runs: list[list[Values]] = []
    for gap in gaps:
        if runs and _follows(runs[-1][-1], gap):
            runs[-1].append(gap)
        else:
            runs.append([gap])
    alike: dict[tuple[Any, ...], list[Values]] = {}
    for run in runs:
        first = run[0]
        counts = (first["expected"], first["received"]) if first["received"] else ()
        key = (
            *_list(first),
            first["from"],
            run[-1]["to"],
            first["state"],
            first["error"],
            first["next"]["says"],
            counts,
        )
        many = first["source"] == ARXIV
        alike.setdefault(key if many else (id(run),), []).extend(run)
    return list(alike.values())


def _follows(one: Values, two: Values) -> bool:
    near = (date.fromisoformat(two["from"]) - date.fromisoformat(one["to"])).days == 1
    same = all(one[name] == two[name] for name in ("source", "channel", "state", "next"))
    return near and same and not (one["received"] or two["received"])


def _gap(run: Sequence[Values]) -> str:
    """Say of gaps that say the same which days they are, what came, why, and what happens next."""
    first, channels = run[0], {gap["channel"] for gap in run}
    name = f"{first['source']} {first['channel'] or ''}".strip()
    if len(channels) > 1:
        name = f"{' '.join(_list(first))} ({len(channels)} lists)"
    head = f"{name} {_stretch(first['from'], run[-1]['to'])}: {WORDS[first['state']]}"
    counts = ""
    if first["expected"] is not None:
        counts = f", {first['received']:,} of {first['expected']:,} received, {first['missing']:,} missing"
    elif first["received"]:
        counts = f", {first['received']:,} received"
    error = f"; {terminal.plain(first['error'])}" if first["error"] else ""
    says = first["next"]["says"]
    return f"{head}{counts}{error}. {says[:1].upper()}{says[1:]}."


def _upcoming(step: Values) -> str:
    waiting = step["kind"] == "waits-for-the-day-to-end"
    moment = (step["at"] or "").replace("T", " ")[:16]
    when = (f", until {moment}" if waiting else f" from {moment} on") if moment else ""
    return f"{step['windows']:,} {KINDS[step['kind']]}{when}"


def _legend(months: Sequence[Values]) -> Iterator[str]:
    """Explain the marks that were used, and only those."""
    used = {cell["state"] for month in months for day in month["days"] for cell in day["sources"].values()}
    used |= {gap["state"] for month in months for gap in month["gaps"]}
    told = [f"{MARKS[state]} {meaning}" for state, meaning in MEANINGS.items() if state in used]
    yield from _wrapped("; ".join([*told, "the number is what was received, and of stored what is stored"]))


def _stretch(first: str, last: str) -> str:
    return first if first == last else f"{first} to {last}"


def _wrapped(text: str) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(text, WIDTH, subsequent_indent=f"{indent}  ", break_on_hyphens=False)


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."
