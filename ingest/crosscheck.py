"""What the announcements prove about the other channels: papers the API does not give, and batches repeated. Pure."""

from collections.abc import Container, Iterable, Sequence

MISSED = "announced, but not given by the API"
REPEATED = "the feed repeats what was announced before"
NAMED = 50  # ids in one message
FEW = 5  # announcements


def missed(announced: Iterable[str], known: Container[str]) -> tuple[str, ...]:
    """Name the papers that were announced and that neither the API nor OAI-PMH gave, each once, by id."""
    return tuple(sorted({arxiv_id for arxiv_id in announced if arxiv_id not in known}))


def repeats(listed: int, told_something: int, listed_before: int | None) -> bool:
    """Tell whether a feed is the day before's under today's date: as many papers, and not a word that was not known.

    `listed_before` is the length of the list before it, where known. arXiv serves such a batch now and then, category
    by category, with nothing in it to tell it by. Short lists are not judged: all they hold may be cross-listed.
    """
    return listed >= FEW and told_something == 0 and listed == listed_before


def reproach(missing: Sequence[str], *, repeated: bool) -> str:
    """Say what is wrong with a day's announcements, the ids that are missing first; empty where nothing is."""
    if missing:
        more = f" and {len(missing) - NAMED:,} more" if len(missing) > NAMED else ""
        return f"stale: {MISSED}: {', '.join(missing[:NAMED])}{more}"
    return f"stale: {REPEATED}" if repeated else ""


def is_reproach(error: str | None) -> bool:
    """Tell whether a window's error is one of these, which a later check may take back."""
    return error is not None and error.startswith((f"stale: {MISSED}", f"stale: {REPEATED}"))
