"""Backups as an older program would have made them: without the columns that came later."""

import json
from typing import Any

from db.models import Base

# By table, what came after revision 0013.
LATER: dict[str, tuple[str, ...]] = {
    "embedding": ("item_updated",),
    "rating": ("item_updated",),
    "window": ("asked", "newest"),
}
Columns = dict[str, tuple[str, ...]]


def manifest_without(manifest: dict[str, Any], later: Columns) -> dict[str, Any]:
    """Take columns out of what a backup says of its tables."""
    for table in later:
        manifest["tables"][table]["columns"] = [_names(table)[place] for place in _kept(table, later)]
    return manifest


def member_without(name: str, content: bytes, later: Columns) -> bytes:
    """Take columns out of a table's rows; other members of a backup stay as they are."""
    table = name.removeprefix("tables/").removesuffix(".jsonl")
    if table not in later:
        return content
    kept = _kept(table, later)
    rows = [json.loads(line) for line in content.splitlines()]
    return b"".join(json.dumps([row[place] for place in kept]).encode() + b"\n" for row in rows)


def _names(table: str) -> list[str]:
    return [column.name for column in Base.metadata.tables[table].columns]


def _kept(table: str, later: Columns) -> list[int]:
    return [place for place, name in enumerate(_names(table)) if name not in later[table]]
