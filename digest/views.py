"""Parts of an issue for one reader: chosen stages, a budget of minutes. A view is never stored and freezes nothing."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from digest.compose import hour_list
from digest.model import Banner, Digest, Entry, LabSection, StageSection


def view(digest: Digest, stages: Collection[int] | None = None, minutes: int | None = None) -> Digest:
    """Narrow a digest to some stages, to a reading budget in minutes, or to both; numbers and order stay."""
    narrowed = _only_stages(digest, stages) if stages else digest
    if minutes is not None:
        kept = _keep(narrowed, within(narrowed, minutes))
        facts: dict[str, str | int] = {"minutes": minutes, "kept": len(kept.entries), "of": len(narrowed.entries)}
        cut = (Banner("shrunk", facts),) if facts["kept"] != facts["of"] else ()
        narrowed = replace(kept, banners=(*kept.banners, *cut))
    return narrowed


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


def _keep(digest: Digest, ids: frozenset[str]) -> Digest:
    sections = tuple(replace(s, entries=_among(s.entries, ids)) for s in digest.stages)
    late = _among(digest.late, ids)
    more = digest.late_more + len(digest.late) - len(late)
    return _recount(replace(digest, stages=sections, late=late, late_more=more))


def _among(entries: tuple[Entry, ...], ids: frozenset[str]) -> tuple[Entry, ...]:
    return tuple(entry for entry in entries if entry.id in ids)


def _recount(digest: Digest) -> Digest:
    """Make every total of a narrowed digest true again."""
    hour = hour_list([section.entries for section in digest.stages])
    printed = digest.entries
    return replace(
        digest,
        considered=sum(section.considered for section in digest.stages),
        chosen=sum(len(section.entries) for section in digest.stages),
        minutes=sum(entry.minutes for entry in printed.values()),
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
