"""What the harvest reads and writes: stored rows that may be the same item, and saving many at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, exists, select, text
from sqlalchemy.orm import Session

from db.models import Code, Embedding, Evidence, Item
from db.upsert import chunks, upsert

Stored = dict[str, Any]  # the columns of `item`, and `code` and `evidence` as lists of their columns

_LOCK = 7_411_520_233  # any number that no other lock of this program uses
_ITEM: Table = Item.__table__  # type: ignore[assignment]
_CODE: Table = Code.__table__  # type: ignore[assignment]
_EVIDENCE: Table = Evidence.__table__  # type: ignore[assignment]
_EMBEDDING: Table = Embedding.__table__  # type: ignore[assignment]


def hold(session: Session) -> None:
    """Let one harvest at a time believe and save until its transaction ends; SQLite's BEGIN IMMEDIATE does so already.

    Merging reads what is stored and writes the union: two at once would lose what the other has just learned.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def existing(
    session: Session,
    ids: Iterable[str],
    dois: Iterable[str] = (),
    folded_titles: Iterable[str] = (),
    *,
    posts_only: bool = False,
) -> list[Stored]:
    """Read the stored items that have one of these ids, DOIs or folded titles, with their code and evidence.

    `posts_only` lets DOIs and titles find only items that are not on arXiv.
    """
    found: dict[str, Stored] = {}
    for column, values in ((_ITEM.c.id, ids), (_ITEM.c.doi, dois), (_ITEM.c.folded_title, folded_titles)):
        query = select(_ITEM)
        if posts_only and column is not _ITEM.c.id:
            query = query.where(_ITEM.c.arxiv_id.is_(None))
        for part in chunks(sorted(set(values)), 5_000):
            rows = session.execute(query.where(column.in_(part))).mappings()
            found.update((row["id"], dict(row)) for row in rows)
    for name, table in (("code", _CODE), ("evidence", _EVIDENCE)):
        children = _children(session, table, list(found))
        for item_id, stored in found.items():
            stored[name] = children[item_id]
    return [found[item_id] for item_id in sorted(found)]


def save(session: Session, values: Sequence[Stored]) -> int:
    """Write items with their `code` and `evidence` rows; gives the number of item rows that really changed."""
    written = upsert(session, _ITEM, [_columns(value) for value in values])
    upsert(session, _CODE, [row for value in values for row in value["code"]], keep=("first_seen",))
    upsert(session, _EVIDENCE, [row for value in values for row in value["evidence"]])
    return written


def with_vector(session: Session, model: str, ids: Sequence[str]) -> set[str]:
    """Tell which items have a vector of a model (a name without precision), at whatever precision."""
    found: set[str] = set()
    for part in chunks(ids, 5_000):
        of_model = Embedding.model.startswith(f"{model}@", autoescape=True)
        found.update(session.scalars(select(Embedding.item_id).where(Embedding.item_id.in_(part), of_model)))
    return found


def add_vectors(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Store vectors (columns of `embedding`)."""
    upsert(session, _EMBEDDING, rows)


def without_code(session: Session, ids: Sequence[str]) -> list[str]:
    """Tell which of these papers have no repository yet, in the order given."""
    found: set[str] = set()
    for part in chunks(ids, 5_000):
        query = select(Item.id).where(Item.id.in_(part), Item.arxiv_id.is_not(None))
        found.update(session.scalars(query.where(~exists().where(Code.item_id == Item.id))))
    return [item_id for item_id in dict.fromkeys(ids) if item_id in found]


def delete_items(session: Session, ids: Sequence[str]) -> None:
    """Remove items and, by cascade, all that hangs on them."""
    for part in chunks(ids, 5_000):
        session.execute(_ITEM.delete().where(_ITEM.c.id.in_(part)))


def _columns(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value[name] for name in _ITEM.c.keys()}  # noqa: SIM118 - a column collection iterates over columns


def _children(session: Session, table: Table, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    children: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for part in chunks(ids, 5_000):
        for row in session.execute(select(table).where(table.c.item_id.in_(part))).mappings():
            children[row["item_id"]].append(dict(row))
    return children
