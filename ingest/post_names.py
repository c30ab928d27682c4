"""What a lab's post is called: names made of its address and guid, and which of them no other entry of its feed has."""

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from core.record import PostNames

_LONGEST_SLUG = 90
_TRACKING = re.compile(r"(?:utm_\w+|fbclid|gclid|msclkid|mc_cid|mc_eid)(?:=|$)", re.IGNORECASE)
_UGLY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry of a feed, by what tells it from others."""

    link: str
    guid: str
    title: str


def names_of(lab: str, entries: Sequence[Listed]) -> list[PostNames]:
    """Name the posts of a feed, each by what no other entry of it goes by, as far as its address tells them apart."""
    slugs = [_slugs(entry) for entry in entries]
    owners, places = defaultdict[str, set[Any]](set), defaultdict[str, set[str]](set)
    for entry, (name, narrow, page) in zip(entries, slugs, strict=True):
        places[name].add(place(entry.link))
        for slug in (name, narrow, page):
            owners[slug].add(entry.guid or entry)
    crowded, shared = (frozenset(name for name, has in of.items() if len(has) > 1) for of in (places, owners))
    return [_names(lab, entry, own, crowded, shared) for entry, own in zip(entries, slugs, strict=True)]


def _names(
    lab: str, entry: Listed, slugs: tuple[str, str, str], crowded: Container[str], shared: Container[str]
) -> PostNames:
    """Name one post; several posts go by the `shared` slugs, and posts at several places by the `crowded` ones."""
    name, narrow, page = slugs
    narrowed = name in crowded or _is_a_part(entry)
    return PostNames(
        place=place(entry.link),
        name=f"{lab}:{name}",
        narrow=f"{lab}:{narrow}",
        page=f"{lab}:{page}" if page and page not in shared else None,
        crowded=narrowed,
        sole=(narrow if narrowed else name) not in shared,
    )


def _slugs(entry: Listed) -> tuple[str, str, str]:
    """Give a post's name, the same with a digest of all of its address, and what its page is called, else "".

    A page has a name of its own where the post's comes from its guid. Guids change, and feeds begin to mark their
    links; ids once stored must not. The address of a site, or of a section of it, names no post.
    """
    name, bare = stable_slug(entry.link, entry.guid), unmarked(entry.link)
    page = stable_slug(bare, bare)
    return name, f"{name}-{_digest(place(bare))}", page if page != name and _of_its_own(bare) else ""


def _is_a_part(entry: Listed) -> bool:
    """Tell whether a post is a part of the page that it is named by: such a page tells of many things."""
    of_its_path = stable_slug(entry.link, entry.guid) == stable_slug(entry.link, f"not {entry.guid}")
    return of_its_path and bool(urlsplit(entry.link).fragment)


def stable_slug(link: str, guid: str) -> str:
    """Name a post for ever: the last step of its address where that is telling, else its whole path, else its guid.

    Where letters of other scripts are lost on the way, a digest of the path tells such posts apart.
    """
    parts = urlsplit(link)
    path = unquote(parts.path, errors="surrogateescape")
    steps = [step for step in path.split("/") if step and not step.startswith("index.")]
    last = _slug(steps[-1]) if steps else ""
    if last.count("-") >= 2:
        return _named(last, steps, steps[-1:])
    whole = "-".join(part for step in steps if (part := _slug(step)))
    if not parts.query and (named := _named(whole, steps, steps)):
        return named
    name = _digest(guid or link)
    return f"{_bounded(whole)}-{name}" if whole else name


def unmarked(link: str) -> str:
    """Drop from an address what only tells where it was found."""
    parts = urlsplit(link)
    kept = [part for part in parts.query.split("&") if part and not _TRACKING.match(part)]
    return urlunsplit(parts._replace(query="&".join(kept)))


def place(link: str) -> str:
    """Reduce an address to what its spellings share: without marks, scheme, `www.` and a slash at the end."""
    parts = urlsplit(unmarked(link))
    path = unquote(parts.path, errors="surrogateescape").rstrip("/")
    return urlunsplit(("", parts.netloc.lower().removeprefix("www."), path, parts.query, parts.fragment))


def _slug(text: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _UGLY.sub("-", ascii_only.removesuffix(".html")).strip("-")


def _of_its_own(bare: str) -> bool:
    """Tell whether an address without marks can be that of one post: it has a query, or two steps at least."""
    parts = urlsplit(bare)
    return bool(parts.query) or len([step for step in parts.path.split("/") if step]) > 1


def _named(slug: str, steps: Sequence[str], used: Sequence[str]) -> str:
    """Bound a slug, and add a digest of the whole path where it lost letters of the steps used."""
    lost = _digest(unicodedata.normalize("NFC", "/".join(steps))) if any(map(_loses, used)) else ""
    return "-".join(part for part in (_bounded(slug), lost) if part)


def _loses(step: str) -> bool:
    """Tell whether a slug cannot hold all letters, digits and signs of a step; accents and punctuation are no loss."""
    kinds = (unicodedata.category(c) for c in unicodedata.normalize("NFKD", step) if not c.isascii())
    return any(kind[0] in "LNS" or kind == "Cs" for kind in kinds)  # Cs: a byte that is no UTF-8


def _bounded(slug: str) -> str:
    return slug if len(slug) <= _LONGEST_SLUG else f"{slug[:_LONGEST_SLUG].rstrip('-')}-{_digest(slug)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
