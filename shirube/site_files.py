"""Where an address of the web service stands in a folder of plain files, and how its links are written there (pure).

A page `/digests/2026-10` is the file `digests/2026-10/index.html`, so that its address stays the same on any web host;
a language other than the first has a folder of its own. What answers only a question (search, forms) has no file.
"""

import html
import posixpath
import re
from collections.abc import Container
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

INDEX = "index.html"
_PAGE = re.compile(
    r"/|/digests(/\d{4}-\d{2}(/stages/\d+)?)?|/stages/\d+|/topics/[^/]+|/labs/[^/]+|/papers/.+|/(status|about|feeds)"
)
_FEED = re.compile(r"/feeds(/.+)?\.(atom|rss|json|opml)")
_EXPORT = re.compile(r"/static/[^/]+|/(papers|digests)/.+\.(bib|ris|csl\.json|csv|md)")  # the same in every language
_ARXIV_PAPER = re.compile(r"/papers/((?:\d{4}\.\d{4,5})|(?:[a-z-]+(?:\.[A-Z]{2})?/\d{7}))")
_TAG = re.compile(r"<(?:link|a|script|img|meta)\b[^>]*>")
_ADDRESS = re.compile(r'\s(href|src|content)="([^"]*)"')
_PLAIN = "/:.-_~"


@dataclass(frozen=True, slots=True)
class Place:
    """One published answer: its path on the site, its language where it has one, the reading time it is shrunk to."""

    path: str
    lang: str | None = None
    minutes: int | None = None

    @property
    def is_page(self) -> bool:
        """Tell whether it is a page for people, which has a folder of its own."""
        return not (_FEED.fullmatch(self.path) or _EXPORT.fullmatch(self.path))

    @property
    def is_paper(self) -> bool:
        """Tell whether it is the page of one item."""
        return self.is_page and self.path.startswith("/papers/")

    @property
    def is_arxiv(self) -> bool:
        """Tell whether it is the page of a paper that arXiv has too."""
        return self.is_paper and _ARXIV_PAPER.fullmatch(self.path) is not None

    def asked(self) -> str:
        """Write the address the web service is asked."""
        query = [("lang", self.lang), ("minutes", self.minutes)]
        pairs = "&".join(f"{name}={value}" for name, value in query if value is not None)
        return quote(self.path, safe=_PLAIN) + (f"?{pairs}" if pairs else "")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a site is laid out: the address it will be served at, and its languages, the first without a folder."""

    base_url: str
    languages: tuple[str, ...]

    @property
    def root(self) -> str:
        """Give the path the site lives under, without a slash at its end."""
        return urlsplit(self.base_url).path.rstrip("/")

    @property
    def host(self) -> str:
        """Give scheme and host of the site; the service behind it knows nothing of the path it lives under."""
        return self._absolute("")

    def read(self, address: str, within: Place) -> Place | None:
        """Read an address as a page names it; None where it leads off the site or to what has no file."""
        whole = urljoin(self._absolute(self.root + within.asked()), address)
        parts = urlsplit(whole)
        own = urlsplit(self.base_url)
        if (parts.scheme, parts.netloc) != (own.scheme, own.netloc) or not parts.path.startswith(f"{self.root}/"):
            return None
        return self._place(unquote(parts.path.removeprefix(self.root)), dict(parse_qsl(parts.query)), within)

    def file(self, place: Place) -> str:
        """Give the file of a place below the folder."""
        lang = place.lang if place.lang not in (None, self.languages[0]) else ""
        path = place.path.strip("/")
        shrunk = str(place.minutes) if place.minutes is not None else ""
        return posixpath.join(*(part for part in (lang, path, shrunk, INDEX if place.is_page else "") if part))

    def relative(self, target: Place, within: Place) -> str:
        """Write a link from one place to another that works wherever the folder is served."""
        here, there = posixpath.dirname(self.file(within)), self.file(target)
        path = quote(posixpath.relpath(there, here or "."), safe=_PLAIN)
        if not target.is_page:
            return path
        folder = path.removesuffix(INDEX)
        return folder or "./"

    def absolute(self, target: Place) -> str:
        """Write the full address of a place."""
        return self._absolute(f"{self.root}/{quote(self.file(target).removesuffix(INDEX), safe=_PLAIN)}")

    def _absolute(self, path: str) -> str:
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}{path}"

    def _place(self, path: str, query: dict[str, str], within: Place) -> Place | None:
        lang, minutes = query.pop("lang", None), query.pop("minutes", None)
        if path.startswith("/static/"):
            query.pop("v", None)
        if query or ".." in path.split("/") or not any(form.fullmatch(path) for form in (_FEED, _EXPORT, _PAGE)):
            return None
        place = Place(path, minutes=int(minutes) if minutes and minutes.isdigit() else None)
        if _EXPORT.fullmatch(path):
            return place
        chosen = lang if lang in self.languages else (within.lang if place.is_page else None)
        return replace(place, lang=chosen or self.languages[0])


def links(layout: Layout, text: str, within: Place) -> list[Place]:
    """List the places of the site that a page links, in order, each once."""
    found = (
        layout.read(html.unescape(match[2]), within)
        for tag in _TAG.findall(text)
        for match in _ADDRESS.finditer(tag)
        if match[1] != "content" and not match[2].startswith("#")
    )
    return list(dict.fromkeys(place for place in found if place is not None))


def page(layout: Layout, text: str, within: Place, there: Container[Place]) -> str:
    """Write a page's links for its place among the files; what has no file loses its link, a paper leads to arXiv."""
    return _TAG.sub(lambda match: _tag(layout, match[0], within, there), text)


def feed(layout: Layout, text: str, within: Place, there: Container[Place]) -> str:
    """Write a feed's addresses of this site, which are absolute, as those of the files; a paper without leads to arXiv.

    What has neither stays: an entry may not be without a link.
    """

    def written(match: re.Match[str]) -> str:
        place, fragment = layout.read(html.unescape(match[0]), within), urlsplit(match[0]).fragment
        if place is None or place not in there:
            return _elsewhere(layout, match[0]) or match[0]
        return html.escape(layout.absolute(place)) + (f"#{fragment}" if fragment else "")

    return _own(layout).sub(written, text)


def posts(layout: Layout, text: str, within: Place) -> list[Place]:
    """List the posts that a feed names, each once: they have no other page to lead to."""
    found = (layout.read(html.unescape(address), within) for address in _own(layout).findall(text))
    own = (replace(place, lang=within.lang) for place in found if place is not None and place.is_paper)
    return list(dict.fromkeys(place for place in own if not place.is_arxiv))


def _own(layout: Layout) -> re.Pattern[str]:
    """Find the addresses of this site in a text of any format."""
    return re.compile(re.escape(layout.base_url.rstrip("/")) + r"(?:/[^\s\"'<>\\]*)?")


def _tag(layout: Layout, tag: str, within: Place, there: Container[Place]) -> str:
    """Write one tag; a <link> that would lead nowhere goes."""
    dropped = False

    def written(match: re.Match[str]) -> str:
        nonlocal dropped
        new = _address(layout, match[1], html.unescape(match[2]), within, there)
        dropped = dropped or new is None
        return "" if new is None else f' {match[1]}="{html.escape(new)}"'

    text = _ADDRESS.sub(written, tag)
    return "" if dropped and tag.startswith(("<link", "<meta")) else text


def _address(layout: Layout, attribute: str, address: str, within: Place, there: Container[Place]) -> str | None:
    """Write one address for the files; None where it would lead nowhere."""
    full = address.startswith(layout.base_url.rstrip("/") + "/")
    if address.startswith("#") or (attribute == "content" and not full) or _foreign(layout, address):
        return address
    place = layout.read(address, within)
    if place is None or place not in there:
        return _elsewhere(layout, address)
    fragment = urlsplit(address).fragment
    version = urlsplit(address).query if place.path.startswith("/static/") else ""
    base = layout.absolute(place) if full else layout.relative(place, within)
    return base + (f"?{version}" if version else "") + (f"#{fragment}" if fragment else "")


def _foreign(layout: Layout, address: str) -> bool:
    parts = urlsplit(address)
    own = urlsplit(layout.base_url)
    return bool(parts.scheme or parts.netloc) and (parts.scheme, parts.netloc) != (own.scheme, own.netloc)


def _elsewhere(layout: Layout, address: str) -> str | None:
    """Lead to arXiv for a paper whose page is not published."""
    path = unquote(urlsplit(address).path).removeprefix(layout.root)
    found = _ARXIV_PAPER.fullmatch(path)
    return f"https://arxiv.org/abs/{found[1]}" if found else None
