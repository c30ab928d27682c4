"""Full text: items whose title, abstract or authors hold some words, best first; and the index kept whole.

Triggers keep the index in step with `item` (migration 0004, docs/decisions/0018). An import suspends them for new items
and fills the index afterwards; one that was killed in between leaves items out, which `missing` counts and `fill` adds.
Ranks are bm25 on SQLite and ts_rank on PostgreSQL: greater is better, and no two databases' numbers compare.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Executable, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

MOST = 24  # words of one query that count
LONGEST = 100  # characters of a word that count
PART = 20_000  # items filled in one transaction
_WORD = re.compile(r"[^\W_]+")
_COMMON = frozenset(
    ("a", "an", "and", "are", "as", "at", "be", "by", "for", "from", "in", "is", "it", "of", "on", "or", "that", "the")
) | {"this", "to", "via", "we", "with"}
_TRIGGERS = {"sqlite": {"insert", "delete", "update"}, "postgresql": {"insert", "update"}}


def matching(session: Session, words: str, limit: int) -> list[tuple[str, float]]:
    """Find items by the words of a query: (id, rank), at most `limit`, best first, ties by id.

    Those that hold every word come first; only if they are fewer than `limit` do those with some of the words follow.
    Whatever is no letter or digit only parts words, so that no query is an error; one without words finds nothing.
    """
    terms = terms_of(words)
    if not terms or limit < 1:
        return []
    found = _matches(session, terms, " AND ", limit)
    if len(found) < limit and len(terms) > 1:
        known = {item_id for item_id, _ in found}
        some = _matches(session, terms, " OR ", limit)
        found += [match for match in some if match[0] not in known]
    return found[:limit]


def terms_of(words: str) -> list[str]:
    """Cut a query into the words that are looked for: each once, the commonest left out unless nothing else is said."""
    plain = unicodedata.normalize("NFC", words[: MOST * LONGEST * 2])
    terms = list({term.casefold(): term[:LONGEST] for term in _WORD.findall(plain)}.values())
    telling = [term for term in terms if term.lower() not in _COMMON]
    return (telling or terms)[:MOST]


def missing(session: Session) -> int:
    """Count the stored items that the index does not hold."""
    known = "item_fts_row" if _sqlite(session) else "item_fts"
    query = f"SELECT (SELECT count(*) FROM item) - (SELECT count(*) FROM {known})"  # noqa: S608 - one of two names
    return int(session.execute(text(query)).scalar_one())


def unfinished(session: Session) -> bool:
    """Tell at once, without counting, whether an import has stored items that it has not yet brought into the index."""
    return bool(session.execute(text("SELECT unfinished FROM item_fts_state")).scalar_one())


@contextmanager
def suspended(session: Session) -> Iterator[None]:
    """Let new items of this transaction, and of no other, stay out of the index until `fill` adds them.

    An error inside rolls the transaction back, so that no trigger can stay away.
    """
    session.execute(text("UPDATE item_fts_state SET unfinished = 1 WHERE unfinished = 0"))
    again = _sqlite_without_trigger(session) if _sqlite(session) else _postgres_told(session)
    try:
        yield
    except BaseException:
        session.rollback()
        raise
    session.execute(again)


def fill(session: Session, after: str = "", limit: int = PART) -> str | None:
    """Add items that the index lacks, at most `limit` with ids beyond `after`; the caller commits.

    Gives the last id added, to go on after; None once nothing was left, which also ends what `unfinished` tells.
    """
    lacking = _sqlite_part(session, after, limit) if _sqlite(session) else _postgres_part(session, after, limit)
    if lacking is None:
        session.execute(text("UPDATE item_fts_state SET unfinished = 0"))
    return lacking


def rebuild(session: Session) -> None:
    """Make the index anew from the stored items, in one transaction, whatever state it was in; the caller commits."""
    for statement in _EMPTY["sqlite" if _sqlite(session) else "postgresql"]:
        session.execute(text(statement))
    last: str | None = ""
    while last is not None:
        last = fill(session, last)


def check(session: Session) -> list[str]:
    """Tell what is wrong with the index: a sentence for each fault, none where it is whole.

    `rebuild` mends all but a missing trigger, which only a migration can have dropped.
    """
    faults = [f"The trigger item_fts_{event} is missing" for event in sorted(_lost_triggers(session))]
    lacking = missing(session)
    if lacking > 0:
        faults.append(f"{lacking} items are not in the full-text index")
    if lacking < 0:
        faults.append(f"{-lacking} entries of the full-text index belong to no item")
    if _sqlite(session) and lacking == 0 and not _sqlite_whole(session):
        faults.append("The full-text index does not hold what the items say")
    return faults


_NAMES = "coalesce((SELECT group_concat(atom, ' ') FROM json_tree(authors) WHERE key = 'name'), '')"
_EMPTY = {
    "sqlite": ("INSERT INTO item_fts (item_fts) VALUES ('delete-all')", "DELETE FROM item_fts_row"),
    "postgresql": ("DELETE FROM item_fts",),
}
_SQLITE_MATCHES = text(
    "SELECT r.item_id, -f.rank AS score FROM item_fts AS f JOIN item_fts_row AS r ON r.number = f.rowid"
    " WHERE item_fts MATCH :query ORDER BY score DESC, r.item_id LIMIT :limit"
)
_POSTGRES_MATCHES = text(
    "SELECT item_id, ts_rank(document, query) AS score FROM item_fts, to_tsquery('simple', :query) AS query"
    ' WHERE document @@ query ORDER BY score DESC, item_id COLLATE "C" LIMIT :limit'
)
_PLAIN = text(
    "SELECT item_fts_plain(term) FROM unnest(CAST(:terms AS text[])) WITH ORDINALITY AS t(term, n) ORDER BY n"
)


def _matches(session: Session, terms: Sequence[str], joint: str, limit: int) -> list[tuple[str, float]]:
    if _sqlite(session):
        query, statement = joint.join(f'"{term}"' for term in terms), _SQLITE_MATCHES
    else:
        plain = session.execute(_PLAIN, {"terms": list(terms)}).scalars()
        parts = [word for term in plain for word in _WORD.findall(term)]
        query, statement = {" AND ": " & ", " OR ": " | "}[joint].join(f"'{part}'" for part in parts), _POSTGRES_MATCHES
    rows = session.execute(statement, {"query": query, "limit": limit})
    return [(row[0], float(row[1])) for row in rows]


def _sqlite_without_trigger(session: Session) -> Executable:
    """Drop the trigger, which others see only if we commit without it; gives what brings it back."""
    query = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = 'item_fts_insert'"
    made = session.execute(text(query)).scalar_one()
    session.execute(text("DROP TRIGGER item_fts_insert"))
    return text(made)


def _postgres_told(session: Session) -> Executable:
    """Tell the trigger by a setting of this transaction: dropping it would lock the table against readers."""
    session.execute(text("SET LOCAL shirube.full_text = 'suspended'"))
    return text("SET LOCAL shirube.full_text = 'kept'")


def _sqlite_part(session: Session, after: str, limit: int) -> str | None:
    before = session.execute(text("SELECT coalesce(max(number), 0) FROM item_fts_row")).scalar_one()
    session.execute(
        text(
            f"INSERT INTO item_fts_row (item_id, authors) SELECT id, {_NAMES} FROM item WHERE id > :after"  # noqa: S608
            " AND NOT EXISTS (SELECT 1 FROM item_fts_row WHERE item_id = item.id) ORDER BY id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    session.execute(
        text(
            "INSERT INTO item_fts (rowid, title, abstract, authors)"
            " SELECT number, title, abstract, authors FROM item_fts_text WHERE number > :before ORDER BY number"
        ),
        {"before": before},
    )
    newest = text("SELECT max(item_id) FROM item_fts_row WHERE number > :before")
    last: str | None = session.execute(newest, {"before": before}).scalar_one()
    return last


def _postgres_part(session: Session, after: str, limit: int) -> str | None:
    added = text(
        "WITH lacking AS (SELECT id, title, abstract, authors FROM item WHERE id > :after"
        " AND NOT EXISTS (SELECT 1 FROM item_fts WHERE item_id = item.id) ORDER BY id LIMIT :limit),"
        " added AS (INSERT INTO item_fts SELECT id, item_fts_document(title, abstract, authors) FROM lacking"
        " ON CONFLICT DO NOTHING)"
        " SELECT max(id) FROM lacking"
    )
    last: str | None = session.execute(added, {"after": after, "limit": limit}).scalar_one()
    return last


def _lost_triggers(session: Session) -> set[str]:
    if _sqlite(session):
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'item'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE tgrelid = 'item'::regclass AND tgenabled <> 'D'"
    names = set(session.execute(text(query)).scalars())
    expected = _TRIGGERS["sqlite" if _sqlite(session) else "postgresql"]
    return {event for event in expected if f"item_fts_{event}" not in names}


def _sqlite_whole(session: Session) -> bool:
    """Let FTS5 compare its index with the text itself (https://sqlite.org/fts5.html#the_integrity_check_command)."""
    try:
        session.execute(text("INSERT INTO item_fts (item_fts, rank) VALUES ('integrity-check', 1)"))
    except DatabaseError:
        return False
    return True


def _sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
