"""Which words the stored items hold, told from the full-text index (db.search) without reading it whole."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import text
from sqlalchemy.orm import Session

_COUNT = "SELECT count(*) FROM (SELECT 1 FROM item_fts WHERE {} LIMIT :most) AS held"
_SQLITE = text(f"SELECT value, ({_COUNT.format('item_fts MATCH value')}) FROM json_each(:words)")  # noqa: S608
_HOLDS = "document @@ to_tsquery('simple', asked.word)"
_POSTGRES = text(f"SELECT asked.word, ({_COUNT.format(_HOLDS)}) FROM unnest(CAST(:words AS text[])) AS asked (word)")  # noqa: S608


def held(session: Session, words: Sequence[str], most: int) -> dict[str, int]:
    """Count the items that hold each of some words, up to `most`; a word that none holds is absent.

    The words are of plain letters, in lower case, as the index has them.
    """
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    given: dict[str, Any] = {"words": msgspec.json.encode(list(words)).decode() if on_sqlite else list(words)}
    rows = session.execute(_SQLITE if on_sqlite else _POSTGRES, given | {"most": most})
    return {word: int(count) for word, count in rows if count}
