"""What the harvest reads and writes: stored rows that may be the same item, notes, and saving many at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Table, bindparam, exists, select, text
from sqlalchemy.orm import Session

from db.models import Alias, Code, Embedding, Evidence, History, Item, Note, Version
from db.upsert import chunks, upsert

Stored = dict[str, Any]  # the columns of `item`, and what hangs on it (CHILDREN) as lists of their columns

_LOCK = 7_411_520_233  # any number that no other lock of this program uses
_ITEM: Table = Item.__table__  # type: ignore[assignment]
_ALIAS: Table = Alias.__table__  # type: ignore[assignment]
_NOTE: Table = Note.__table__  # type: ignore[assignment]
_EMBEDDING: Table = Embedding.__table__  # type: ignore[assignment]
CHILDREN: dict[str, Table] = {  # with their rows an item is all that is believed of it
    "code": Code.__table__,  # type: ignore[dict-item]
    "evidence": Evidence.__table__,  # type: ignore[dict-item]
    "versions": Version.__table__,  # type: ignore[dict-item]
    "history": History.__table__,  # type: ignore[dict-item]
    "aliases": _ALIAS,
}


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
    """Read the stored items that have, or ever had, one of these ids, DOIs or folded titles, with what hangs on them.

    `posts_only` lets DOIs and titles find only items that are not on arXiv.
    """
    found: dict[str, Stored] = {}
    sought = (("id", _ITEM.c.id, ids), ("doi", _ITEM.c.doi, dois), ("title", _ITEM.c.folded_title, folded_titles))
    for kind, column, values in sought:
        query = select(_ITEM)
        if posts_only and kind != "id":
            query = query.where(_ITEM.c.arxiv_id.is_(None))
        for part in chunks(sorted(set(values)), 5_000):
            for condition in (column.in_(part), _ITEM.c.id.in_(_once(kind, part))):
                rows = session.execute(query.where(condition)).mappings()
                found.update((row["id"], dict(row)) for row in rows)
    for name, table in CHILDREN.items():
        children = _children(session, table, list(found))
        for item_id, stored in found.items():
            stored[name] = children[item_id]
    return [found[item_id] for item_id in sorted(found)]


def notes(session: Session, ids: Iterable[str]) -> list[dict[str, Any]]:
    """Read what is noted about these papers, which are none yet (columns of `note`)."""
    found: list[dict[str, Any]] = []
    for part in chunks(sorted(set(ids)), 5_000):
        rows = session.execute(select(_NOTE).where(_NOTE.c.id.in_(part)).order_by(_NOTE.c.id)).mappings()
        found += [dict(row) for row in rows]
    return found


def save_notes(session: Session, rows: Sequence[Mapping[str, Any]], spent: Sequence[str] = ()) -> None:
    """Write notes (columns of `note`), and drop those that went into their papers."""
    upsert(session, _NOTE, rows)
    for part in chunks(spent, 5_000):
        session.execute(_NOTE.delete().where(_NOTE.c.id.in_(part)))


def save(session: Session, values: Sequence[Stored]) -> int:
    """Write items with all that hangs on them; gives the number of item rows that really changed."""
    written = upsert(session, _ITEM, [_columns(value) for value in values])
    for name, table in CHILDREN.items():
        upsert(session, table, [row for value in values for row in value[name]])
    return written


def drop(session: Session, rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Remove single rows that hang on items, by their table's name in `CHILDREN`."""
    for name, gone in rows.items():
        keys = list(CHILDREN[name].primary_key)
        same = [column == bindparam(f"its_{column.name}") for column in keys]
        known = [{f"its_{column.name}": row[column.name] for column in keys} for row in gone]
        if known:
            session.connection().execute(CHILDREN[name].delete().where(*same), known)


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


def _once(kind: str, values: Sequence[str]) -> Any:
    return select(_ALIAS.c.item_id).where(_ALIAS.c.kind == kind, _ALIAS.c.value.in_(values))


def _children(session: Session, table: Table, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    children: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for part in chunks(ids, 5_000):
        query = select(table).where(table.c.item_id.in_(part)).order_by(*table.primary_key)
        for row in session.execute(query).mappings():
            children[row["item_id"]].append(dict(row))
    return children
