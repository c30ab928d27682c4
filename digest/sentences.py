"""Every sentence of an issue as a Line, computed from the Digest alone: page, mail and text say the same."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby

from core.ids import parse_arxiv_id
from digest.links import Links
from digest.model import CodeRef, Digest, Entry, LeftOut, SourceCoverage, StageSection, Summary, WorkRef
from digest.reasons import Names, brief
from digest.words import NBSP, Line, Part, Value, Voice, web

FULL = 4  # entries of a stage printed in full; the rest are compact


def state(v: Voice, digest: Digest) -> Line:
    """Name the state of the issue, with its date when it is final."""
    if digest.status == "final" and digest.published:
        return v.t("%(state)s, %(date)s", state=v.bold(str(v.t("Final"))), date=v.date(digest.published))
    return v.line(v.bold(str(v.t("Sample") if digest.status == "sample" else v.t("Draft"))))


def heading(v: Voice, digest: Digest) -> Line:
    """Name the issue by its month."""
    return v.tc("issue", "%(month)s", month=v.month(digest.month))


def deck(v: Voice, digest: Digest) -> list[Line]:
    """Sum the month up in two computed sentences."""
    if not digest.considered:
        return [v.t("No paper is stored for this month yet.")]
    month = v.month_name(digest.month)
    said = [
        v.n(
            "%(n)s paper of %(month)s was read against the eight stages of this roadmap.",
            "%(n)s papers of %(month)s were read against the eight stages of this roadmap.",
            digest.considered,
            month=month,
        ),
        _passed(v, digest),
    ]
    if digest.topmost and digest.topmost.count:
        said.append(_topmost(v, digest))
    return said


def _passed(v: Voice, digest: Digest) -> Line:
    if not digest.chosen:
        return v.t("None passed the bar.")
    if not digest.hour:
        return v.n("%(n)s passed the bar.", "%(n)s passed the bar.", digest.chosen)
    return v.n(
        "%(n)s passed the bar; %(hour)s of them fit into an hour.",
        "%(n)s passed the bar; %(hour)s of them fit into an hour.",
        digest.chosen,
        hour=len(digest.hour),
    )


def _topmost(v: Voice, digest: Digest) -> Line:
    topmost = digest.topmost
    topics = sum(len(stage.topics) for stage in digest.stages)
    return v.n(
        "Of %(topics)s topics, %(topic)s has most papers: %(n)s.",
        "Of %(topics)s topics, %(topic)s has most papers: %(n)s.",
        topmost.count if topmost else 0,
        topics=topics,
        topic=v.name(topmost.name) if topmost else "",
    )


def facts(v: Voice, digest: Digest) -> list[tuple[str, Line]]:
    """Give the figures of the front: (figure, what it counts)."""
    complete = sum(source.state == "complete" for source in digest.coverage.sources)
    total = len(digest.coverage.sources)
    counted = str(v.tc("figure", "%(n)s", n=digest.considered))
    chosen = str(v.tc("figure", "%(n)s", n=digest.chosen))
    rows = [
        (counted, v.t("papers considered")),
        (chosen, v.t("chosen")),
        (v.duration(digest.minutes), v.t("to read them all")),
    ]
    if total:
        rows.append((str(v.tc("figure", "%(n)s of %(total)s", n=complete, total=total)), v.t("sources complete")))
    return rows


def description(v: Voice, digest: Digest) -> str:
    """Describe the issue in one line, for search engines and shared links."""
    return str(
        v.t(
            "%(papers)s papers of %(month)s read against eight study stages; %(chosen)s chosen, each with its reasons.",
            papers=digest.considered,
            month=v.month(digest.month),
            chosen=digest.chosen,
        )
    )


def hour_note(v: Voice, digest: Digest) -> list[Line]:
    """Say how the hour list is made."""
    stages = len({entry.number.partition(".")[0] for entry in hour_entries(digest)})
    head = v.n(
        "%(n)s paper from %(stages)s of the stages, %(time)s: the highest worth in each, as long as the sum stays "
        "under an hour.",
        "%(n)s papers from %(stages)s of the stages, %(time)s: the highest worth in each, as long as the sum stays "
        "under an hour.",
        len(digest.hour),
        stages=stages,
        time=v.duration(digest.hour_minutes),
    )
    return [head, v.t("Minutes are for a first pass, from the page count where it is known.")]


def hour_entries(digest: Digest) -> list[Entry]:
    """Find the entries of the hour list; an id that is not printed is passed over."""
    printed = digest.entries
    return [printed[id_] for id_ in digest.hour if id_ in printed]


def stage_of(digest: Digest, entry: Entry) -> int | None:
    """Find the stage an entry belongs to: that of its best topic, else the one in its number."""
    best = entry.topics[0].key if entry.topics else None
    for stage in digest.stages:
        if any(topic.key == best for topic in stage.topics):
            return stage.number
    head = entry.number.partition(".")[0]
    return int(head) if head.isdigit() else None


def place(v: Voice, digest: Digest, entry: Entry) -> Line:
    """Say where an entry stands on the road: stage and topic."""
    number = stage_of(digest, entry)
    topic = topic_name(v, entry)
    if number is None:
        return v.line(topic)
    if not topic:
        return v.t("Stage %(stage)s", stage=number)
    return v.t("Stage %(stage)s, %(topic)s", stage=number, topic=topic)


def hour_line(v: Voice, digest: Digest, entry: Entry, names: Names) -> Line:
    """Say where a paper of the hour list stands and why it was chosen."""
    why = brief(entry.reasons, v.lang, names)
    where = place(v, digest, entry)
    return v.t("%(place)s. %(why)s.", place=where, why=why) if why else v.t("%(place)s.", place=where)


def topic_name(v: Voice, entry: Entry) -> str:
    """Name the best topic of an entry, "" when it has none."""
    return v.name(entry.topics[0].name) if entry.topics else ""


def minutes(v: Voice, entry: Entry) -> str:
    """Say how long an entry takes, and when that is a guess."""
    time = v.duration(entry.minutes)
    return str(v.t("about %(time)s, a guess", time=time)) if entry.minutes_guessed else time


def byline(v: Voice, digest: Digest, entry: Entry) -> list[Line]:
    """Give the pieces of the line under a title: authors, date, id, categories."""
    pieces = [authors(v, entry)]
    if entry.submitted:
        same_year = str(entry.submitted.year) == digest.month[:4]
        pieces.append(v.line(v.day(entry.submitted) if same_year else v.date(entry.submitted)))
    if parse_arxiv_id(entry.id) and entry.kind == "paper":
        pieces.append(v.line(Part(entry.id, "n")))
    if entry.categories:
        pieces.append(v.line(v.title(", ".join(entry.categories), kind="")))
    return [piece for piece in pieces if piece]


def authors(v: Voice, entry: Entry) -> Line:
    """Name the first authors and count the others; a post without authors is its lab's."""
    names = entry.authors or tuple(v.name(lab.name) for lab in entry.labs[:1])
    if not names:
        return Line()
    named = Part(", ".join(name.replace(" ", NBSP) for name in names), lang=v.english)
    if not entry.more_authors:
        return v.line(named)
    return v.n("%(names)s and %(n)s more", "%(names)s and %(n)s more", entry.more_authors, names=named)


def summary_source(v: Voice, entry: Entry, summary: Summary) -> Line:
    """Say where the words of a summary come from."""
    if summary.kind == "machine":
        when = v.date(summary.created) if summary.created else ""
        return v.t("Machine summary, %(model)s.", model=v.join([x for x in (summary.model or "", when) if x]))
    return v.t("From the lab’s feed.") if entry.kind == "post" else v.t("From the abstract.")


def title_only(v: Voice) -> Line:
    """Say why there is no summary."""
    return v.t("Title only: the record of this paper came without an abstract, so there is nothing to quote.")


def code(v: Voice, ref: CodeRef) -> Line:
    """Say whose a repository is and how many stars it has."""
    whose = [v.tc("code", "official")] if ref.official else []
    stars = [v.n("%(n)s star", "%(n)s stars", ref.stars)] if ref.stars is not None else []
    return v.join([*whose, *stars])


def counts(v: Voice, stage: StageSection) -> Line:
    """Count a stage: considered, chosen, and the time to read what was chosen."""
    if not stage.entries:
        return v.t("%(considered)s considered, none chosen.", considered=stage.considered)
    return v.t(
        "%(considered)s considered, %(chosen)s chosen, %(time)s to read.",
        considered=stage.considered,
        chosen=len(stage.entries),
        time=v.duration(sum(entry.minutes for entry in stage.entries)),
    )


def work_note(v: Voice, work: WorkRef) -> Line:
    """Say how long a work of the reading list takes and why it is worth it."""
    return v.t("%(time)s. %(why)s", time=v.duration(work.minutes), why=v.name(work.why))


def nothing(v: Voice, stage: StageSection) -> list[Line]:
    """Say that nothing passed and name a work to read instead."""
    said = [
        v.t("Nothing passed the bar this month."),
        v.n(
            "%(n)s paper fits this stage best; it did not reach the floor that every stage shares.",
            "%(n)s papers fit this stage best; none reached the floor that every stage shares.",
            stage.considered,
        ),
    ]
    if not stage.considered:
        said[1] = v.t("No paper of the month fits this stage best.")
    return said


def instead(v: Voice, work: WorkRef) -> Line:
    """Offer a work of the reading list in place of a new paper."""
    title = v.title(work.title, href=web(work.url))
    return v.t(
        "Read %(work)s instead: %(time)s, from the reading list of this stage.",
        work=title,
        time=v.duration(work.minutes),
    )


def left_out(v: Voice, item: LeftOut, anchor: str | None = None) -> Line:
    """Say neutrally why a widely noticed paper is not printed."""
    twin = Part(item.twin_of or "", href=anchor)
    why = {
        "fit": v.t("Fits no topic of this roadmap well enough."),
        "floor": v.t("Below the floor of worth that every stage shares."),
        "twin": v.t("Nearly the same abstract as %(number)s, which scored higher.", number=twin),
        "budget": v.t("Passed the bar, but the stage was full."),
        "survey": v.t("A survey: the reading list of the stage covers its ground."),
    }.get(item.reason, Line())
    votes = v.n("%(n)s upvote.", "%(n)s upvotes.", item.votes)
    return v.text([votes, why])


def late_note(v: Voice, digest: Digest) -> Line:
    """Say what late papers are and how many are only counted."""
    head = v.t("Submitted in a month already closed, and seen since.")
    if not digest.late_more:
        return head
    more = v.n(
        "%(n)s more late paper is counted but not printed.",
        "%(n)s more late papers are counted but not printed.",
        digest.late_more,
    )
    return v.text([head, more])


def late_line(v: Voice, entry: Entry) -> Line:
    """Say when a late paper was submitted."""
    if not entry.submitted:
        return v.t("Late: its month is closed.")
    return v.t("Late: submitted %(date)s.", date=v.date(entry.submitted))


def late_place(v: Voice, digest: Digest, entry: Entry) -> Line:
    """Say which stage a late paper belongs to and how long it takes."""
    return v.join([place(v, digest, entry), minutes(v, entry)])


def lab_count(v: Voice, digest: Digest, count: int) -> Line:
    """Count what a lab published in the month."""
    month = v.month_name(digest.month)
    return (
        v.n("%(n)s in %(month)s", "%(n)s in %(month)s", count, month=month)
        if count
        else (v.t("none in %(month)s", month=month))
    )


def chart_label(v: Voice, digest: Digest) -> Line:
    """Say the chart's figures in words, for those who do not see it."""
    considered = v.join(stage.considered for stage in digest.stages)
    chosen = v.join(len(stage.entries) for stage in digest.stages)
    return v.t(
        "Papers considered, stage by stage: %(considered)s. Papers chosen: %(chosen)s.",
        considered=considered,
        chosen=chosen,
    )


# -- coverage --------------------------------------------------------------------------------------------------------


def source_name(v: Voice, source: str) -> str:
    """Name a source as people know it."""
    return {
        "arxiv": "arXiv",
        "hf": "Hugging Face Daily Papers",
        "pwc": "Papers with Code",
        "labs": str(v.t("The labs’ own feeds")),
        "recorded": str(v.t("The recorded month")),
        "arxiv-snapshot": str(v.t("arXiv’s public metadata file")),
    }.get(source, source)


def coverage_rows(v: Voice, digest: Digest) -> list[tuple[Line, str]]:
    """Give the counts of the coverage box: (what, figure)."""
    coverage = digest.coverage
    unknown = str(v.t("not known"))
    return [
        (v.t("Announced by arXiv"), v.number(coverage.expected) if coverage.expected is not None else unknown),
        (v.t("Stored"), v.number(coverage.stored)),
        (v.t("Ranked"), v.number(coverage.ranked)),
        (v.t("Late, from closed months"), v.number(coverage.late)),
    ]


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
    if not said:
        return [(v.t("Nothing is known to be missing."), Line())]
    return said


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
    """Say when upvotes were last read; "" when that is not known."""
    read = next((s.last_read for s in digest.coverage.sources if s.source == "hf" and s.last_read), None)
    return v.t("Upvotes were last read on %(date)s.", date=v.date(read)) if read else Line()


# -- banners ---------------------------------------------------------------------------------------------------------

BANNERS = ("draft", "sample", "offline", "partial", "overdue", "erratum")
GRAVE = frozenset({"sample", "partial", "overdue", "erratum"})


def banners(v: Voice, digest: Digest, links: Links) -> list[tuple[str, Line, list[Line]]]:
    """Say what must be known first, in look.md's order: (kind, head, sentences). An unknown kind is passed over."""
    tell = {
        "draft": _draft, "sample": _sample, "offline": _offline, "partial": _partial, "overdue": _overdue,
        "erratum": _erratum,
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
        v.t("The issue is closed on %(date)s; until then entries may come and go.", date=v.moment(digest.closes)),
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
    del facts, links
    reads = [source.last_read for source in digest.coverage.sources if source.last_read]
    said = [v.t("Made with %(option)s, from what is stored.", option=Part("--offline", "code"))]
    if reads:
        said.append(v.t("The sources were last read on %(date)s.", date=v.date(max(reads))))
    return v.t("Stored papers only."), said


def _partial(v: Voice, digest: Digest, facts: Facts, links: Links) -> Told:
    del links
    named = [name for name in str(facts.get("sources") or "").split(", ") if name] or list(digest.coverage.failed)
    said = [
        v.t("Not complete: %(sources)s.", sources=v.join(source_name(v, key) for key in named)),
        v.t("What came is kept; see %(link)s.", link=_missed(v)),
    ]
    return v.t("Partly done."), said


def _missed(v: Voice) -> Part:
    return Part(str(v.t("What may be missing this month")), href="#missed")


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
    day, item = str(facts.get("date") or ""), str(facts.get("item_id") or facts.get("item") or "")
    entry = digest.entries.get(item)
    where = Part(entry.number if entry else item, href=links.entry(item) if entry else None)
    said = (
        v.t("%(entry)s was withdrawn by its authors and is marked.", entry=where)
        if facts.get("kind") == "withdrawn"
        else v.t("%(entry)s: %(detail)s", entry=where, detail=str(facts.get("detail") or facts.get("kind") or ""))
    )
    head = v.t("Erratum, %(date)s.", date=_date(v, day)) if day else v.t("Erratum.")
    return head, [said]


def _date(v: Voice, iso_day: str) -> Value:
    return v.date(date.fromisoformat(iso_day[:10]))


# -- citing ----------------------------------------------------------------------------------------------------------


def cite(v: Voice, digest: Digest) -> list[Line]:
    """Say how the issue is cited and how it was made."""
    lasting = (
        v.t("The content of a final issue is frozen; corrections are errata.")
        if digest.status == "final"
        else v.t("This issue is not final: its content may change.")
    )
    made = v.t(
        "Made by Shirube %(version)s with %(model)s; last change of its data %(date)s; inputs %(hash)s.",
        version=digest.making.version,
        model=digest.making.model,
        date=v.moment(digest.made),
        hash=Part(digest.making.inputs_hash[:12], "code"),
    )
    return [lasting, made]
