"""Which stored item a lab's post is: one that goes by a name of it, and agrees with it in place, title or day. Pure.

Names come from addresses and are not unique: two pages may end alike, one page may tell of many things, and a site may
move. So a name alone is proof only where nothing is stored under it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from core.record import PaperRecord, PostNames
from ingest.claims import folded
from ingest.post_names import place
from ingest.rows import Row


def sought(records: Iterable[PaperRecord]) -> list[str]:
    """List the ids under which the posts that records tell of may be stored."""
    posts = (record.post for record in records if record.post is not None)
    return [name for post in posts for name in (post.narrow, post.name, post.page) if name is not None]


def named(records: Sequence[PaperRecord], rows: Sequence[Row]) -> list[PaperRecord]:
    """Give to each record of a post the names that are its own, by what is stored under them (rows of `item`)."""
    stored = {alias["value"]: row for row in rows for alias in row["aliases"] if alias["kind"] == "id"}
    stored |= {row["id"]: row for row in rows}
    return [record if record.post is None else _named(record, record.post, stored) for record in records]


def _named(record: PaperRecord, post: PostNames, stored: Mapping[str, Row]) -> PaperRecord:
    own = _own(record, post, stored)
    others = [post.narrow] if post.crowded and own != post.narrow else []
    if post.page in record.aliases and _page_is_its_own(record, post, stored.get(post.page or "")):
        others.append(str(post.page))
    if record.arxiv_id is not None:
        return replace(record, aliases=(own, *others))
    return replace(record, id=own, aliases=tuple(others))


def _own(record: PaperRecord, post: PostNames, stored: Mapping[str, Row]) -> str:
    """Choose the name that the post is stored under, or is to be stored under."""
    if post.narrow in stored:
        return post.narrow
    row = stored.get(post.name)
    if post.crowded:
        return post.name if row is not None and _in_place(post, row) else post.narrow
    return post.name if row is None or _is_stored_as(record, post, row) else post.narrow


def _is_stored_as(record: PaperRecord, post: PostNames, row: Row) -> bool:
    """Tell whether what goes by a post's name is this post; where it is another post's page, that takes more."""
    in_words = _in_words(record, row)
    if row["arxiv_id"] is None and row["id"] != post.name:
        return post.sole and in_words and _in_place(post, row)
    return in_words or _in_place(post, row)


def _page_is_its_own(record: PaperRecord, post: PostNames, row: Row | None) -> bool:
    """Tell whether what goes by the name of a post's page is this post: other posts may stand on the page."""
    return row is None or row["id"] == record.id or (_in_place(post, row) and _in_words(record, row))


def _in_place(post: PostNames, row: Row) -> bool:
    """Tell whether an item stands at a post's address; of a paper, whether a post at it told of the paper."""
    addresses = [fact["detail"] for fact in row["evidence"]] if row["arxiv_id"] is not None else [row["url"]]
    return post.place in map(place, addresses)


def _in_words(record: PaperRecord, row: Row) -> bool:
    """Tell whether an item has a post's day, or ever had its title."""
    titles = {alias["value"] for alias in row["aliases"] if alias["kind"] == "title"} | {row["folded_title"]}
    return folded(record.title) in titles or (record.feed_date is not None and record.feed_date == row["feed_date"])
