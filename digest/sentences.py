"""The sentences of stages, entries and labs as Lines, from the Digest alone: page, mail and text say the same."""

import re
from textwrap import shorten

from core.ids import parse_arxiv_id
from digest import maths
from digest.front import also_filed, also_fit, month, month_name
from digest.links import Links, owner_of
from digest.model import (
    CodeRef,
    Cut,
    Digest,
    Entry,
    Filed,
    LabLine,
    LabSection,
    LeftOut,
    StageSection,
    Summary,
    WorkRef,
)
from digest.quotes import told
from digest.reasons import Names, brief
from digest.words import NBSP, Line, Part, Value, Voice, web

GIST = 220  # characters of a sentence in a list
FULL = 4  # entries of a stage printed in full; the rest are compact
STOPS = (".", "?", "!", "。", "？", "！")
# Where a sentence ends; what is shorter before a stop is an abbreviation.
_ENDS = re.compile(r"(?:(?<=[\w)%$]{3})|(?<=\d))[.?!][\"')\]]*(?= [A-Z])")


def stage_of(digest: Digest, entry: Entry) -> int | None:
    """Find the stage an entry belongs to: that of its best topic, else the one in its number."""
    best = entry.topics[0].key if entry.topics else None
    for stage in digest.stages:
        if any(topic.key == best for topic in stage.topics):
            return stage.number
    head = entry.number.partition(".")[0]
    return int(head) if head.isdigit() else None


def place(v: Voice, digest: Digest, entry: Entry) -> Line:
    """Say where an entry stands on the road, stage and topic, and whether it was withdrawn."""
    number = stage_of(digest, entry)
    topic = topic_name(v, entry)
    if number is None:
        where = v.line(topic)
    elif not topic:
        where = v.t("Stage %(stage)s", stage=number)
    else:
        where = v.t("Stage %(stage)s, %(topic)s", stage=number, topic=topic)
    tags = type_mark(v, entry.type)
    tags += [str(v.t("withdrawn"))] if entry.withdrawn else []
    return v.join([where, *tags]) if tags else where


def lab_title(v: Voice, line: LabLine, href: str | None = None) -> Line:
    """Give the title of what a lab published, marked where it was withdrawn."""
    title = v.title(line.title, href=href)
    return v.join([title, v.t("withdrawn")]) if line.withdrawn else v.line(title)


def reasoned(v: Voice, title: Value, why: Line) -> Line:
    """Set what is said of an item behind its title; one that ends a sentence itself gets no second stop."""
    if str(v.line(title)).endswith(STOPS):
        return v.t("%(title)s %(why)s", title=title, why=why)
    return v.t("%(title)s. %(why)s", title=title, why=why)


def hour_line(v: Voice, digest: Digest, entry: Entry, names: Names) -> Line:
    """Say where a paper of the hour list stands, whether its minutes are a guess, and why it was chosen."""
    why = reason(v, entry, names)
    where = place(v, digest, entry)
    if entry.minutes_guessed and not digest.guessed:
        where = v.join([where, v.t("minutes guessed")])
    return v.t("%(place)s. %(why)s.", place=where, why=why) if why else v.t("%(place)s.", place=where)


def reason(v: Voice, entry: Entry, names: Names) -> Line:
    """Say in a few words why a paper stands in a list that names its topic; "" where only its sentence tells."""
    why = told(entry)
    return brief(why, v.lang, names) or (Line() if entry.summary else brief(why, v.lang, names, beside=False))


def gist(v: Voice, entry: Entry) -> Line:
    """Say what a paper of a list did: the first sentences of its summary that fit; "" without one.

    An issue says once that they are of abstracts: what is a machine's or a lab's is told here.
    """
    if not entry.summary:
        return Line()
    said = v.line(v.title(first_sentences(entry.summary.text)))
    return said if entry.quotes_abstract else v.text([said, summary_source(v, entry, entry.summary)])


def first_sentences(text: str) -> str:
    """Give the sentences of a summary that fit, or what of the first fits, with an ellipsis; no formula is cut in two.

    A short one may only say what the next, of what was done, is about.
    """
    ends = [*(end.end() for end in _ENDS.finditer(text)), len(text)]
    if whole := [end for end in ends if end <= GIST]:
        return text[: whole[-1]]
    head = shorten(text[: ends[0]], GIST, placeholder="") or text[:GIST]
    if head.replace("\\$", "").count("$") % 2:
        head = head[: head.rindex("$")]
    return f"{head.rstrip(' ,;:(')} …"


def topic_name(v: Voice, entry: Entry) -> str:
    """Name the best topic of an entry, "" when it has none."""
    return v.name(entry.topics[0].name) if entry.topics else ""


def minutes(v: Voice, entry: Entry, digest: Digest | None = None) -> str:
    """Say how long an entry takes, and when that is a guess, unless its issue says so once of all."""
    time, once = v.duration(entry.minutes), digest is not None and digest.guessed
    return str(v.t("about %(time)s, a guess", time=time)) if entry.minutes_guessed and not once else time


def marks(v: Voice, entry: Entry) -> list[str]:
    """Mark what a reader should know at once: a post, or one of the types that have a mark."""
    return [*([str(v.t("post"))] if entry.kind == "post" else []), *type_mark(v, entry.type)]


def type_mark(v: Voice, kind: str | None) -> list[str]:
    """Mark a survey, a benchmark or a dataset; other types say nothing that a reader would look for."""
    said = {
        "survey": v.tc("type", "survey"),
        "benchmark": v.tc("type", "benchmark"),
        "dataset": v.tc("type", "dataset"),
    }
    return [str(said[kind])] if kind in said else []


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
    named = Part(", ".join(maths.to_text(name).replace(" ", NBSP) for name in names), lang=v.english)
    if not entry.more_authors:
        return v.line(named)
    return v.n("%(names)s and %(n)s more", "%(names)s and %(n)s more", entry.more_authors, names=named)


def summary_source(v: Voice, entry: Entry, summary: Summary, digest: Digest | None = None) -> Line:
    """Say where the words of a summary come from; "" for an abstract's in an issue, which says that once at its end."""
    if digest is not None and entry.quotes_abstract:
        return Line()
    if summary.kind == "machine":
        when = v.date(summary.created) if summary.created else ""
        return v.t("Machine summary, %(model)s.", model=v.join([x for x in (summary.model or "", when) if x]))
    return v.t("From the lab’s feed.") if entry.kind == "post" else v.t("From the abstract.")


def title_only(v: Voice) -> Line:
    """Say why there is no summary."""
    return v.t("Title only: the record of this paper came without an abstract, so there is nothing to quote.")


def code(v: Voice, ref: CodeRef) -> Line:
    """Say whether a repository is the authors' own, whose it is and how many stars it has."""
    whose: list[Value] = [v.tc("code", "official")] if ref.official else []
    whose += [Part(owner)] if (owner := owner_of(ref.url)) else []
    stars = [v.n("%(n)s star", "%(n)s stars", ref.stars)] if ref.stars is not None else []
    return v.join([*whose, *stars])


def counts(v: Voice, stage: StageSection) -> Line:
    """Count a stage: filed there, chosen, the time to read what was chosen, and how many papers have code."""
    number = stage.filed.coded if stage.filed else stage.coded
    coded = v.n("Code is known for %(n)s.", "Code is known for %(n)s.", number) if stage.counted and number else Line()
    beside = also_filed(v, stage.filed.posts) if stage.filed else also_fit(v, stage.posts)
    return v.text([_filed_of(v, stage, stage.filed) if stage.filed else _chosen_of(v, stage), beside, coded])


def _filed_of(v: Voice, stage: StageSection, filed: Filed) -> Line:
    """Set what was chosen beside what is filed; where all of it passed, nobody chose among it."""
    numbers: dict[str, Value] = {"filed": filed.papers, "chosen": stage.chosen, "shown": len(stage.entries)}
    if not stage.chosen:
        return v.t("%(filed)s filed here, none chosen.", filed=filed.papers)
    if not stage.entries:
        return v.t("%(filed)s filed here, %(chosen)s chosen, none shown here.", **numbers)
    numbers["time"] = v.duration(sum(entry.minutes for entry in stage.entries))
    if stage.cut:
        return v.t("%(filed)s filed here, %(chosen)s chosen, %(shown)s shown here, %(time)s to read.", **numbers)
    if stage.chosen == filed.papers and not filed.posts:
        return v.n(
            "%(n)s filed here, which passed the bar; %(time)s to read.",
            "%(n)s filed here, all of which passed the bar; %(time)s to read.",
            filed.papers,
            time=numbers["time"],
        )
    return v.t("%(filed)s filed here, %(chosen)s chosen, %(time)s to read.", **numbers)


def _chosen_of(v: Voice, stage: StageSection) -> Line:
    numbers: dict[str, Value] = {"considered": stage.considered, "chosen": stage.chosen}
    if not stage.chosen:
        return v.t("%(considered)s considered, none chosen.", considered=stage.considered)
    if not stage.entries:
        return v.t("%(considered)s considered, %(chosen)s chosen, none shown here.", **numbers)
    time = v.duration(sum(entry.minutes for entry in stage.entries))
    if stage.cut:
        numbers |= {"shown": len(stage.entries), "time": time}
        return v.t("%(considered)s considered, %(chosen)s chosen, %(shown)s shown here, %(time)s to read.", **numbers)
    return v.t("%(considered)s considered, %(chosen)s chosen, %(time)s to read.", **numbers, time=time)


def fold_note(v: Voice, links: Links) -> Line:
    """Say which stage is the reader's, and what has become of the others."""
    if links.whole:
        return v.t("Stage %(stage)s, where you are, is in full; the others are folded.", stage=links.here or "")
    return v.t("Every stage is in full; you are at stage %(stage)s.", stage=links.here or "")


def fold_label(v: Voice, stage: StageSection) -> Line:
    """Name what a folded stage holds."""
    return v.n("Show the %(n)s paper chosen", "Show the %(n)s papers chosen", len(stage.entries))


def teaser(v: Voice, digest: Digest, entry: Entry, names: Names) -> Line:
    """Say in a line what the first paper of a stage ahead is about and why it was chosen."""
    why = reason(v, entry, names)
    pieces = [piece for piece in (topic_name(v, entry), minutes(v, entry, digest)) if piece]
    head = v.join(pieces)
    return v.t("%(place)s. %(why)s.", place=head, why=why) if why else v.t("%(place)s.", place=head)


def read_before(v: Voice, entry: Entry) -> Line:
    """Name the work to read before an entry; "" where its reasons name one already."""
    if entry.read_first is None or any(reason.kind == "builds-on" for reason in entry.reasons):
        return Line()
    return v.t("Read first: %(work)s", work=v.title(entry.read_first.title, href=web(entry.read_first.url)))


def work_note(v: Voice, work: WorkRef) -> Line:
    """Say how long a work of the reading list takes and why it is worth it."""
    return v.t("%(time)s. %(why)s", time=v.duration(work.minutes), why=v.name(work.why))


def nothing(v: Voice, digest: Digest, stage: StageSection, links: Links) -> list[Line]:
    """Say why a stage shows no paper: nothing passed, or a budget left out all that did, and where that is."""
    if stage.cut:
        return [_beyond(v, stage.cut), v.t("%(whole)s has them.", whole=whole(v, digest, links))]
    bar = v.t("Nothing passed the bar in %(month)s.", month=month(v, digest)) if digest.since else None
    return [bar or v.t("Nothing passed the bar this month."), _though(v, digest, stage)]


def _though(v: Voice, digest: Digest, stage: StageSection) -> Line:
    """Say how many papers there were though none passed."""
    if stage.filed:
        if stage.filed.papers:
            return v.n("%(n)s paper is filed here.", "%(n)s papers are filed here.", stage.filed.papers)
        none = v.t("No paper of these months is filed here."), v.t("No paper of the month is filed here.")
    elif stage.considered:
        return v.n("%(n)s paper fits this stage best.", "%(n)s papers fit this stage best.", stage.considered)
    else:
        none = v.t("No paper of these months fits this stage best."), v.t("No paper of the month fits this stage best.")
    return none[0] if digest.since else none[1]


def _beyond(v: Voice, cut: Cut) -> Line:
    return v.n(
        "The %(n)s paper chosen here does not fit into the %(time)s of this view.",
        "The %(n)s papers chosen here do not fit into the %(time)s of this view.",
        cut.count,
        time=v.duration(cut.minutes),
    )


def whole(v: Voice, digest: Digest, links: Links) -> Part:
    """Name what a view was taken from, linked where it has a page."""
    if digest.since:
        return Part(str(v.tc("noun", "The whole view")))
    return Part(str(v.tc("noun", "The whole issue")), href=links.issue(digest.month))


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
        "withdrawn": v.t("Withdrawn, as arXiv says."),
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
    return v.join([place(v, digest, entry), minutes(v, entry, digest)])


def lab_count(v: Voice, digest: Digest, count: int) -> Line:
    """Count what a lab published in the month."""
    name = month_name(v, digest)
    return (
        v.n("%(n)s in %(month)s", "%(n)s in %(month)s", count, month=name)
        if count
        else (v.t("none seen in %(month)s", month=name))
    )


def lab_more(v: Voice, lab: LabSection, href: str | None = None) -> Line:
    """Say how much more a lab published than its lines, on its page at `href` where it has one; "" for none."""
    count = lab.count - len(lab.lines)
    if count <= 0:
        return Line()
    if href is None:
        return v.n("%(n)s more is counted but not printed.", "%(n)s more are counted but not printed.", count)
    more = v.n("%(n)s more on the page of the lab", "%(n)s more on the page of the lab", count)
    return v.line(Part(str(more), href=href))
