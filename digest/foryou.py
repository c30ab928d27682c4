"""The sentences of a mail about its own reader: what is in it for them, what they chose, what they said before."""

from collections.abc import Iterable

from digest import front
from digest.model import Digest
from digest.own import Section, Selection, Wishes
from digest.words import Line, Value, Voice

MOST_NAMED = 3  # topics or labs named one by one


def subject(v: Voice, chosen: Selection) -> Line:
    """Name month, papers and minutes for this reader; plain text without line breaks."""
    digest, wishes, count = chosen.digest, chosen.wishes, len(chosen.entries)
    values: dict[str, Value] = {"month": front.month(v, digest), "time": v.duration(chosen.minutes)}
    if not count:
        return _empty_subject(v, chosen, values["month"])
    if wishes.stages and len(chosen.sections) == 1:
        return v.n(
            "%(month)s: %(n)s paper for stage %(stage)s, %(time)s",
            "%(month)s: %(n)s papers for stage %(stage)s, %(time)s",
            count,
            stage=chosen.sections[0].stage.number,
            **values,
        )
    if wishes.topics and not wishes.stages and not wishes.labs:
        return v.n(
            "%(month)s: %(n)s paper on %(topics)s, %(time)s",
            "%(month)s: %(n)s papers on %(topics)s, %(time)s",
            count,
            topics=_few(v, topic_names(v, digest, wishes.topics), v.t("your topics")),
            **values,
        )
    if wishes.labs and not wishes.stages and not wishes.topics:
        return _lab_subject(v, chosen, values["month"])
    return v.n(
        "%(month)s: %(n)s paper for you, %(time)s",
        "%(month)s: %(n)s papers for you, %(time)s",
        count,
        **values,
    )


def _lab_subject(v: Voice, chosen: Selection, month: Value) -> Line:
    return v.n(
        "%(month)s: %(n)s paper or post from %(labs)s",
        "%(month)s: %(n)s papers and posts from %(labs)s",
        sum(lab.count for lab in chosen.labs),
        labs=_few(v, lab_names(v, chosen.digest, chosen.wishes.labs), v.t("your labs")),
        month=month,
    )


def _empty_subject(v: Voice, chosen: Selection, month: Value) -> Line:
    wishes, digest = chosen.wishes, chosen.digest
    if wishes.labs and any(lab.count for lab in chosen.labs):
        return _lab_subject(v, chosen, month)
    if wishes.everything or chosen.beyond or chosen.cut:
        return v.t("%(month)s: Shirube", month=month)
    if wishes.topics and not wishes.stages and not wishes.labs:
        names = _few(v, topic_names(v, digest, wishes.topics), v.t("your topics"))
        if chosen.read:
            return v.t("%(month)s: nothing new on %(topics)s", month=month, topics=names)
        return v.t("%(month)s: nothing chosen on %(topics)s", month=month, topics=names)
    if wishes.labs and not wishes.stages and not wishes.topics:
        names = _few(v, lab_names(v, digest, wishes.labs), v.t("your labs"))
        if chosen.labs_read:
            return v.t("%(month)s: nothing new from %(labs)s", month=month, labs=names)
        return v.t("%(month)s: nothing seen from %(labs)s", month=month, labs=names)
    if chosen.read or any(section.stage.entries for section in chosen.sections):
        return v.t("%(month)s: nothing new for you", month=month)
    return v.t("%(month)s: nothing chosen for you", month=month)


def preheader(v: Voice, chosen: Selection) -> Line:
    """Say what leads and whether something is missing."""
    digest = chosen.digest
    said = [line for line in (_lead(v, chosen) or _silent(v, chosen),) if line]
    failed = len(digest.coverage.failed)
    if failed:
        said.append(v.n("%(n)s source was incomplete.", "%(n)s sources were incomplete.", failed))
    return v.text(said or [front.deck(v, digest)[0]])


def _lead(v: Voice, chosen: Selection) -> Line:
    """Name what comes first; a paper that was withdrawn leads nothing."""
    lead = next(((s, e) for s in chosen.sections for e in s.entries if not e.withdrawn), None)
    if lead is None:
        line = next((line for lab in chosen.labs for line in lab.lines if not line.withdrawn), None)
        return v.t("First: %(title)s", title=v.title(line.title)) if line else Line()
    section, entry = lead
    title = v.title(entry.title)
    if section.whole:
        return v.t("%(title)s leads stage %(stage)s.", title=title, stage=section.stage.number)
    return v.t("First: %(title)s", title=title)


def for_you(v: Voice, chosen: Selection) -> Line:
    """Say what the mail holds for this reader, what of their wishes found nothing new, and what they moved."""
    holds = Line() if _vain(chosen) else _holds(v, chosen)
    return v.text([holds, _beyond(v, chosen), _cut(v, chosen), _silent(v, chosen), _moved(v, chosen)])


def _vain(chosen: Selection) -> bool:
    """Tell whether topics and labs alone were chosen, and nothing came of them."""
    return not chosen.sections and not any(lab.count for lab in chosen.labs) and not chosen.beyond


def _holds(v: Voice, chosen: Selection) -> Line:
    wishes = chosen.wishes
    wanted, time = v.join(_clauses(v, chosen), "wishes"), v.duration(chosen.minutes)
    if not chosen.entries:
        return v.t("%(wishes)s.", wishes=wanted)
    if not wishes.minutes:
        return v.t("%(wishes)s, %(time)s.", wishes=wanted, time=time)
    budget = v.duration(wishes.minutes)
    return v.t("%(wishes)s, %(time)s of your %(budget)s.", wishes=wanted, time=time, budget=budget)


def _clauses(v: Voice, chosen: Selection) -> list[Line]:
    wishes, digest = chosen.wishes, chosen.digest
    whole = [section.stage.number for section in chosen.sections if section.whole]
    said: list[Line] = []
    if whole:
        cut = any(section.whole and section.more for section in chosen.sections)
        said.append(_stages(v, whole, len(digest.stages), cut=cut))
    if wishes.topics:
        said.append(v.t("what was chosen on %(topics)s", topics=_series(v, topic_names(v, digest, wishes.topics))))
    if wishes.labs:
        said.append(v.t("what came from %(labs)s", labs=_series(v, lab_names(v, digest, wishes.labs))))
    return said


def _stages(v: Voice, numbers: list[int], of: int, *, cut: bool) -> Line:
    """Say that stages come in full only where they do; `of` is how many the road has."""
    if len(numbers) == of:
        return v.t("the best of all stages") if cut else v.t("all stages in full")
    stages = v.series(numbers)
    if cut:
        return v.n("the best of stage %(stages)s", "the best of stages %(stages)s", len(numbers), stages=stages)
    return v.n("stage %(stages)s in full", "stages %(stages)s in full", len(numbers), stages=stages)


def _beyond(v: Voice, chosen: Selection) -> Line:
    if not chosen.beyond:
        return Line()
    return v.n(
        "%(n)s more does not fit into that time; it is in the browser.",
        "%(n)s more do not fit into that time; they are in the browser.",
        chosen.beyond,
    )


def _cut(v: Voice, chosen: Selection) -> Line:
    if not chosen.cut:
        return Line()
    return v.n(
        "%(n)s more is in the browser: a mail holds only so much.",
        "%(n)s more are in the browser: a mail holds only so much.",
        chosen.cut,
    )


def _silent(v: Voice, chosen: Selection) -> Line:
    digest = chosen.digest
    labs = [v.name(lab.name) for lab in chosen.labs if not lab.count and lab.key not in chosen.labs_read]
    said = []
    if chosen.silent:
        topics = _series(v, topic_names(v, digest, chosen.silent))
        said.append(v.t("Nothing passed the bar this month on %(topics)s.", topics=topics))
    if chosen.read:
        topics = _series(v, topic_names(v, digest, chosen.read))
        said.append(v.t("All that was chosen on %(topics)s you have read or hidden.", topics=topics))
    if chosen.labs_read:
        names = _series(v, lab_names(v, digest, chosen.labs_read))
        said.append(v.t("All that came from %(labs)s you have read or hidden.", labs=names))
    if labs:
        said.append(v.t("Nothing was seen this month from %(labs)s.", labs=_series(v, labs)))
    return v.text(said)


def _moved(v: Voice, chosen: Selection) -> Line:
    if not chosen.moved:
        return Line()
    return v.n(
        "%(n)s paper stands higher or lower for what you said; it says so.",
        "%(n)s papers stand higher or lower for what you said; each says so.",
        chosen.moved,
    )


def chosen_words(v: Voice, digest: Digest, wishes: Wishes) -> Line:
    """Say what the reader chose, for the end of the mail: why it holds what it holds."""
    said: list[Line] = []
    if wishes.everything or len(wishes.stages) == len(digest.stages):
        said.append(v.t("all stages"))
    elif wishes.stages:
        said.append(v.n("stage %(stages)s", "stages %(stages)s", len(wishes.stages), stages=v.series(wishes.stages)))
    if wishes.topics:
        said.append(v.t("topics: %(topics)s", topics=_series(v, topic_names(v, digest, wishes.topics))))
    if wishes.labs:
        said.append(v.t("labs: %(labs)s", labs=_series(v, lab_names(v, digest, wishes.labs))))
    if wishes.minutes:
        said.append(v.t("%(budget)s a month", budget=v.duration(wishes.minutes)))
    return v.t("You chose %(wishes)s.", wishes=v.join(said, "wishes"))


def here_for(v: Voice, section: Section, digest: Digest, wishes: Wishes) -> Line:
    """Say for which topics and labs of the reader's a stage that they did not choose stands in the mail."""
    topics = [k for k in wishes.topics if any(t.key == k for e in section.entries for t in e.topics)]
    labs = [k for k in wishes.labs if any(lab.key == k for e in section.entries for lab in e.labs)]
    names = [*topic_names(v, digest, topics), *lab_names(v, digest, labs)]
    return v.t("Because you follow %(names)s.", names=_series(v, names))


def seen_all(v: Voice) -> Line:
    """Say why a stage that has papers shows none."""
    return v.t("All that was chosen here you have read or hidden.")


def topic_names(v: Voice, digest: Digest, keys: Iterable[str]) -> list[str]:
    """Name topics as the issue does; a key it does not know is printed as it is."""
    known = {topic.key: topic.name for stage in digest.stages for topic in stage.topics}
    return [v.name(known[key]) if key in known else key for key in keys]


def lab_names(v: Voice, digest: Digest, keys: Iterable[str]) -> list[str]:
    """Name labs as the issue does; a key it does not know is printed as it is."""
    known = {lab.key: lab.name for lab in digest.labs}
    return [v.name(known[key]) if key in known else key for key in keys]


def _series(v: Voice, names: list[str]) -> Line:
    """Join names as speech does, but where one has commas or an "and" of its own."""
    return v.join(names) if any("," in name or " and " in name for name in names) else v.series(names)


def _few(v: Voice, names: list[str], otherwise: Line) -> Line:
    return _series(v, names) if len(names) <= MOST_NAMED else otherwise
