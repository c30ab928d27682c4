"""Load what a reader's own mail needs beyond the issue: the rest of its shortlists, and what the reader said."""

from collections.abc import Callable, Collection, Mapping, Sequence

from sqlalchemy.orm import Session

from db import feedback, issues, personal
from db.models_readers import PersonalScore
from digest import rows
from digest.compose import bench
from digest.model import Digest
from digest.own import NO_BENCH, Bench, Moved, Own
from roadmap.model import Roadmap

Scores = Mapping[int, Mapping[str, Moved]]  # subscriber id -> item id -> how it moves
Score = Callable[[Session, str, Collection[int]], Scores]


def load_bench(session: Session, digest: Digest, roadmap: Roadmap | None) -> Bench:
    """Read what the shortlists of an issue hold beyond it, as they are now; nothing without a curriculum."""
    if roadmap is None:
        return NO_BENCH
    listed = issues.shortlist(session, digest.month)
    found = issues.items(session, {row.item_id for row in listed})
    real = {id_: item for id_, item in found.items() if item.sources != ["recorded"]}
    before = issues.considered_elsewhere(session, list(real), digest.month)
    return bench(rows.places(listed, real), roadmap, before, digest)


def load_own(session: Session, month: str, subscriber_id: int, scores: Mapping[str, Moved] | None = None) -> Own:
    """Read what a reader said, as of now, and how it moves the candidates of a month.

    That was written before the mailing began; `scores` stand in its place where nothing was written yet. What the
    reader took back since moves nothing.
    """
    said = feedback.verbs_of(session, [subscriber_id]).get(subscriber_id, {})
    moved = stored(personal.scores(session, month, subscriber_id)) if said and scores is None else scores or {}
    standing = {id_: one for id_, one in moved.items() if _stands(one, said)}
    return Own(_with(said, "hide"), _with(said, "seen"), standing)


def _stands(moved: Moved, said: Mapping[str, Collection[str]]) -> bool:
    return all(verb in said.get(item, ()) for item, _, verb in moved.earned)


def stored(found: Sequence[PersonalScore]) -> dict[str, Moved]:
    """Freeze rows of personal scores."""
    return {
        row.item_id: Moved(
            row.adjustment, tuple((one["item"], one["title"], one["verb"]) for one in row.earned), row.hidden
        )
        for row in found
    }


def _with(said: Mapping[str, Collection[str]], verb: str) -> frozenset[str]:
    return frozenset(item for item, verbs in said.items() if verb in verbs)
