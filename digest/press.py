"""The mails of one issue, for thousands of readers: what they share is made once, and only the rest for each reader."""

import re
from collections import Counter, OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import NamedTuple, TypeVar

from digest.cuts import Cut, poorer, richest
from digest.encoding import Size, size
from digest.formats.email import Mail, MailParts, Reader
from digest.mail_text import mail_text
from digest.model import Digest
from digest.own import NO_BENCH, Bench, Own, Selection, Wishes
from digest.pieces import Pieces, styled
from digest.reasons import Names, names_in
from digest.selection import cut, ids_of, select
from digest.sheet import Sheet
from digest.templating import write
from digest.words import NBSP, Line, Voice, voice

MOST_HTML = 90_000  # bytes; Gmail clips a message at about 102 kB
MOST_BYTES = 97_000  # of both parts as they travel, so that a whole message stays under 100 kB with its headers
Key = TypeVar("Key")
Value = TypeVar("Value")
KINDS = 256  # of reader, whose mails are kept ready
SIZES = 16 * KINDS  # a kind tries some dozen cuts


def message_parts(digest: Digest, lang: str, reader: Reader, bench: Bench = NO_BENCH) -> MailParts:
    """Write the mail of an issue for one reader; see Press."""
    return Press()(digest, lang, reader, bench)


class Kind(NamedTuple):
    """What decides all of a mail but its marks: readers of one kind get the same, cut in the same way."""

    lang: str
    wishes: Wishes
    here: int | None
    base_url: str
    preferences: bool
    feedback: bool


@dataclass
class Press:
    """Writes the mails of one issue after the other; both parts say the same, and are cut in the same way.

    A mail holds the most with which its HTML is under 90 kB and the whole message, as it travels, under 100 kB. Kept
    are the pieces of one issue and the mails of some kinds of reader, never those of a reader. Who said something that
    matters in this issue gets a mail of their own from the same pieces.
    """

    _digest: Digest | None = None
    _bench: Bench = field(default_factory=dict)
    _ids: frozenset[str] = frozenset()
    _names: Names = field(default_factory=Names)
    _pieces: dict[tuple[str, str, bool], Pieces] = field(default_factory=dict)
    _chosen: OrderedDict[Wishes, Selection] = field(default_factory=OrderedDict)
    _blanks: OrderedDict[tuple[Kind, Cut], MailParts] = field(default_factory=OrderedDict)
    _sizes: OrderedDict[tuple[Kind, Cut], "_Blanked"] = field(default_factory=OrderedDict)

    def __call__(self, digest: Digest, lang: str, reader: Reader, bench: Bench = NO_BENCH) -> MailParts:
        """Write the mail of an issue for one reader; `bench` is what its shortlists hold beyond it."""
        if digest is not self._digest or bench is not self._bench:
            self._begin(digest, bench)
        own, v = reader.own.among(self._ids), voice(lang)
        plain = replace(reader, own=Own())
        how = self._cut(v, plain)
        return self._written(v, replace(reader, own=own), how) if own else self._filled(v, plain, how)

    def _begin(self, digest: Digest, bench: Bench) -> None:
        self._digest, self._bench, self._ids = digest, bench, ids_of(digest, bench)
        self._names = names_in(digest, (entry for entries in bench.values() for entry in entries))
        for kept in (self._pieces, self._chosen, self._blanks, self._sizes):
            kept.clear()

    @property
    def _issue(self) -> Digest:
        if self._digest is None:
            raise RuntimeError("a press begins with an issue")
        return self._digest

    def _cut(self, v: Voice, reader: Reader) -> Cut:
        """Find what a mail has room for; each cut of a kind is written once, and then only added up."""
        filling = self._filling(v, reader)

        def suits(how: Cut) -> bool:
            return room_for(*filling.sizes(self._size(v, reader, how)))

        return richest(len(self._selected(reader.wishes).sections), suits)

    def _size(self, v: Voice, reader: Reader, how: Cut) -> "_Blanked":
        key = kind_of(v.lang, reader), how
        if key not in self._sizes:
            blank = self._blank(v, reader, how)
            _keep(self._sizes, key, _blanked(blank, self._shared(v.lang, reader).mark), SIZES)
        self._sizes.move_to_end(key)
        return self._sizes[key]

    def _filling(self, v: Voice, reader: Reader) -> "_Filling":
        pieces = self._shared(v.lang, reader)
        return _Filling(Mail(self._issue, v, reader, pieces, self._selected(reader.wishes)), reader, pieces.mark)

    def _filled(self, v: Voice, reader: Reader, how: Cut) -> MailParts:
        """Fill the marks of a mail of the reader's kind."""
        blank, filled = self._blank(v, reader, how), self._filling(v, reader)
        return replace(blank, html=filled.html(blank.html), text=filled.text(blank.text))

    def _written(self, v: Voice, reader: Reader, how: Cut) -> MailParts:
        """Write a mail of a reader's own, cut on until it fits, and fill its marks; nothing of it is kept."""
        pieces, filled = self._shared(v.lang, reader), self._filling(v, reader)
        chosen = select(self._issue, self._bench, reader.wishes, reader.own)
        while True:
            blank = self._blank_parts(v, marked(reader, pieces.mark), pieces, chosen, how)
            parts = replace(blank, html=filled.html(blank.html), text=filled.text(blank.text))
            less = poorer(how, len(chosen.sections))
            if fits(parts) or less == how:
                return parts
            how = less

    def _shared(self, lang: str, reader: Reader) -> Pieces:
        key = lang, reader.base_url, reader.feedback_url is not None
        return self._pieces.setdefault(key, Pieces(self._names))

    def _selected(self, wishes: Wishes) -> Selection:
        if wishes not in self._chosen:
            _keep(self._chosen, wishes, select(self._issue, self._bench, wishes, Own()))
        return self._chosen[wishes]

    def _blank(self, v: Voice, reader: Reader, how: Cut) -> MailParts:
        key, pieces = (kind_of(v.lang, reader), how), self._shared(v.lang, reader)
        if key not in self._blanks:
            chosen = self._selected(reader.wishes)
            _keep(self._blanks, key, self._blank_parts(v, marked(reader, pieces.mark), pieces, chosen, how))
        self._blanks.move_to_end(key)
        return self._blanks[key]

    def _blank_parts(self, v: Voice, blank: Reader, pieces: Pieces, chosen: Selection, how: Cut) -> MailParts:
        """Write a mail with marks for all that is a reader's own; its words are about what the cut leaves."""
        mail = Mail(self._issue, v, blank, pieces, cut(chosen, how))
        mail.gists, mail.own_words = how.gists, v.line(blank.address)
        subject, preheader = (str(line).replace(NBSP, " ") for line in (mail.subject(), mail.preheader()))
        page = styled(write("mail.html.j2", v, **mail.values(subject, preheader)))
        return MailParts(subject, preheader, pieces.put_in(page), mail_text(mail, subject))


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value, most: int | None = None) -> None:
    """Keep a value, and forget the one used longest ago where there are too many."""
    kept[key] = value
    if len(kept) > (most or KINDS):
        kept.popitem(last=False)


def kind_of(lang: str, reader: Reader) -> Kind:
    """Tell what kind of reader somebody is, whatever they said."""
    links = reader.preferences_url is not None, reader.feedback_url is not None
    return Kind(lang, reader.wishes, reader.here, reader.base_url, *links)


def marked(reader: Reader, mark: str) -> Reader:
    """Put marks in the place of all that is a reader's own."""
    return replace(
        reader,
        preferences_url=f"https://{mark}-preferences-" if reader.preferences_url else None,
        unsubscribe_url=f"https://{mark}-unsubscribe-",
        feedback_url=f"https://{mark}-feedback-" if reader.feedback_url else None,
        address=f"{mark}-because-",
        confirmed=None,
    )


def fits(parts: MailParts) -> bool:
    """Tell whether a mail may be sent as it is."""
    return room_for(size(parts.html), size(parts.text))


def room_for(html: Size, text: Size) -> bool:
    """Decide what may be sent, by bounds that never change from one run to the next."""
    return html.raw <= MOST_HTML and html.most + text.most <= MOST_BYTES


class _Blanked(NamedTuple):
    """The sizes of a mail's parts without their marks, and how often each mark stands in them."""

    html: Size
    text: Size
    html_marks: Mapping[str, int]
    text_marks: Mapping[str, int]


def _blanked(blank: MailParts, mark: str) -> _Blanked:
    marks = re.compile(rf"(?:https://)?{mark}-[a-z]+-")
    html, text = blank.html, blank.text
    found = Counter(marks.findall(html)), Counter(marks.findall(text))
    return _Blanked(size(marks.sub("", html)), size(marks.sub("", text)), *found)


class _Filling:
    """What is a reader's own, ready to be put in the place of its mark."""

    def __init__(self, mail: Mail, reader: Reader, mark: str) -> None:
        urls = {
            f"https://{mark}-preferences-": reader.preferences_url,
            f"https://{mark}-unsubscribe-": reader.unsubscribe_url,
            f"https://{mark}-feedback-": reader.feedback_url,
        }
        place, because = f"{mark}-because-", mail.because()
        self._text = {name: url for name, url in urls.items() if url} | {place: _wrapped(because)}
        self._html = {name: _attribute(url) for name, url in urls.items() if url} | {place: _paragraph(because)}

    def html(self, page: str) -> str:
        """Fill the marks of the HTML part."""
        return _put_in(page, self._html)

    def text(self, text: str) -> str:
        """Fill the marks of the text part."""
        return _put_in(text, self._text)

    def sizes(self, blank: _Blanked) -> tuple[Size, Size]:
        """Add up what both parts of a mail measure once they are filled."""
        return _with(blank.html, blank.html_marks, self._html), _with(blank.text, blank.text_marks, self._text)


def _attribute(url: str) -> str:
    """Write an address as the inliner writes attributes."""
    return escape(url, quote=False).replace('"', "&quot;")


def _paragraph(because: Line) -> str:
    """Write the sentence with the address as the inliner writes text."""
    return str(because.mail()).replace("&#39;", "'").replace("&#34;", '"')


def _wrapped(because: Line) -> str:
    """Break the sentence with the address anew."""
    sheet = Sheet()
    sheet.text(because)
    return "\n".join(sheet.lines)


def _put_in(part: str, words: Mapping[str, str]) -> str:
    for place, own in words.items():
        part = part.replace(place, own)
    return part


def _with(blank: Size, marks: Mapping[str, int], words: Mapping[str, str]) -> Size:
    for place, times in marks.items():
        blank = blank.plus(size(words[place]), times)
    return blank
