"""What the page of a stage shows: its reading list as a path, the newest worth reading, what changed in the month."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup
from sqlalchemy.orm import Session

from api import issues
from api.reading_path import Leg, earlier, legs, steps, stored_works
from api.road_list import ListQuery, Question, RoadList, read_list
from api.site import Site
from db.papers import PaperFilter
from digest import news, sentences
from digest.compose import WORTH_FLOOR
from digest.model import Digest, StageSection
from digest.words import Voice
from roadmap.model import Stage, Topic, Work

PART = 8  # as many as an issue prints of a stage


@dataclass(frozen=True, slots=True)
class StagePage:
    """Everything the page of a stage prints, in one language."""

    v: Voice
    stage: Stage
    topics: tuple[Topic, ...]
    before: tuple[Work, ...]  # of earlier stages, asked for by works of this one
    legs: tuple[Leg, ...]
    works: int
    minutes: int
    found: RoadList
    ranked: datetime | None  # the latest of the items on this page
    month: str | None  # of the newest issue
    changed: Markup  # what that issue says of this stage; "" where it has no such section


def stage_page(site: Site, session: Session, stage: Stage, query: ListQuery, v: Voice) -> StagePage:
    """Prepare the page of a stage; without any issue it says nothing of a month."""
    newest = issues.to_show(issues.heads(session))
    month = newest.month if newest else None
    works = site.roadmap.canon_of(stage.number)
    path = steps(works, site.roadmap, site.links, stored_works(session, works))
    found = read_list(session, site, v, _question(site, stage, query))
    ranked = [item.rating.ranked_at for item in found.items if item.rating is not None]
    return StagePage(
        v=v,
        stage=stage,
        topics=site.roadmap.topics_of(stage.number),
        before=earlier(works, stage.number, site.roadmap),
        legs=legs(path, site.roadmap),
        works=len(works),
        minutes=sum(work.minutes for work in works),
        found=found,
        ranked=max(ranked, default=None),
        month=month,
        changed=_changed(site, session, stage.number, month, v) if month else Markup(""),
    )


def _question(site: Site, stage: Stage, query: ListQuery) -> Question:
    """Ask for what an issue might print of a stage: filed there, best there, above the floor of every stage."""
    wanted = PaperFilter(best_stage=stage.number, min_worth=WORTH_FLOOR, limit=PART)
    return Question(site.links.stage(stage.number), wanted, ("newest", "worth"), query)


def _changed(site: Site, session: Session, number: int, month: str, v: Voice) -> Markup:
    """Say what the issue of a month says of a stage, worked out once for each state of the issue."""
    key = ("stage", number, v.lang, issues.fingerprint(session, month))

    def made() -> bytes:
        digest = issues.find_digest(session, month)
        section = next((one for one in digest.stages if one.number == number), None)
        return str(_said(v, digest, section)).encode() if section else b""

    return Markup(site.rendered.get(key, made).decode())  # noqa: S704 - made by _said, which escapes


def _said(v: Voice, digest: Digest, section: StageSection) -> Markup:
    changed = news.changed(v, section)
    head = [v.line(v.bold(str(v.t("What changed:"))))] if changed else []
    return v.text([sentences.counts(v, section), *head, *(changed or [news.not_compared(v, digest)])]).__html__()
