"""Items as rows for a spreadsheet: CSV (RFC 4180) in which no cell is a formula."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from db.models import Item
from db.papers import SHOWN
from roadmap.model import Roadmap

MEDIA_TYPE = "text/csv"
SUFFIX = "csv"
COLUMNS = (
    *("id", "submitted", "title", "topics", "labs", "worth", "votes", "url", "withdrawn", "type"),
    *("authors", "doi"),
)
TOPICS = 3
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would run a cell that begins so


def header(more: Sequence[str] = ()) -> str:
    """Write the line that names the columns, `more` behind those of every item."""
    return line([*COLUMNS, *more])


def row(item: Item, roadmap: Roadmap, more: Sequence[object] = ()) -> str:
    """Write an item with topics, labs and rating loaded as one line, `more` cells behind its own."""
    rating = item.rating
    return line(
        [
            *(item.id, _day(item), item.title, topic_words(item, roadmap), " ".join(lab.lab for lab in item.labs)),
            *(rating.worth if rating else None, item.votes, item.url, str(item.withdrawn).lower()),
            *(rating.type if rating else None, "; ".join(str(author["name"]) for author in item.authors), item.doi),
            *more,
        ]
    )


def line(cells: Sequence[object]) -> str:
    """Write cells as one line of CSV, its end included; one that begins as a formula gets an apostrophe in front."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([inert(cell) for cell in cells])
    return text.getvalue()


def inert(cell: Any) -> str:
    """Write a cell so that no spreadsheet computes it (https://owasp.org/www-community/attacks/CSV_Injection)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def topic_words(item: Item, roadmap: Roadmap) -> str:
    """Name the topics an item is shown under, the best three, each with its fit."""
    shown = [score for score in item.topics if score.fit >= SHOWN and score.topic in roadmap.topics]
    return ", ".join(f"{roadmap.topics[score.topic].short.en} {score.fit:.2f}" for score in shown[:TOPICS])


def _day(item: Item) -> str:
    return item.submitted.date().isoformat() if item.submitted else item.month
