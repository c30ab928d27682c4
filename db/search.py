"""Full text: items whose title, abstract or authors hold some words, best first; and the index kept whole.

Triggers keep the index in step with `item` (migration 0004, docs/decisions/0018). An import suspends them for new items
and fills the index afterwards; one that was killed in between leaves items out, which `missing` counts and `fill` adds.
Ranks are bm25 on SQLite and ts_rank on PostgreSQL: greater is better, and no two databases' numbers compare.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ColumnClause,
    Executable,
    Select,
    bindparam,
    column,
    func,
    literal_column,
    or_,
    select,
    table,
    text,
)
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from core.querywords import phrases, telling, terms_of
from core.wordforms import other_forms
from db.models import Alias, Code, Item
from db.plans import Plan, plans

AUTHORED = 1_000  # items of authors of one name that are looked at
NEAR = 6  # words that may stand between those of one name
PART = 20_000  # items filled in one transaction
_WORD = re.compile(r"[^\W_]+")
_TRIGGERS = {"sqlite": {"insert", "delete", "update"}, "postgresql": {"insert", "update"}}


def matching(
    session: Session, words: str, limit: int, among: Select[str] | None = None, enough: int | None = None
) -> list[tuple[str, float]]:
    """Find items by the words of a query: (id, rank), at most `limit`, best first, ties by id; see `matched`."""
    return matched(session, words, limit, among, enough)[0]


def matched(
    session: Session, words: str, limit: int, among: Select[str] | None = None, enough: int | None = None
) -> tuple[list[tuple[str, float]], int]:
    """Find items by the words of a query, as `matching` gives them, and how many of the first hold every word.

    Those that hold every word come first; only if they are fewer than `enough` (default: `limit`) do those follow that
    hold each word or another form of it (model, models; behaviour, behavior), and then those with some of the words.
    Of those with every word lead what holds its phrases. Words that only ask (how do I) count where few titles hold all
    of three and more, and not beyond. `among`, a query for ids, says which items may be found. Whatever is no letter or
    digit only parts words, so that no query is an error; one without words finds nothing.
    """
    if not terms_of(words) or limit < 1:
        return [], 0
    found: dict[str, float] = {}
    whole = 0
    for plan in plans(words):
        if len(found) < min(limit, limit if enough is None else enough):
            for item_id, rank in _matches(session, plan, limit, among):
                found.setdefault(item_id, rank)
            whole = len(found) if plan.joint == " AND " else whole
    return list(found.items())[:limit], min(whole, limit)


def holding(session: Session, words: str) -> Select[str] | None:
    """Make the query for the ids of all items that hold each word of a query or another form of it, in no order.

    What the query quotes they hold as it stands; words that only ask need not be held. None where the query has no word
    to look for.
    """
    groups = [[term, *other_forms(term)] for term in telling(terms_of(words))]
    if not groups:
        return None
    quoted = [one.words for one in phrases(words) if one.quoted]
    statement, own, query = _asked(session, Plan(groups, phrases=quoted))
    return statement.with_only_columns(own).order_by(None).params(query=query)


def authored(
    session: Session,
    ways: Sequence[Sequence[Sequence[str]]],
    among: Select[str] | None = None,
    year: int | None = None,
) -> list[tuple[str, tuple[str, ...]]]:
    """List the newest items whose authors' names hold a word of each group of one of the ways: (id, names).

    At most AUTHORED, those of a `year` before all others. The words are of letters only, in lower case and without
    accents; the first of a group is the usual one. They may stand in the names of several authors: whether one has them
    all is for the caller to see.
    """
    query = " OR ".join(map(_near, ways)) if _sqlite(session) else " | ".join(map(_of_authors, ways))
    statement, own, _ = _asked(session, Plan([]))
    ids = statement.with_only_columns(own).order_by(None).params(query=query)
    chosen = select(Item.id, Item.authors).where(Item.id.in_(ids))
    if among is not None:
        chosen = chosen.where(Item.id.in_(among))
    order = [Item.month.desc(), Item.id.desc()]
    dated = order if year is None else [Item.month.startswith(f"{year}-").desc(), *order]
    rows = session.execute(chosen.order_by(*dated).limit(AUTHORED))
    return [(item_id, tuple(author["name"] for author in authors)) for item_id, authors in rows]


def standing(session: Session, group: Sequence[str]) -> tuple[int, int, int]:
    """Count the items that hold a word of a group (as in `authored`): anywhere, as an author's, in the title."""
    if _sqlite(session):
        asked, places = "item_fts MATCH {}", [f"{place}{_either(group)}" for place in ("", "authors : ", "title : ")]
    else:
        asked = "document @@ to_tsquery('simple', {})"
        places = [" | ".join(f"'{word}'{place}" for word in group) for place in ("", ":B", ":A")]
    counts = [f"(SELECT count(*) FROM item_fts WHERE {asked.format(f':q{n}')})" for n in range(3)]  # noqa: S608
    values = {f"q{n}": query for n, query in enumerate(places)}
    held, as_author, titled = session.execute(text(f"SELECT {', '.join(counts)}"), values).one()
    return int(held), int(as_author), int(titled)


def named(session: Session, ids: Sequence[str], doi: str | None, urls: Sequence[str], title: str) -> list[str]:
    """Find the items that go by a name: an id, a DOI, an address of their own or of their code, a folded title.

    What goes by the ids comes first, as these were asked; the rest in order of ids; each once. A name that was once
    told by a source counts as well (`alias`).
    """
    checks: list[ColumnElement[bool]] = []
    aliases: list[tuple[str, str]] = []
    if doi:
        checks.append(Item.doi == doi)
        aliases.append(("doi", doi))
    if urls:
        coded = select(Code.item_id).where(Code.url.in_(urls))
        checks.append(or_(Item.url.in_(urls), Item.pdf_url.in_(urls), Item.id.in_(coded)))
    if title:
        checks.append(Item.folded_title == title)
        aliases.append(("title", title))
    known = [select(Item.id).where(check) for check in checks]
    known += [select(Alias.item_id).where(Alias.kind == kind, Alias.value == value) for kind, value in aliases]
    rest = sorted({item_id for query in known for item_id in session.scalars(query)})
    return list(dict.fromkeys([*_by_ids(session, ids), *rest]))


def _by_ids(session: Session, ids: Sequence[str]) -> list[str]:
    """Find the items that have or had one of some ids, in the order of these."""
    if not ids:
        return []
    own = select(Item.id, Item.arxiv_id, Item.id).where(or_(Item.id.in_(ids), Item.arxiv_id.in_(ids)))
    had = select(Alias.value, Alias.value, Alias.item_id).where(Alias.kind == "id", Alias.value.in_(ids))
    rows = [row for query in (own, had) for row in session.execute(query)]
    return [item_id for wanted in ids for first, second, item_id in rows if wanted in (first, second)]


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


def check(session: Session, *, deep: bool = True) -> list[str]:
    """Tell what is wrong with the index: a sentence for each fault, none where it is whole.

    `rebuild` mends all but a missing trigger, which only a migration can have dropped. `deep` has SQLite compare every
    word, for which it takes the write lock.
    """
    faults = [f"The trigger item_fts_{event} is missing" for event in sorted(_lost_triggers(session))]
    lacking = missing(session)
    if lacking > 0:
        faults.append(f"{lacking} items are not in the full-text index")
    if lacking < 0:
        faults.append(f"{-lacking} entries of the full-text index belong to no item")
    if deep and _sqlite(session) and lacking == 0 and not _sqlite_whole(session):
        faults.append("The full-text index does not hold what the items say")
    return faults


TABLES = {"sqlite": ("item_fts", "item_fts_row", "item_fts_state"), "postgresql": ("item_fts", "item_fts_state")}
_NAMES = "coalesce((SELECT group_concat(atom, ' ') FROM json_tree(authors) WHERE key = 'name'), '')"
_EMPTY = {
    "sqlite": ("INSERT INTO item_fts (item_fts) VALUES ('delete-all')", "DELETE FROM item_fts_row"),
    "postgresql": ("DELETE FROM item_fts",),
}
_F = table("item_fts", column("rowid"), column("rank"), column("item_id"), column("document")).alias("f")
_R = table("item_fts_row", column("number"), column("item_id")).alias("r")
_SQLITE_MATCHES = (
    select(_R.c.item_id, (-_F.c.rank).label("score"))
    .select_from(_F.join(_R, _R.c.number == _F.c.rowid))
    .where(text("item_fts MATCH :query"))
    .order_by(text("score DESC"), _R.c.item_id)
)
_QUERY = func.to_tsquery(literal_column("'simple'"), bindparam("query")).column_valued("query")
_POSTGRES_MATCHES = (
    select(_F.c.item_id, func.ts_rank(_F.c.document, _QUERY).label("score"))
    .where(_F.c.document.bool_op("@@")(_QUERY))
    .order_by(text("score DESC"), _F.c.item_id.collate("C"))
)
_PLAIN = text(
    "SELECT item_fts_plain(term) FROM unnest(CAST(:terms AS text[])) WITH ORDINALITY AS t(term, n) ORDER BY n"
)


def _near(groups: Sequence[Sequence[str]]) -> str:
    """Write for FTS5 that the usual words stand near one another, or that one of the others and a word of each do.

    NEAR takes no alternatives; the others are rare, so that nearness is not needed to keep the items few.
    """
    near = " ".join(f'"{group[0]}"' for group in groups)
    rare = [
        " AND ".join(_either(words if at == place else group) for at, group in enumerate(groups))
        for place, (_, *words) in enumerate(groups)
        if words
    ]
    ways = [f"NEAR({near}, {NEAR})", *(f"({one})" for one in rare)]
    return f"authors : ({' OR '.join(ways)})"


def _either(words: Sequence[str]) -> str:
    return f"({' OR '.join(_quoted(words))})"


def _of_authors(groups: Sequence[Sequence[str]]) -> str:
    either = [" | ".join(f"'{word}':B" for word in group) for group in groups]  # B: authors (migration 0004)
    return "(" + " & ".join(f"({group})" for group in either) + ")"


def _matches(session: Session, plan: Plan, limit: int, among: Select[str] | None) -> list[tuple[str, float]]:
    """Ask once."""
    statement, own, query = _asked(session, plan)
    if among is not None:
        statement = statement.where(own.in_(among))
    most = limit if plan.most is None else plan.most + 1
    rows = session.execute(statement.limit(bindparam("most")), {"query": query, "most": most}).all()
    return [] if plan.most is not None and len(rows) > plan.most else [(row[0], float(row[1])) for row in rows]


def _asked(session: Session, plan: Plan) -> tuple[Select[Any], ColumnClause[Any], str]:
    """Give the statement for this database, its column of ids, and the query in the database's own language."""
    if _sqlite(session):
        place = "title : " if plan.titled else ""
        groups = [f"({' OR '.join(_quoted(group))})" for group in plan.groups]
        together = [f'{place}"{" ".join(phrase)}"' for phrase in plan.phrases]
        return _SQLITE_MATCHES, _R.c.item_id, plan.joint.join([*groups, *together])
    asked = [_postgres_group(session, group) for group in plan.groups]
    asked += [_postgres_phrase(session, phrase, ":A" if plan.titled else "") for phrase in plan.phrases]
    joint = {" AND ": " & ", " OR ": " | "}[plan.joint]
    return _POSTGRES_MATCHES, _F.c.item_id, joint.join(part for part in asked if part)


def _quoted(words: Sequence[str]) -> list[str]:
    return [f'"{word}"' for word in words]


def _postgres_phrase(session: Session, phrase: Sequence[str], place: str) -> str:
    """Write as tsquery that words stand one behind the other; `place` is the weight of where (A: the title)."""
    plain = session.execute(_PLAIN, {"terms": list(phrase)}).scalars()
    words = [f"'{part}'{place}" for word in plain for part in _WORD.findall(word)]
    return f"({' <-> '.join(words)})" if words else ""


def _postgres_group(session: Session, group: Sequence[str]) -> str:
    """Write a group as tsquery; a word may become several when its signs part it, and then all must be there."""
    plain = session.execute(_PLAIN, {"terms": list(group)}).scalars()
    words = [" & ".join(f"'{part}'" for part in _WORD.findall(word)) for word in plain]
    return f"({' | '.join(f'({word})' for word in words if word)})" if any(words) else ""


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
