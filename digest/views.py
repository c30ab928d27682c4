"""Parts of an issue for one reader: chosen stages, a budget of minutes. A view is never stored and freezes nothing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from digest.compose import HOUR_MINUTES, hour_list
from digest.model import Banner, Cut, Digest, Entry, LabSection, StageSection


def view(digest: Digest, stages: Collection[int] | None = None, minutes: int | None = None) -> Digest:
    """Narrow a digest to some stages, to a reading budget in minutes, or to both; numbers and order stay.

    What a budget leaves out still counts as considered and chosen; `minutes` is the time of what is shown.
    """
    narrowed = _only_stages(digest, stages) if stages else digest
    return narrowed if minutes is None else _shrunk(narrowed, minutes)


def within(digest: Digest, minutes: int) -> frozenset[str]:
    """Choose the ids that fit a budget: stage after stage gives its worthiest entry that still fits, round by round.

    Late arrivals take part as one more stage, so that no stage, however strong its month, takes the whole budget.
    """
    return fitting((*(s.entries for s in digest.stages), digest.late), minutes)


def fitting(queues: Iterable[Sequence[Entry]], minutes: int) -> frozenset[str]:
    """Choose the ids of what fits a budget: each queue in turn gives its worthiest that still fits, round by round."""
    waiting = [sorted(queue, key=lambda e: (-e.worth, e.id)) for queue in queues]
    kept: list[Entry] = []
    while any(waiting):
        heads = sorted((queue for queue in waiting if queue), key=lambda queue: (-queue[0].worth, queue[0].id))
        for queue in heads:
            entry = queue.pop(0)
            if sum(e.minutes for e in kept) + entry.minutes <= minutes:
                kept.append(entry)
    return frozenset(entry.id for entry in kept)


def _only_stages(digest: Digest, stages: Collection[int]) -> Digest:
    sections = tuple(s for s in digest.stages if s.number in stages)
    topics = {topic.key for section in sections for topic in section.topics}
    late = tuple(e for e in digest.late if e.topics and e.topics[0].key in topics)
    topmost = digest.topmost if digest.topmost and digest.topmost.key in topics else None
    second = tuple(look for look in digest.second if look.stage in stages)
    narrowed = replace(digest, stages=sections, late=late, topmost=topmost, late_more=0, second=second, second_more=0)
    part = len(sections) < len(digest.stages)
    said = (Banner("stages", {"stages": ", ".join(str(s.number) for s in sections)}),) if part else ()
    return _recount(replace(narrowed, banners=(*digest.banners, *said)))


def _shrunk(digest: Digest, minutes: int) -> Digest:
    ids = within(digest, minutes)
    sections = tuple(_shrunk_stage(section, ids, minutes) for section in digest.stages)
    late = _among(digest.late, ids)
    more = digest.late_more + len(digest.late) - len(late)
    kept = _recount(replace(digest, stages=sections, late=late, late_more=more))
    facts: dict[str, str | int] = {"minutes": minutes, "kept": len(kept.entries), "of": len(digest.entries)}
    if facts["kept"] == facts["of"]:
        return kept
    kept = replace(kept, banners=(*kept.banners, Banner("shrunk", facts)))
    return kept if minutes > HOUR_MINUTES else replace(kept, hour=(), hour_minutes=0)  # it is a list for an hour itself


def _shrunk_stage(section: StageSection, ids: frozenset[str], minutes: int) -> StageSection:
    """Keep what fits of a stage; where nothing does, no other reading is offered in its place."""
    entries = _among(section.entries, ids)
    lost = len(section.entries) - len(entries)
    if lost and not entries:
        return replace(section, entries=(), left_out=(), read_first=None, cut=Cut(lost, minutes))
    return replace(within_budget(section, minutes), entries=entries, cut=Cut(lost, minutes) if lost else None)


def within_budget(section: StageSection, minutes: int | None) -> StageSection:
    """Leave out the work to read first where it alone takes more than half of a budget."""
    first = section.read_first
    long = first is not None and minutes is not None and 2 * first.minutes > minutes
    return replace(section, read_first=None) if long else section


def _among(entries: tuple[Entry, ...], ids: frozenset[str]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.id in ids)


def _recount(digest: Digest) -> Digest:
    """Make every total of a narrowed digest true again."""
    hour = hour_list([section.entries for section in digest.stages])
    printed = digest.entries
    return replace(
        digest,
        considered=sum(section.considered for section in digest.stages),
        posts=sum(section.posts for section in digest.stages),
        chosen=sum(section.chosen for section in digest.stages),
        minutes=sum(entry.minutes for section in digest.stages for entry in section.entries),
        hour=tuple(entry.id for entry in hour),
        hour_minutes=sum(entry.minutes for entry in hour),
        stages=tuple(_twins_still_printed(section, printed) for section in digest.stages),
        labs=tuple(_renumber(lab, printed) for lab in digest.labs),
    )


def _renumber(lab: LabSection, printed: dict[str, Entry]) -> LabSection:
    lines = tuple(line if line.id in printed else replace(line, number=None) for line in lab.lines)
    return replace(lab, lines=lines)


def _twins_still_printed(section: StageSection, printed: dict[str, Entry]) -> StageSection:
    """Drop the lines that point to an entry the view no longer shows."""
    numbers = {entry.number for entry in printed.values()}
    return replace(section, left_out=tuple(r for r in section.left_out if r.twin_of is None or r.twin_of in numbers))
