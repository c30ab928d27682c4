"""What an issue says of itself: what may be missing, and the banners above the month's heading."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from digest import sentences
from digest.links import Links
from digest.model import Digest, SourceCoverage
from digest.news import not_compared
from digest.words import Line, Part, Value, Voice


def source_name(v: Voice, source: str) -> str:
    """Name a source as people know it."""
    return {
        "arxiv": "arXiv",
        "hf": "Hugging Face Daily Papers",
        "pwc": "Papers with Code",
        "labs": str(v.t("News of the labs")),
        "recorded": str(v.t("Recorded month")),
        "arxiv-snapshot": str(v.t("arXiv’s public metadata file")),
    }.get(source, source)


def coverage_rows(v: Voice, digest: Digest) -> list[tuple[Line, str]]:
    """Give the counts of the coverage box: (what, figure)."""
    coverage = digest.coverage
    unknown = str(v.t("not known"))
    late = [(v.t("Late, from closed months"), v.number(coverage.late))]
    return [
        (v.t("Announced by arXiv"), v.number(coverage.expected) if coverage.expected is not None else unknown),
        (v.t("Stored"), v.number(coverage.stored)),
        (v.t("Ranked"), v.number(coverage.ranked)),
        *([] if digest.since else late),  # in a view each paper stands with its own month
    ]


def missing_title(v: Voice, digest: Digest) -> Line:
    """Name the coverage box, of a month or of several."""
    return v.t("What may be missing") if digest.since else v.t("What may be missing this month")


def gaps(v: Voice, digest: Digest) -> list[tuple[Line, Line]]:
    """Say what may be missing, item by item: (head, detail)."""
    coverage = digest.coverage
    said: list[tuple[Line, Line]] = []
    if coverage.expected is not None and coverage.expected > coverage.stored:
        short = coverage.expected - coverage.stored
        said.append(
            (v.n("%(n)s paper announced but not stored.", "%(n)s papers announced but not stored.", short), Line())
        )
    if coverage.unreadable:
        head = v.n("%(n)s record could not be read.", "%(n)s records could not be read.", coverage.unreadable)
        said.append((head, v.t("They are kept as received.")))
    if coverage.stored > coverage.ranked:
        unranked = coverage.stored - coverage.ranked
        said.append((v.n("%(n)s paper not ranked.", "%(n)s papers not ranked.", unranked), Line()))
    said += [_gap(v, source) for source in coverage.sources if source.state != "complete"]
    if coverage.expected is not None and coverage.stored > coverage.expected:
        more = v.t("More is stored than arXiv announced.")
        said.append((more, v.t("Other sources name papers of other categories; they count as well.")))
    said = said or [(v.t("Nothing is known to be missing."), Line())]
    compared = not_compared(v, digest)
    return [*said, (compared, Line())] if compared else said


def _gap(v: Voice, source: SourceCoverage) -> tuple[Line, Line]:
    name = source_name(v, source.source)
    head = {
        "partial": v.t("%(source)s answered in part.", source=name),
        "failed": v.t("%(source)s failed.", source=name),
        "unreachable": v.t("%(source)s could not be reached.", source=name),
        "absent": v.t("%(source)s was not read.", source=name),
    }.get(source.state, v.t("%(source)s is not complete.", source=name))
    return head, v.text([_missing(v, source), _meaning(v, source)])


def _missing(v: Voice, source: SourceCoverage) -> Line:
    if source.missing_days and source.state == "partial":
        return v.t("Days open: %(days)s.", days=v.join(_ranges(v, source.missing_days)))
    return Line()


def _meaning(v: Voice, source: SourceCoverage) -> Line:
    return {
        "arxiv": v.t("Papers may be absent."),
        "hf": v.t("Upvotes count only where they are known; nothing was removed for want of them."),
        "pwc": v.t("Links to code may be absent."),
        "labs": v.t("Posts of the labs may be absent."),
    }.get(source.source, Line())


def _ranges(v: Voice, days: Sequence[date]) -> list[Line]:
    """Fold days that follow each other into ranges: 3 Oct, 19 Oct to 21 Oct."""
    runs = [
        [day for _, day in run]
        for _, run in groupby(enumerate(sorted(days)), key=lambda pair: pair[1] - timedelta(days=pair[0]))
    ]
    return [
        v.line(v.day(run[0]))
        if len(run) == 1
        else v.t("%(first)s to %(last)s", first=v.day(run[0]), last=v.day(run[-1]))
        for run in runs
    ]


def votes_read(v: Voice, digest: Digest) -> Line:
    """Say as of which day upvotes are told: that of the last reading, or the newest an entry names; "" where unknown.

    A reading that changed no count moves the day of the votes alone in a draft, and did in every issue once.
    """
    days = [s.last_read.date().isoformat() for s in digest.coverage.sources if s.source == "hf" and s.last_read]
    reasons = (reason for entry in digest.entries.values() for reason in entry.reasons if reason.kind == "readers")
    days += [str(day)[:10] for reason in reasons if (day := reason.facts.get("date"))]
    return v.t("Upvotes are as of %(date)s.", date=_date(v, max(days))) if days else Line()


MOST_RANGES = 4  # stretches of open days that a banner names one by one
BANNERS = ("draft", "sample", "offline", "partial", "overdue", "catch-up", "stages", "shrunk", "erratum")
GRAVE = frozenset({"sample", "partial", "overdue", "erratum"})


def banners(v: Voice, digest: Digest, links: Links) -> list[tuple[str, Line, list[Line]]]:
    """Say what must be known first, in look.md's order: (kind, head, sentences). An unknown kind is passed over."""
    tell = {
        "draft": _draft, "sample": _sample, "offline": _offline, "partial": _partial,
        "overdue": _overdue, "catch-up": _catch_up, "stages": _stages, "shrunk": _shrunk, "erratum": _erratum,
    }  # fmt: skip
    known = sorted((b for b in digest.banners if b.kind in BANNERS), key=lambda b: BANNERS.index(b.kind))
    return [(banner.kind, *tell[banner.kind](v, digest, banner.facts, links)) for banner in known]


Facts = dict[str, str | int]
Told = tuple[Line, list[Line]]


def _draft(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    until, last = str(facts.get("until") or ""), str(facts.get("last_final") or "")
    papers = int(facts.get("papers", digest.considered))
    said = [
        v.n("%(n)s paper so far, to %(date)s.", "%(n)s papers so far, to %(date)s.", papers, date=_date(v, until))
        if until
        else v.n("%(n)s paper so far.", "%(n)s papers so far.", papers),
        v.t(
            "It closes once its sources are read after %(date)s; until it has, entries may come and go.",
            date=v.moment(digest.closes),
        ),
    ]
    if last:
        month = Part(v.month(last), href=links.issue(last))
        said.append(v.t("The last final issue is %(month)s.", month=month))
    return v.t("Draft."), said


def _sample(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    del links
    month = v.month(digest.month)
    papers = int(facts.get("papers", digest.considered))
    said = [
        v.n(
            "This is a sample of %(month)s from public listings, not the whole month: %(n)s paper, no abstracts.",
            "This is a sample of %(month)s from public listings, not the whole month: %(n)s papers, no abstracts.",
            papers,
            month=month,
        ),
        v.t(
            "It is never mailed. Run %(command)s when the sources can be reached: real data replaces it.",
            command=Part(f"shirube digest {digest.month}", "code"),
        ),
    ]
    silent = _silent(digest)
    if silent and len(silent) == sum(s.source != "recorded" for s in digest.coverage.sources):
        said.insert(0, v.t("No source could be reached."))
    elif silent:
        said.insert(0, v.t("Not reached: %(sources)s.", sources=v.join(source_name(v, key) for key in silent)))
    return v.t("Sample."), said


def _silent(digest: Digest) -> list[str]:
    return [s.source for s in digest.coverage.sources if s.state == "unreachable"]


def _offline(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    del digest, links
    said = [v.t("Made with %(option)s, from what is stored.", option=Part("--offline", "code"))]
    if read := facts.get("read"):
        said.append(v.t("The sources were last read on %(date)s.", date=_date(v, str(read))))
    return v.t("Stored papers only."), said


def _partial(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    named = [name for name in str(facts.get("sources") or "").split(", ") if name] or list(digest.coverage.failed)
    said = [
        v.t("Not complete: %(sources)s.", sources=v.join(_with_days(v, digest, key) for key in named)),
        v.t("What came is kept; see %(link)s.", link=_missed(v, digest, links)),
    ]
    return v.t("Partly done."), said


def _with_days(v: Voice, digest: Digest, key: str) -> Line:
    """Name a source that answered in part with its open days; many stretches are counted, not listed."""
    name = source_name(v, key)
    row = next((s for s in digest.coverage.sources if s.source == key and s.state == "partial"), None)
    if row is None or not row.missing_days:
        return v.line(name)
    ranges = _ranges(v, row.missing_days)
    days = v.join(ranges) if len(ranges) <= MOST_RANGES else v.n("%(n)s day", "%(n)s days", len(row.missing_days))
    return v.t("%(source)s (%(days)s)", source=name, days=days)


def _catch_up(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    del links
    said = [
        v.n(
            "The papers of %(n)s month in one order, by the votes and code known today; each names its issue.",
            "The papers of %(n)s months in one order, by the votes and code known today; each names its issue.",
            int(facts.get("months") or 1),
        )
    ]
    if empty := [month for month in str(facts.get("empty") or "").split(", ") if month]:
        said.append(v.t("Nothing is stored of %(months)s.", months=v.join(v.month(month) for month in empty)))
    return v.t("Catch-up view."), said


def _stages(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    numbers = str(facts["stages"]).split(", ")
    whole = Part(str(v.t("The whole issue")), href=links.issue(digest.month))
    head = v.n("Stage %(stages)s alone.", "Stages %(stages)s alone.", len(numbers), stages=v.series(numbers))
    return head, [
        v.t(
            "Every count on this page is for what is shown here, except for what may be missing. %(whole)s", whole=whole
        )
    ]


def _shrunk(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    said = v.n(
        "%(n)s paper of %(of)s, the worthiest of each stage that fit.",
        "%(n)s papers of %(of)s, the worthiest of each stage that fit.",
        int(facts["kept"]),
        of=int(facts["of"]),
    )
    rest = v.t("%(whole)s has the rest.", whole=sentences.whole(v, digest, links))
    head = v.t("Shrunk to %(time)s.", time=v.duration(int(facts["minutes"])))
    return head, [said, rest]


def _missed(v: Voice, digest: Digest, links: Links) -> Part:
    return Part(str(missing_title(v, digest)), href=links.within("missed"))


def _overdue(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    del links, digest
    named = [name for name in str(facts.get("open") or "").split(", ") if name]
    said = [v.t("Something was still open 7 days after the closing day; the issue closed all the same.")]
    if named:
        said.append(v.t("Not complete: %(sources)s.", sources=v.join(source_name(v, key) for key in named)))
    if unranked := int(facts.get("unranked") or 0):
        said.append(v.n("%(n)s paper not ranked.", "%(n)s papers not ranked.", unranked))
    return v.t("Closed with gaps."), said


def _erratum(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    """Say one correction: the paper, the heading it stands under, what became of it, and the day that was noted."""
    paper, detail = _corrected(v, digest, facts, links), str(facts.get(f"detail_{v.lang}") or facts.get("detail") or "")
    said = {
        "withdrawn": [v.t("%(paper)s was withdrawn after this issue was closed.", paper=paper), _note(v, detail)],
        "restored": [v.t("%(paper)s is no longer withdrawn.", paper=paper)],
    }.get(str(facts.get("kind")), [v.t("%(paper)s: %(detail)s", paper=paper, detail=detail or str(facts.get("kind")))])
    day = str(facts.get("date") or "")
    return (v.t("Erratum, %(date)s.", date=_date(v, day)) if day else v.t("Erratum.")), said


def _corrected(v: Voice, digest: Digest, facts: Facts, links: Links) -> Line:
    """Name the paper of a correction by number, title and heading; by its id alone where the issue lacks it."""
    item, title, number = (str(facts.get(name) or "") for name in ("item_id", "title", "number"))
    href = links.entry(item) if item in digest.entries else links.paper(item)
    if not title:
        return v.line(Part(item, href=href))
    named = v.line(v.title(title, href=href))
    named = v.tc("number and title", "%(number)s %(title)s", number=number, title=named) if number else named
    return v.t("%(paper)s (%(heading)s)", paper=named, heading=_heading(v, digest, facts))


def _heading(v: Voice, digest: Digest, facts: Facts) -> Line:
    """Name the heading a paper was printed under; a stage that this view leaves out by its number."""
    number = facts.get("stage")
    stage = next((s for s in digest.stages if s.number == number), None)
    lab = next((found for found in digest.labs if found.key == facts.get("lab")), None)
    under = {
        "late": v.t("Late arrivals"), "labs": v.t("From the labs"), "left-out": v.t("Left out, and why"),
        "read-first": v.t("Read this first"), "second": v.t("Second looks"),
    }.get(str(facts.get("section")), Line())  # fmt: skip
    if stage:
        where = v.t("Stage %(stage)s, %(name)s", stage=stage.number, name=v.name(stage.name))
    else:
        where = v.t("Stage %(stage)s", stage=number) if number else Line()
    return v.join(name for name in (where, under, v.name(lab.name) if lab else "") if name)


def _note(v: Voice, detail: str) -> Line:
    words = Part(detail.rstrip(" ."), "q", lang=v.english)
    return v.t("arXiv’s note: %(words)s.", words=words) if detail else Line()


def _date(v: Voice, iso_day: str) -> Value:
    return v.date(date.fromisoformat(iso_day[:10]))
