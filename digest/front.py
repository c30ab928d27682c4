"""What an issue says of itself, at its front and its end: state, month, figures, the hour, how it was made."""

from digest.model import Digest, Entry
from digest.words import Line, Part, Value, Voice


def state(v: Voice, digest: Digest) -> Line:
    """Name the state of the issue, with its date when it is final."""
    if digest.since:
        return v.line(v.bold(str(v.t("Catch-up view"))))
    words = {"final": v.t("Final"), "sample": v.t("Sample")}.get(digest.status, v.t("Draft"))
    if digest.status == "final" and digest.published:
        return v.t("%(state)s, %(date)s", state=v.bold(str(words)), date=v.date(digest.published))
    return v.line(v.bold(str(words)))


def heading(v: Voice, digest: Digest) -> Line:
    """Name the issue by its month, a catch-up view by its months."""
    if digest.since:
        return v.line(month(v, digest))
    return v.tc("issue", "%(month)s", month=v.month(digest.month))


def month(v: Voice, digest: Digest) -> str:
    """Name the month of an issue with its year, or the months of a catch-up view."""
    return v.months(digest.since, digest.month) if digest.since else v.month(digest.month)


def month_name(v: Voice, digest: Digest) -> str:
    """Name the month of an issue alone, or the months of a catch-up view."""
    return v.months(digest.since, digest.month) if digest.since else v.month_name(digest.month)


def neighbour(v: Voice, digest: Digest, other: str) -> str:
    """Name the month of another issue beside this one: alone, or with its year where that is not this one's."""
    return v.month_name(other) if other[:4] == digest.month[:4] else v.month(other)


def deck(v: Voice, digest: Digest) -> list[Line]:
    """Sum the month up in computed sentences; that all reading times are guesses is said here, and once."""
    if not (digest.considered or digest.posts):
        return [v.t("No paper is stored for this month yet.")]
    said = [_read(v, digest), _filed(v, digest), _passed(v, digest)]
    if digest.topmost and digest.topmost.count and sum(len(stage.topics) for stage in digest.stages) > 1:
        said.append(_topmost(v, digest))
    return [*said, v.t("All minutes are guesses: no page count is known.")] if digest.guessed else said


def _read(v: Voice, digest: Digest) -> Line:
    count, month = digest.considered, month_name(v, digest)
    if _part(digest):
        return _of_stages(v, digest)
    if digest.posts:
        return v.n(
            "%(n)s paper of %(month)s and %(posts)s were read against %(road)s.",
            "%(n)s papers of %(month)s and %(posts)s were read against %(road)s.",
            count,
            month=month,
            posts=posts(v, digest.posts),
            road=_road(v, digest),
        )
    return v.n(
        "%(n)s paper of %(month)s was read against %(road)s.",
        "%(n)s papers of %(month)s were read against %(road)s.",
        count,
        month=month,
        road=_road(v, digest),
    )


def _part(digest: Digest) -> bool:
    """Tell whether some stages stand alone: what belongs to none of them was not read for this view."""
    return any(banner.kind == "stages" for banner in digest.banners)


def _filed(v: Voice, digest: Digest) -> Line:
    """Say how much of what was read belongs anywhere; "" where that is not known, or has been said."""
    if digest.filed is None or _part(digest):
        return Line()
    return v.n(
        "%(n)s paper is filed under one of its topics.", "%(n)s papers are filed under one of its topics.", digest.filed
    )


def _of_stages(v: Voice, digest: Digest) -> Line:
    month = month_name(v, digest)
    if digest.filed is None:
        return v.text([_fit(v, digest.considered, month), also_fit(v, digest.posts)])
    papers = v.n(
        "%(n)s paper of %(month)s is filed here.",
        "%(n)s papers of %(month)s are filed here.",
        digest.filed,
        month=month,
    )
    return v.text([papers, also_filed(v, sum(stage.filed.posts for stage in digest.stages if stage.filed))])


def _road(v: Voice, digest: Digest) -> Line:
    return v.n("the one stage of this roadmap", "the %(n)s stages of this roadmap", digest.road)


def _fit(v: Voice, count: int, month: str) -> Line:
    return v.n(
        "%(n)s paper of %(month)s fits here best.", "%(n)s papers of %(month)s fit here best.", count, month=month
    )


def posts(v: Voice, count: int) -> Line:
    """Count posts of the labs."""
    return v.n("%(n)s post of the labs", "%(n)s posts of the labs", count)


def also_fit(v: Voice, count: int) -> Line:
    """Count the posts of a stage beside its papers; "" for none."""
    if not count:
        return Line()
    return v.n(
        "%(n)s post of the labs fits here best as well.", "%(n)s posts of the labs fit here best as well.", count
    )


def also_filed(v: Voice, count: int) -> Line:
    """Count the posts filed in a stage beside its papers; "" for none."""
    if not count:
        return Line()
    return v.n(
        "%(n)s post of the labs is filed here as well.", "%(n)s posts of the labs are filed here as well.", count
    )


def _passed(v: Voice, digest: Digest) -> Line:
    if not digest.chosen:
        return v.t("None passed the bar.")
    if _cut(digest):
        return _shown(v, digest)
    if not digest.hour:
        return v.n("%(n)s chosen.", "%(n)s chosen.", digest.chosen)
    return v.n(
        "%(n)s chosen, %(hour)s of them for one hour.",
        "%(n)s chosen, %(hour)s of them for one hour.",
        digest.chosen,
        hour=len(digest.hour),
    )


def _cut(digest: Digest) -> bool:
    return any(stage.cut for stage in digest.stages)


def _shown(v: Voice, digest: Digest) -> Line:
    """Count what was chosen beside what a view shrunk to a budget shows of it."""
    shown = sum(len(stage.entries) for stage in digest.stages)
    if not shown:
        return v.n("%(n)s chosen, none of them shown here.", "%(n)s chosen, none of them shown here.", digest.chosen)
    return v.n(
        "%(n)s chosen, %(shown)s of them shown here.",
        "%(n)s chosen, %(shown)s of them shown here.",
        digest.chosen,
        shown=shown,
    )


def _topmost(v: Voice, digest: Digest) -> Line:
    topmost = digest.topmost
    topics = sum(len(stage.topics) for stage in digest.stages)
    return v.n(
        "Of %(topics)s topics, %(topic)s drew the most papers: %(n)s.",
        "Of %(topics)s topics, %(topic)s drew the most papers: %(n)s.",
        topmost.count if topmost else 0,
        topics=topics,
        topic=v.name(topmost.name) if topmost else "",
    )


def facts(v: Voice, digest: Digest) -> list[tuple[str, Line]]:
    """Give the figures of the front: (figure, what it counts)."""
    complete = sum(source.state == "complete" for source in digest.coverage.sources)
    total = len(digest.coverage.sources)
    chosen = str(v.tc("figure", "%(n)s", n=digest.chosen))
    beside = v.n("post of the labs considered", "posts of the labs considered", digest.posts)
    rows = [
        *_papers(v, digest),
        *([(str(v.tc("figure of posts", "%(n)s", n=digest.posts)), beside)] if digest.posts else []),
        (chosen, v.t("chosen")),
        (v.duration(digest.minutes), _to_read(v, digest)),
    ]
    if total:
        rows.append((str(v.tc("figure", "%(n)s of %(total)s", n=complete, total=total)), v.t("sources complete")))
    return rows


def _to_read(v: Voice, digest: Digest) -> Line:
    if digest.guessed:
        return v.t("to read what is shown of them, a guess") if _cut(digest) else v.t("to read them all, a guess")
    return v.t("to read what is shown of them") if _cut(digest) else v.t("to read them all")


def _papers(v: Voice, digest: Digest) -> list[tuple[str, Line]]:
    """Give the figures of papers: all that were considered, and those filed; of some stages alone the filed ones."""
    rows: list[tuple[str, Line]] = []
    if digest.filed is None or not _part(digest):
        counted = str(v.tc("figure", "%(n)s", n=digest.considered))
        rows.append((counted, v.n("paper considered", "papers considered", digest.considered)))
    if digest.filed is not None:
        filed = str(v.tc("figure", "%(n)s", n=digest.filed))
        rows.append((filed, v.n("filed under a topic", "filed under a topic", digest.filed)))
    return rows


def description(v: Voice, digest: Digest) -> str:
    """Describe the issue in one line, for search engines and shared links."""
    road = v.n("one study stage", "%(n)s study stages", digest.road)
    values: dict[str, Value] = {"month": month(v, digest), "chosen": digest.chosen, "road": road}
    if digest.posts:
        return str(
            v.n(
                "%(n)s paper of %(month)s, and %(posts)s, read against %(road)s; %(chosen)s chosen, each "
                "with its reasons.",
                "%(n)s papers of %(month)s, and %(posts)s, read against %(road)s; %(chosen)s chosen, each "
                "with its reasons.",
                digest.considered,
                **values,
                posts=posts(v, digest.posts),
            )
        )
    return str(
        v.n(
            "%(n)s paper of %(month)s read against %(road)s; %(chosen)s chosen, each with its reasons.",
            "%(n)s papers of %(month)s read against %(road)s; %(chosen)s chosen, each with its reasons.",
            digest.considered,
            **values,
        )
    )


def hour_note(v: Voice, digest: Digest) -> list[Line]:
    """Say how the hour list is made."""
    stages = len({entry.number.partition(".")[0] for entry in hour_entries(digest)})
    head = v.n(
        "%(n)s paper from %(stages)s of the stages, %(time)s: one per stage, together the most worth "
        "that an hour holds.",
        "%(n)s papers from %(stages)s of the stages, %(time)s: one per stage, together the most worth "
        "that an hour holds.",
        len(digest.hour),
        stages=stages,
        time=v.duration(digest.hour_minutes),
    )
    if digest.guessed:
        return [head, v.t("Minutes are for a first pass.")]
    return [head, v.t("Minutes are for a first pass, from the page count where it is known.")]


def hour_entries(digest: Digest) -> list[Entry]:
    """Find the entries of the hour list; an id that is not printed is passed over."""
    printed = digest.entries
    return [printed[id_] for id_ in digest.hour if id_ in printed]


def chart_label(v: Voice, digest: Digest) -> Line:
    """Say the chart's figures in words, for those who do not see it."""
    considered = v.join(stage.counted for stage in digest.stages)
    chosen = v.join(stage.chosen for stage in digest.stages)
    if digest.filed is not None:
        return v.t("Papers filed, stage by stage: %(filed)s. Chosen: %(chosen)s.", filed=considered, chosen=chosen)
    return v.t(
        "Papers considered, stage by stage: %(considered)s. Chosen: %(chosen)s.",
        considered=considered,
        chosen=chosen,
    )


def chart_note(v: Voice, digest: Digest) -> Line:
    """Say what the chart's table counts."""
    if digest.filed is None:
        return v.t("Papers whose best fit is that stage, and papers and posts chosen.")
    return v.t("Papers filed under a topic of that stage, each where it fits best, and papers and posts chosen.")


def chart_caption(v: Voice, digest: Digest) -> Line:
    """Say what the chart's marks count."""
    if digest.filed is None:
        return v.t("Bars: papers whose best fit is that stage. Dots: papers and posts chosen.")
    return v.t(
        "Bars: papers filed under a topic of that stage, each where it fits best. Dots: papers and posts chosen."
    )


def chart_heads(v: Voice, digest: Digest) -> tuple[str, str, str]:
    """Name the columns of the chart's table."""
    counted = v.tc("table", "Considered") if digest.filed is None else v.tc("table", "Filed")
    return str(v.tc("table", "Stage")), str(counted), str(v.tc("table", "Chosen"))


def cite(v: Voice, digest: Digest) -> list[Line]:
    """Say how the issue is cited and how it was made."""
    lasting = {
        "final": v.t("The content of a final issue is frozen; corrections are errata."),
        "view": v.t("This view is no issue: it is made anew each time, and nothing of it is kept."),
    }.get("view" if digest.since else digest.status, v.t("This issue is not final: its content may change."))
    made = v.t(
        "Made by Shirube %(version)s with %(model)s; last change of its data %(date)s; inputs %(hash)s.",
        version=digest.making.version,
        model=digest.making.model,
        date=v.moment(digest.made),
        hash=Part(digest.making.inputs_hash[:12], "code"),
    )
    return [lasting, *abstracts(v, digest), *_figures(v, digest), made]


def abstracts(v: Voice, digest: Digest) -> list[Line]:
    """Say once where the sentences under the titles are from; [] where there is none."""
    quoted = any(entry.quotes_abstract for entry in digest.entries.values())
    return [v.t("Sentences under a title are from the paper’s abstract, unless they say otherwise.")] if quoted else []


def _figures(v: Voice, digest: Digest) -> list[Line]:
    """Say how many papers every step left, from what is stored to what is printed."""
    if not digest.making.shortlisted:
        return []
    return [
        v.n(
            "%(n)s paper stored, %(ranked)s ranked; papers and posts: %(listed)s on shortlists, %(chosen)s chosen.",
            "%(n)s papers stored, %(ranked)s ranked; papers and posts: %(listed)s on shortlists, %(chosen)s chosen.",
            digest.coverage.stored,
            ranked=digest.coverage.ranked,
            listed=digest.making.shortlisted,
            chosen=digest.chosen,
        )
    ]
