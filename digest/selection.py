"""From an issue to what one reader's mail prints of it: their choices, their minutes, what they said. Pure.

Every choice adds: chosen stages whole; of the other stages what belongs to a chosen topic or lab. A topic of which the
issue printed little is filled up from the stored shortlists. What a reader said moves entries by a few places, never
from one stage to another; what they have seen or hidden gives its place to the next.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from core.scores import JsonValue, Reason
from digest.cuts import STEPS, Cut, Share, shares
from digest.front import hour_entries
from digest.model import Digest, Entry, LabSection, LeftOut, StageSection
from digest.own import Ahead, Bench, Own, Section, Selection, Wishes
from digest.sentences import stage_of
from digest.views import fitting, within_budget

TOPIC_PICKS = 5  # of a chosen topic, where issue and shortlists hold so many
PLACES = 8  # that an adjustment of 1 is worth: a stage's budget, so that the order stays the base
WORTH_EFFECT = 0.1  # of an adjustment of 1, where a budget of minutes sets worth against worth
HOUR = 60  # a budget up to this is a list for an hour itself


def select(digest: Digest, bench: Bench, wishes: Wishes, own: Own) -> Selection:
    """Choose what a mail prints; the same values give the same mail."""
    lines = {stage.number: _lineup(stage, bench, own) for stage in digest.stages}
    extras = _extras(digest.stages, lines, bench, wishes, own)
    wanted = {stage.number: _wanted(stage.number, lines, extras, wishes) for stage in digest.stages}
    late = tuple(_answered(e, own) for e in digest.late if _wants_late(digest, e, wishes) and e.id not in own.gone)
    kept = _kept((*wanted.values(), late), wishes.minutes)
    sections = tuple(_section(stage, wanted[stage.number], kept, wishes, own) for stage in digest.stages)
    printed = tuple(s for s in sections if s.whole or s.entries)
    found = [entry for list_ in (*wanted.values(), late) for entry in list_]
    quiet = tuple(key for key in wishes.topics if not any(_on(entry, key) for entry in found))
    passed = [*_passing(digest, bench), *digest.late]
    return Selection(
        digest=_outside(digest, tuple(e for e in late if e.id in kept), wishes, own),
        wishes=wishes,
        sections=printed,
        others=tuple(_ahead(s.stage, own) for s in sections if s not in printed),
        labs=_labs(digest, wishes, own),
        silent=tuple(key for key in quiet if not any(_on(entry, key) for entry in passed)),
        read=tuple(key for key in quiet if any(_on(entry, key) for entry in passed)),
        beyond=len(found) - len(kept),
    )


def cut(chosen: Selection, how: Cut) -> Selection:
    """Cut a selection to what a mail has room for.

    A lab keeps as many lines as a stage entries, three at least: each is a title, so a cut never takes them all.
    """
    rooms = shares(how, chosen.sections)
    sections = tuple(_cut_section(section, room) for section, room in zip(chosen.sections, rooms, strict=True))
    most = STEPS[how.step][1]
    lines = None if most is None else max(3, most)
    return replace(
        chosen,
        sections=sections,
        labs=tuple(replace(lab, lines=lab.lines[:lines]) for lab in chosen.labs),
        cut=sum(short.more - whole.more for short, whole in zip(sections, chosen.sections, strict=True)),
    )


def _cut_section(section: Section, room: Share) -> Section:
    kept = section.entries[: room.most]
    printed = {entry.id for entry in section.stage.entries}
    more = section.more + sum(entry.id in printed for entry in section.entries[len(kept) :])
    left = section.left_out[: room.left] if section.whole else ()
    return replace(section, entries=kept, left_out=left, more=more, full=room.full)


def ids_of(digest: Digest, bench: Bench) -> frozenset[str]:
    """List every item a mail of this issue may name: what was said of others does not matter here."""
    ids = {entry.id for entry in digest.late} | {look.id for look in digest.second}
    ids |= {line.id for lab in digest.labs for line in lab.lines}
    for stage in digest.stages:
        ids |= {entry.id for entry in (*stage.entries, *bench.get(stage.number, ()))}
        ids |= {row.id for row in stage.left_out}
    return frozenset(ids)


def _passing(digest: Digest, bench: Bench) -> Iterable[Entry]:
    """List what passed the bar this month, printed in the issue or not, whoever has read it."""
    for stage in digest.stages:
        yield from (*stage.entries, *bench.get(stage.number, ()))


def _lineup(stage: StageSection, bench: Bench, own: Own) -> list[Entry]:
    """Order a stage for the reader: the issue's order, moved by what they said, filled up where something is gone."""
    if not own:
        return list(stage.entries)
    gone = own.gone
    pool = [e for e in (*stage.entries, *bench.get(stage.number, ())) if e.id not in gone]
    return [_answered(entry, own) for entry in _ordered(pool, own)[: len(stage.entries)]]


def _ordered(pool: Sequence[Entry], own: Own) -> list[Entry]:
    places = {entry.id: place - PLACES * _adjustment(entry, own) for place, entry in enumerate(pool)}
    return sorted(pool, key=lambda entry: places[entry.id])


def _adjustment(entry: Entry, own: Own) -> float:
    moved = own.moved.get(entry.id)
    return moved.adjustment if moved else 0.0


def _answered(entry: Entry, own: Own) -> Entry:
    """Say on an entry what the reader said that moves it."""
    moved = own.moved.get(entry.id)
    if moved is None or not moved.earned:
        return entry
    item, title, verb = moved.earned[0]
    facts: dict[str, JsonValue] = {"item": item, "title": title, "verb": verb, "itself": item == entry.id}
    worth = entry.worth + WORTH_EFFECT * moved.adjustment
    return replace(entry, worth=worth, reasons=(Reason("you", facts), *entry.reasons))


def _extras(
    stages: Sequence[StageSection], lines: dict[int, list[Entry]], bench: Bench, wishes: Wishes, own: Own
) -> dict[int, list[Entry]]:
    """Fill up each chosen topic from what a stage moved down and from the shortlists, the best place first."""
    if not wishes.topics:
        return {}
    taken = {entry.id for line in lines.values() for entry in line} | own.gone
    spare = [
        (place - PLACES * _adjustment(entry, own), stage.number, entry)
        for stage in stages
        for place, entry in enumerate((*stage.entries, *bench.get(stage.number, ())), -len(stage.entries))
        if entry.id not in taken
    ]
    spare.sort(key=lambda row: row[:2])
    chosen: dict[str, tuple[int, Entry]] = {}
    for topic in wishes.topics:
        have = sum(_on(entry, topic) for line in lines.values() for entry in line)
        have += sum(_on(entry, topic) for _, entry in chosen.values())
        fitting_ = [(stage, e) for _, stage, e in spare if _on(e, topic) and e.id not in chosen]
        chosen |= {e.id: (stage, e) for stage, e in fitting_[: max(0, TOPIC_PICKS - have)]}
    found: dict[int, list[Entry]] = {}
    for stage, entry in chosen.values():
        found.setdefault(stage, []).append(_answered(entry, own))
    return found


def _on(entry: Entry, topic: str) -> bool:
    return any(one.key == topic for one in entry.topics)


def _wanted(
    stage: int, lines: dict[int, list[Entry]], extras: dict[int, list[Entry]], wishes: Wishes
) -> tuple[Entry, ...]:
    line = lines[stage] if wishes.whole(stage) else [entry for entry in lines[stage] if wishes.match(entry)]
    return (*line, *extras.get(stage, ()))


def _wants_late(digest: Digest, entry: Entry, wishes: Wishes) -> bool:
    stage = stage_of(digest, entry)
    return wishes.everything or wishes.match(entry) or (stage is not None and stage in wishes.stages)


def _kept(queues: Sequence[Sequence[Entry]], minutes: int | None) -> frozenset[str]:
    everything = frozenset(entry.id for queue in queues for entry in queue)
    return everything if minutes is None else fitting(queues, minutes)


def _section(stage: StageSection, wanted: Iterable[Entry], kept: frozenset[str], wishes: Wishes, own: Own) -> Section:
    entries = tuple(entry for entry in wanted if entry.id in kept)
    known = {entry.id for entry in entries} | own.gone
    more = sum(entry.id not in known for entry in stage.entries)
    shown = within_budget(stage, wishes.minutes)
    return Section(shown, entries, wishes.whole(stage.number), _left_out(stage, entries, own), more)


def _left_out(stage: StageSection, entries: Sequence[Entry], own: Own) -> tuple[LeftOut, ...]:
    """Keep what was left out of the stage, but what the reader sees above, has seen or hidden, or cannot look up."""
    numbers, known = {entry.number for entry in entries}, {entry.id for entry in entries} | own.gone
    rows = (row for row in stage.left_out if row.id not in known)
    return tuple(row for row in rows if row.twin_of is None or row.twin_of in numbers)


def _ahead(stage: StageSection, own: Own) -> Ahead:
    return Ahead(stage, next((entry for entry in stage.entries if entry.id not in own.gone), None))


def _labs(digest: Digest, wishes: Wishes, own: Own) -> tuple[LabSection, ...]:
    chosen = (lab for lab in digest.labs if lab.key in wishes.labs)
    return tuple(_unread(lab, own) for lab in chosen)


def _unread(lab: LabSection, own: Own) -> LabSection:
    """Leave out of a lab what the reader has seen or hidden, as far as the issue names it, and count the rest."""
    lines = tuple(line for line in lab.lines if line.id not in own.gone)
    return replace(lab, lines=lines, count=lab.count - len(lab.lines) + len(lines))


def _outside(digest: Digest, late: tuple[Entry, ...], wishes: Wishes, own: Own) -> Digest:
    """Narrow what stands outside the stages; second looks say what is new of a paper seen before, and may.

    Nobody's one hour is for a paper that was withdrawn.
    """
    kept = (e for e in hour_entries(digest) if e.id not in own.gone and not e.withdrawn)
    hour = tuple(kept) if _has_hour(wishes) else ()
    second = tuple(
        look
        for look in digest.second
        if look.id not in own.refused and (wishes.everything or look.stage in wishes.stages)
    )
    return replace(
        digest,
        hour=tuple(entry.id for entry in hour),
        hour_minutes=digest.hour_minutes if len(hour) == len(digest.hour) else sum(entry.minutes for entry in hour),
        late=late,
        late_more=digest.late_more if wishes.everything else 0,
        second=second,
        second_more=digest.second_more if wishes.everything else 0,
    )


def _has_hour(wishes: Wishes) -> bool:
    """Tell whether the issue's five for an hour are for this reader: not beside a budget, or topics and labs alone."""
    long = wishes.minutes is None or wishes.minutes > HOUR
    return long and (wishes.everything or bool(wishes.stages))
