"""Finds the item an address names, in whichever form it names it."""

from sqlalchemy.orm import Session

from api.errors import Problem, for_readers
from core.ids import parse_arxiv_id
from core.text import clean
from db import papers
from db.models import Item
from digest.words import Line, Voice

MAX_ID = 300


def find_item(session: Session, item_id: str) -> Item:
    """Find an item by its id, one it had before or another form of its arXiv id; raises Problem 404."""
    known = len(item_id) <= MAX_ID and "\x00" not in item_id  # PostgreSQL refuses a zero byte in a text
    item = papers.by_id(session, item_id) if known else None
    parsed = parse_arxiv_id(item_id) if known and item is None else None
    if parsed is not None and parsed[0] != item_id:
        item = papers.by_id(session, parsed[0])
    if known and item is None:
        item = papers.by_former_id(session, item_id)
    if item is None:
        raise _missing(item_id)
    return item


def _missing(item_id: str) -> Problem:
    """Say that an id is not stored, and what may be wrong with it."""
    name = clean(item_id[:MAX_ID])

    def advice(v: Voice) -> Line:
        if parse_arxiv_id(item_id):
            return v.t("Papers outside the categories of this store, or not read yet, are not kept; arXiv may have it.")
        return v.t("Write an arXiv id such as 2610.90031 or math/0309136, or the id of a lab’s post.")

    return for_readers(404, lambda v: v.t("There is no item %(id)s here.", id=name), advice)
