"""What visitors without an account say is filed wrongly, as numbers."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from db.feedback import Doubt
from db.models import Item
from db.models_reports import Report


def count_one(session: Session, item_id: str, verb: str, detail: str, now: datetime) -> None:
    """Count one visitor's word; one statement, so that none is lost when two come at once."""
    insert: Any = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    row = insert(Report).values(item_id=item_id, verb=verb, detail=detail, times=1, newest=now)
    again = {"times": Report.times + 1, "newest": row.excluded.newest}
    session.execute(row.on_conflict_do_update(index_elements=["item_id", "verb", "detail"], set_=again))


def reported(session: Session) -> list[Doubt]:
    """List what visitors say is filed wrongly; no subscriber is counted."""
    query = select(Report.verb, Report.detail, Item.id, Item.title, Report.newest, Report.times)
    rows = session.execute(query.join(Item, Item.id == Report.item_id))
    return [Doubt(verb, detail, id_, title, 0, newest, times) for verb, detail, id_, title, newest, times in rows]
