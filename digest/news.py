"""The sentences on what happened since: a stage beside earlier months, second looks, where a paper stood."""

from digest.changes import FEWEST, MONTHS, verdict
from digest.model import Change, Digest, SecondLook, StageSection, Stood
from digest.sentences import code
from digest.words import Line, Part, Voice, web


def changed(v: Voice, stage: StageSection) -> list[Line]:
    """Say what changed in a stage: its count beside earlier months, code of earlier papers; [] where unknown."""
    return [*(_compared(v, stage, stage.change) if stage.change else ()), *_new_code(v, stage.new_code)]


def _new_code(v: Voice, count: int) -> list[Line]:
    if not count:
        return []
    return [v.n("Code appeared for %(n)s earlier paper.", "Code appeared for %(n)s earlier papers.", count)]


def _compared(v: Voice, stage: StageSection, change: Change) -> list[Line]:
    """Set the count of a stage beside the months before and what they let expect."""
    counts = [count for _, count in change.before]
    low, high = min(counts), max(counts)
    span = v.t("%(low)s to %(high)s", low=low, high=high) if low < high else v.line(low)
    head = v.n(
        "%(n)s paper, against %(span)s a month in the %(months)s months before.",
        "%(n)s papers, against %(span)s a month in the %(months)s months before.",
        stage.counted,
        span=span,
        months=len(counts),
    )
    return [head, _expected(v, change, stage.counted)]


def _expected(v: Voice, found: Change, count: int) -> Line:
    span = {"low": found.low, "high": found.high}
    return {
        "fewer": v.t("Fewer than those months would suggest: %(low)s to %(high)s (95%% prediction interval).", **span),
        "expected": v.t(
            "Within what those months would suggest: %(low)s to %(high)s (95%% prediction interval).", **span
        ),
        "more": v.t("More than those months would suggest: %(low)s to %(high)s (95%% prediction interval).", **span),
    }[verdict(found, count)]


def not_compared(v: Voice, digest: Digest) -> Line:
    """Say why no stage is compared with earlier months; "" where they are, and where no reader would ask."""
    if digest.compared is None or len(digest.compared) >= FEWEST:
        return Line()
    if not digest.compared:
        return v.t(
            "Counts are not set beside earlier months: none of the %(months)s before is stored in full.", months=MONTHS
        )
    return v.n(
        "Counts are not set beside earlier months: of the %(months)s before, %(n)s is stored in full.",
        "Counts are not set beside earlier months: of the %(months)s before, %(n)s are stored in full.",
        len(digest.compared),
        months=MONTHS,
    )


def second_note(v: Voice, digest: Digest) -> Line:
    """Say what second looks are and how many are only counted."""
    head = v.t("Earlier issues considered these; this happened since.")
    if not digest.second_more:
        return head
    more = v.n("%(n)s more is counted but not printed.", "%(n)s more are counted but not printed.", digest.second_more)
    return v.text([head, more])


def second_line(v: Voice, look: SecondLook, href: str | None = None) -> Line:
    """Say where a paper stood and what happened since; `href` leads to that issue."""
    return v.text([stood(v, look.stood, href), _happened(v, look)])


def second_title(v: Voice, look: SecondLook, href: str | None = None) -> Line:
    """Give the title of a second look, marked where it was withdrawn."""
    title = v.title(look.title, href=href)
    return v.join([title, v.t("withdrawn")]) if look.withdrawn else v.line(title)


def stood(v: Voice, place: Stood, href: str | None = None) -> Line:
    """Say in which issue a paper stood, and under which number; `href` leads there."""
    month = Part(v.month(place.month), href=href)
    if place.status is None:
        return v.t("Of %(month)s, which has no issue.", month=month)
    if place.number is None:
        return v.t("Considered in the issue of %(month)s, not printed.", month=month)
    words = {"draft": v.t("Draft of %(month)s, %(number)s.", month=month, number=place.number)}
    return words.get(place.status, v.t("Issue of %(month)s, %(number)s.", month=month, number=place.number))


def _happened(v: Voice, look: SecondLook) -> Line:
    if look.what == "code" and look.code:
        link = Part(str(v.t("Code")), href=web(look.code.url))
        about = code(v, look.code)
        return v.t("%(code)s since: %(about)s.", code=link, about=about) if about else v.t("%(code)s since.", code=link)
    if look.votes_then is None:
        return v.n("%(n)s upvote since.", "%(n)s upvotes since.", look.votes or 0)
    return v.n(
        "%(n)s upvote; when that issue closed it had %(then)s.",
        "%(n)s upvotes; when that issue closed it had %(then)s.",
        look.votes or 0,
        then=look.votes_then,
    )
