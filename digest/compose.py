"""From shortlists to a digest: floor, budget and layout. Pure: the same values give the same issue, to the byte."""

from collections.abc import Iterable, Sequence

from digest.candidates import Candidate, Facts, Place
from digest.changes import change
from digest.labs import lab_sections
from digest.looks import BUDGET as SECOND_BUDGET
from digest.model import (
    Coverage,
    Digest,
    Entry,
    Filed,
    LabRef,
    LeftOut,
    Making,
    StageSection,
    TopicRef,
    Topmost,
    WorkRef,
)
from roadmap.model import Roadmap, Stage, Work

FIT_SHOWN = 0.5  # an expert would file it there (contract.md)
# One floor for all stages, on the same calibrated scale as `worth`; a weak month stays short.
WORTH_FLOOR = 0.37
STAGE_BUDGET = 8
LATE_BUDGET = 8
LEFT_OUT_BUDGET = 3
HOUR_MINUTES = 60
HOUR_PAPERS = 5
NOTICED_VOTES = 20  # below this nobody could say that a paper was widely noticed
AUTHORS_NAMED = 3


def eligible(candidate: Candidate) -> bool:
    """Tell whether an item may stand in a stage's section: filed there by an expert, worth the time, not withdrawn."""
    if candidate.withdrawn or candidate.worth is None or candidate.stage is None:
        return False
    return candidate.fit >= FIT_SHOWN and candidate.worth >= WORTH_FLOOR


def compose(shortlists: Sequence[Place], roadmap: Roadmap, coverage: Coverage, facts: Facts) -> Digest:
    """Lay out one month: a section a stage, the hour list, the labs, late arrivals.

    `shortlists` are the rows of all stages; order within a stage is by position. Each item stands once, in its best
    stage, and never when a final issue of another month has considered it.
    """
    chosen = {stage.number: _choose(shortlists, stage.number, facts.printed_before) for stage in roadmap.stages}
    entries = {number: _entries(chosen[number], number, roadmap) for number in chosen}
    late = _late(facts, {c.id for list_ in chosen.values() for c in list_}, roadmap)
    printed = {e.id: e for list_ in (*entries.values(), late) for e in list_}
    made = (_section(stage, entries[stage.number], shortlists, printed, roadmap, facts) for stage in roadmap.stages)
    sections = tuple(made)
    hour = hour_list([section.entries for section in sections])
    return Digest(
        month=facts.month,
        status=facts.status,
        made=facts.made,
        published=facts.published,
        closes=facts.closes,
        previous=facts.previous,
        next=facts.next,
        banners=facts.banners,
        considered=sum(section.considered for section in sections),
        posts=sum(section.posts for section in sections),
        chosen=sum(len(section.entries) for section in sections),
        minutes=sum(entry.minutes for section in sections for entry in section.entries),
        topmost=_topmost(facts.topics, roadmap),
        hour=tuple(entry.id for entry in hour),
        hour_minutes=sum(entry.minutes for entry in hour),
        stages=sections,
        labs=lab_sections(facts.lab_items, roadmap, printed),
        late=late,
        late_more=max(0, facts.late_total - len(late)),
        coverage=coverage,
        making=Making(facts.version, facts.model, facts.inputs_hash, facts.shortlisted, facts.inputs),
        compared=None if facts.before is None else tuple(sorted(facts.before)),
        second=facts.second[:SECOND_BUDGET],
        second_more=max(0, len(facts.second) - SECOND_BUDGET),
        road=len(roadmap.stages),
    )


def hour_list(stages: Sequence[Sequence[Entry]]) -> list[Entry]:
    """Choose at most five entries, each of another stage, that together have the most worth an hour can hold.

    The worthiest comes first; of one stage alone there is no such list. A small knapsack: for every number of entries
    and of minutes the best choice so far.
    """
    if len(stages) < 2:
        return []
    best: dict[tuple[int, int], tuple[Entry, ...]] = {(0, 0): ()}
    for entries in stages:
        for (count, minutes), picked in list(best.items()):
            for entry in entries:
                place = count + 1, minutes + entry.minutes
                if place[0] <= HOUR_PAPERS and place[1] <= HOUR_MINUTES:
                    best[place] = _better(best.get(place, ()), (*picked, entry))
    whole: tuple[Entry, ...] = ()
    for picked in best.values():
        whole = _better(whole, picked)
    return sorted(whole, key=_by_worth)


def _better(one: tuple[Entry, ...], other: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return min((one, other), key=_together)


def _together(entries: tuple[Entry, ...]) -> tuple[float, list[str]]:
    """Order choices by their worth in sum, then by id, so that there is one answer."""
    return -round(sum(entry.worth for entry in entries), 6), [entry.id for entry in entries]


def _by_worth(entry: Entry) -> tuple[float, str]:
    return -entry.worth, entry.id


def _choose(shortlists: Sequence[Place], stage: int, before: frozenset[str]) -> list[Candidate]:
    """Take the first eight of a stage's main list that pass."""
    return _standing(shortlists, stage, before)[:STAGE_BUDGET]


def _standing(shortlists: Sequence[Place], stage: int, before: frozenset[str]) -> list[Candidate]:
    """List what of a stage's main list may stand in it, in order; an item listed twice counts once."""
    rows = sorted((p for p in shortlists if p.stage == stage and p.section == "main"), key=lambda p: p.position)
    found = {p.candidate.id: p.candidate for p in rows if _may_stand(p.candidate, stage, before)}
    return list(found.values())


def bench(
    shortlists: Sequence[Place], roadmap: Roadmap, before: frozenset[str], digest: Digest
) -> dict[int, tuple[Entry, ...]]:
    """List by stage what passes as well and is not printed in the issue, in order: a reader's own mail may need it.

    It has no number in the issue: "5+" is of stage 5. `before` is what issues of other months have considered.
    """
    printed = digest.entries
    return {
        stage.number: tuple(
            entry_of(candidate, f"{stage.number}+", roadmap)
            for candidate in _standing(shortlists, stage.number, before)
            if candidate.id not in printed
        )
        for stage in roadmap.stages
    }


def _may_stand(candidate: Candidate, stage: int, before: frozenset[str]) -> bool:
    return candidate.stage == stage and eligible(candidate) and candidate.id not in before


def _entries(candidates: Sequence[Candidate], stage: int, roadmap: Roadmap) -> tuple[Entry, ...]:
    return tuple(entry_of(c, f"{stage}.{place}", roadmap) for place, c in enumerate(candidates, 1))


def entry_of(candidate: Candidate, number: str, roadmap: Roadmap) -> Entry:
    """Turn a candidate into what is printed; topics and labs the roadmap no longer knows drop out."""
    return Entry(
        number=number,
        id=candidate.id,
        kind=candidate.kind,
        title=candidate.title,
        authors=candidate.authors[:AUTHORS_NAMED],
        more_authors=max(0, len(candidate.authors) - AUTHORS_NAMED),
        submitted=candidate.submitted,
        categories=candidate.categories,
        url=candidate.url,
        pdf_url=candidate.pdf_url,
        topics=_topic_refs(candidate, roadmap),
        labs=_lab_refs(candidate, roadmap),
        code=candidate.code,
        votes=candidate.votes,
        worth=candidate.worth or 0.0,
        minutes=candidate.minutes,
        minutes_guessed=candidate.minutes_guessed,
        reasons=candidate.reasons,
        summary=candidate.summary,
        withdrawn=candidate.withdrawn,
        read_first=_first_work(candidate.read_first, roadmap),
        has_abstract=candidate.has_abstract,
        recorded=candidate.recorded,
        type=candidate.type,
    )


def _topic_refs(candidate: Candidate, roadmap: Roadmap) -> tuple[TopicRef, ...]:
    """List the topics an item is shown under; the best one is always named, since the entry stands there."""
    known = [(key, fit) for key, fit in candidate.topics if key in roadmap.topics]
    shown = [pair for pair in known if pair[1] >= FIT_SHOWN] or known[:1]
    return tuple(TopicRef(key, roadmap.topics[key].name, fit) for key, fit in shown[:10])


def _lab_refs(candidate: Candidate, roadmap: Roadmap) -> tuple[LabRef, ...]:
    beliefs = [b for b in candidate.labs if b.lab in roadmap.labs and b.confidence >= FIT_SHOWN]
    return tuple(LabRef(b.lab, roadmap.labs[b.lab].name, b.confidence, b.evidence) for b in beliefs)


def _first_work(keys: Sequence[str], roadmap: Roadmap) -> WorkRef | None:
    works = {work.key: work for work in roadmap.canon}
    return next((work_ref(works[key]) for key in keys if key in works), None)


def work_ref(work: Work) -> WorkRef:
    """Name a canon work the way an entry or a section prints it."""
    return WorkRef(work.key, work.title, work.url, work.authors, work.year, work.minutes, work.why)


def _section(
    stage: Stage,
    entries: tuple[Entry, ...],
    shortlists: Sequence[Place],
    printed: dict[str, Entry],
    roadmap: Roadmap,
    facts: Facts,
) -> StageSection:
    return StageSection(
        number=stage.number,
        key=stage.key,
        name=stage.name,
        description=stage.description,
        topics=tuple(TopicRef(topic.key, topic.name, 0.0) for topic in roadmap.topics_of(stage.number)),
        considered=facts.considered.get(stage.number, 0),
        posts=facts.posts.get(stage.number, 0),
        read_first=month_work(roadmap, stage.number, facts.month),
        entries=entries,
        left_out=_left_out([p for p in shortlists if p.stage == stage.number], printed, facts.printed_before),
        coded=facts.coded.get(stage.number, 0),
        new_code=facts.new_code.get(stage.number, 0),
        change=change(stage.number, facts.before),
        filed=facts.filed.get(stage.number, Filed()),
    )


def month_work(roadmap: Roadmap, stage: int, month: str) -> WorkRef | None:
    """Choose the canon work a stage's section opens with: another one each month, in study order, for ever."""
    works = roadmap.canon_of(stage)
    index = int(month[:4]) * 12 + int(month[5:])
    return work_ref(works[index % len(works)]) if works else None


def _late(facts: Facts, chosen: set[str], roadmap: Roadmap) -> tuple[Entry, ...]:
    rows = [c for c in facts.late if eligible(c) and c.id not in facts.printed_before | chosen]
    return tuple(entry_of(c, f"L{place}", roadmap) for place, c in enumerate(rows[:LATE_BUDGET], 1))


def _left_out(places: Sequence[Place], printed: dict[str, Entry], before: frozenset[str]) -> tuple[LeftOut, ...]:
    """Name at most three widely noticed items that are not printed, most votes first, each with a neutral reason."""
    found: dict[str, LeftOut] = {}
    for place in sorted(places, key=lambda p: (p.section != "left-out", p.position)):
        if place.candidate.id in before:
            continue
        for row in _passed_over(place, printed):
            found.setdefault(row.id, row)
    noticed = (row for row in found.values() if row.id not in printed and row.votes >= NOTICED_VOTES)
    return tuple(sorted(noticed, key=lambda row: (-row.votes, row.id))[:LEFT_OUT_BUDGET])


def _passed_over(place: Place, printed: dict[str, Entry]) -> Iterable[LeftOut]:
    """Give the place's own item where it is not printed, and its twins where it is."""
    entry = printed.get(place.candidate.id)
    if entry is not None:
        return (_leave_twin(twin, entry.number) for twin in place.twins)
    twin = next((printed[t.id].number for t in place.twins if t.id in printed), None)
    if place.candidate.withdrawn:
        return (_leave(place.candidate, "withdrawn", None),)
    reason = place.reason or ("twin" if twin else _why_not(place.candidate))
    return (_leave(place.candidate, reason, twin if reason == "twin" else None),)


def _leave_twin(twin: Candidate, number: str) -> LeftOut:
    return _leave(twin, "withdrawn", None) if twin.withdrawn else _leave(twin, "twin", number)


def _why_not(candidate: Candidate) -> str:
    if candidate.fit < FIT_SHOWN:
        return "fit"
    return "budget" if eligible(candidate) else "floor"


def _leave(candidate: Candidate, reason: str, twin_of: str | None) -> LeftOut:
    return LeftOut(candidate.id, candidate.title, candidate.url, candidate.votes or 0, reason, twin_of)


def _topmost(counts: dict[str, int], roadmap: Roadmap) -> Topmost | None:
    """Name the topic with most papers; none where two have as many."""
    known = sorted((-count, key) for key, count in counts.items() if key in roadmap.topics and count > 0)
    if not known or [count for count, _ in known[1:2]] == [known[0][0]]:
        return None
    count, key = known[0]
    return Topmost(key, roadmap.topics[key].name, -count)
