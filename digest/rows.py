"""From stored rows to the frozen values compose works on."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from core.scores import Reason
from db.models import Code, Item, LabScore, Rating, Shortlist, Window
from digest.candidates import Candidate, LabBelief, LabItem, Place
from digest.coverage import WindowFact
from digest.model import CodeRef, Summary
from digest.quotes import stood


def candidate(item: Item) -> Candidate:
    """Freeze an item loaded with its topics, labs, code and rating."""
    rating = item.rating
    return Candidate(
        id=item.id,
        kind=item.kind,
        month=item.month,
        title=item.title,
        authors=tuple(author["name"] for author in item.authors),
        submitted=_day(item.submitted) or item.feed_date,
        categories=tuple(item.categories),
        url=item.url,
        pdf_url=item.pdf_url,
        topics=tuple((topic.topic, topic.fit) for topic in item.topics),
        labs=tuple(LabBelief(lab.lab, lab.confidence, _evidence(lab)) for lab in item.labs),
        code=tuple(code(one) for one in item.code),
        votes=item.votes,
        stage=rating.best_stage if rating else None,
        worth=rating.worth if rating else None,
        minutes=rating.minutes if rating else 0,
        minutes_guessed=rating.minutes_guessed if rating else True,
        reasons=stood(_reasons(rating), item.title, item.abstract),
        summary=_summary(rating),
        read_first=tuple(rating.read_first) if rating else (),
        withdrawn=item.withdrawn,
        has_abstract=bool(item.abstract),
        recorded=item.sources == ["recorded"],
        type=rating.type if rating else None,
    )


def places(rows: Sequence[Shortlist], items: Mapping[str, Item]) -> list[Place]:
    """Join shortlist rows with the items they name; a twin that is gone drops out."""
    frozen = {id_: candidate(item) for id_, item in items.items()}
    return [
        Place(
            stage=row.stage,
            position=row.position,
            section=row.section,
            candidate=frozen[row.item_id],
            twins=tuple(frozen[twin] for twin in row.twins if twin in frozen),
            reason=row.reason,
        )
        for row in rows
        if row.item_id in frozen
    ]


def lab_item(item: Item, score: LabScore, worth: float | None) -> LabItem:
    """Freeze one thing believed to be from a lab."""
    return LabItem(score.lab, item.id, item.kind, item.title, item.url, item.votes, worth, _evidence(score))


def window(row: Window) -> WindowFact:
    """Freeze one window of the ledger."""
    return WindowFact(
        source=row.source,
        channel=row.channel,
        start=row.from_day,
        end=row.to_day,
        state=row.state,
        expected=row.expected,
        received=row.received,
        errors=row.errors,
        error=row.error,
        checked_at=row.checked_at,
        closed_at=row.closed_at,
        unreachable="cannot be reached" in (row.error or ""),  # the words of the guarded client
    )


def code(row: Code) -> CodeRef:
    """Freeze a repository."""
    return CodeRef(row.url, row.official, row.stars, row.checked_at.astimezone(UTC).date())


def _evidence(score: LabScore) -> tuple[tuple[str, str], ...]:
    return tuple((fact["kind"], fact["detail"]) for fact in score.evidence)


def _day(moment: datetime | None) -> date | None:
    return moment.astimezone(UTC).date() if moment else None


def _reasons(rating: Rating | None) -> tuple[Reason, ...]:
    return tuple(Reason(r["kind"], r["facts"], r.get("share", 0.0)) for r in rating.reasons) if rating else ()


def _summary(rating: Rating | None) -> Summary | None:
    if rating is None or rating.summary is None:
        return None
    stored = rating.summary
    created = stored.get("created")
    return Summary(
        stored["text"], stored["kind"], stored.get("model"), date.fromisoformat(created[:10]) if created else None
    )
