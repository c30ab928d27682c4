"""Finds the item an address names, in whichever form it names it."""

from sqlalchemy.orm import Session

from core.errors import NotFoundError
from core.ids import parse_arxiv_id
from db import papers
from db.models import Item

MAX_ID = 300


def find_item(session: Session, item_id: str) -> Item:
    """Find an item by its id or another form of its arXiv id, everything loaded; raises NotFoundError."""
    known = len(item_id) <= MAX_ID and "\x00" not in item_id  # PostgreSQL refuses a zero byte in a text
    item = papers.by_id(session, item_id) if known else None
    parsed = parse_arxiv_id(item_id) if known and item is None else None
    if parsed is not None and parsed[0] != item_id:
        item = papers.by_id(session, parsed[0])
    if item is None:
        raise NotFoundError(f"There is no item {item_id[:MAX_ID]!r} here", advice(item_id))
    return item


def advice(item_id: str) -> str:
    """Say what may be wrong with an id that is not stored."""
    if parse_arxiv_id(item_id):
        return "Papers outside the categories of this store, or not read yet, are not kept; arXiv may have it"
    return "Write an arXiv id such as 2610.90031 or math/0309136, or the id of a lab's post"
