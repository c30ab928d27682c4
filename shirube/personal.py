"""Where a reader's feedback meets their mail: ranking scores it, the digest prints it; neither knows the other."""

from collections.abc import Collection

from sqlalchemy.orm import Session

from digest.own import Moved
from ranking.personal import Adjusted
from ranking.service.personal import score_readers, scores_of
from shirube.wiring import Wiring


def write_scores(wiring: Wiring, month: str) -> int:
    """Write how what readers said moves the candidates of an issue, before its mailing begins; gives the rows."""
    return score_readers(wiring.sessions, month, wiring.settings.embedding_model)


def unwritten_scores(
    wiring: Wiring, session: Session, month: str, subscriber_ids: Collection[int]
) -> dict[int, dict[str, Moved]]:
    """Give the scores that a mailing would write for some people first; nothing is written."""
    found = scores_of(session, month, wiring.settings.embedding_model, list(subscriber_ids))
    return {person: {one.id: _moved(one) for one in scores} for person, scores in found.items()}


def _moved(one: Adjusted) -> Moved:
    return Moved(one.adjustment, tuple((said.id, said.title, said.verb) for said in one.earned), one.hidden)
