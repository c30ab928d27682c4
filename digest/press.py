"""The mails of one issue, for thousands of readers: what they share is made once, and only the rest for each reader."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from html import escape
from typing import NamedTuple, TypeVar

from digest.encoding import most_bytes
from digest.formats.email import Mail, MailParts, Reader
from digest.mail_text import mail_text
from digest.model import Digest
from digest.own import NO_BENCH, Bench, Own, Selection, Wishes
from digest.pieces import Pieces, styled
from digest.reasons import Names, names_in
from digest.selection import cut, ids_of, select
from digest.sheet import Sheet
from digest.templating import write
from digest.words import NBSP, Voice, voice

MOST_HTML = 90_000  # bytes; Gmail clips a message at about 102 kB
MOST_BYTES = 97_000  # of both parts as they travel, so that a whole message stays under 100 kB with its headers
# (full entries, compact ones, left out ones) a stage, tried in turn. First goes what was not chosen; then full entries
# become lines, since a title with a reason is worth more than the fourth abstract; what is cut last is a stage's first.
# Of each the lines of lists tell first what a paper did, and then no more: no paper gives way to such a sentence.
CUTS = tuple(
    (*cut, gists)
    for cut in (
        (4, None, None), (4, None, 1), (4, None, 0), (3, None, 0), (2, None, 0), (1, None, 0),
        (1, 4, 0), (1, 2, 0), (0, 5, 0), (0, 4, 0), (0, 3, 0), (0, 2, 0), (0, 1, 0), (0, 0, 0),
    )
    for gists in (True, False)
)  # fmt: skip
Key = TypeVar("Key")
Value = TypeVar("Value")
KINDS = 256  # of reader, whose mails are kept ready


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

    A mail is cut until its HTML is under 90 kB and the whole message, as it travels, under 100 kB. It keeps the pieces
    of one issue and the mails of some kinds of reader, never those of a reader. Who said something that matters in this
    issue gets a mail of their own from the same pieces.
    """

    _digest: Digest | None = None
    _bench: Bench = field(default_factory=dict)
    _ids: frozenset[str] = frozenset()
    _names: Names = field(default_factory=Names)
    _pieces: dict[tuple[str, str, bool], Pieces] = field(default_factory=dict)
    _chosen: OrderedDict[Wishes, Selection] = field(default_factory=OrderedDict)
    _blanks: OrderedDict[tuple[Kind, int], MailParts] = field(default_factory=OrderedDict)
    _cuts: OrderedDict[Kind, int] = field(default_factory=OrderedDict)  # the first that may suit a reader of the kind

    def __call__(self, digest: Digest, lang: str, reader: Reader, bench: Bench = NO_BENCH) -> MailParts:
        """Write the mail of an issue for one reader; `bench` is what its shortlists hold beyond it."""
        if digest is not self._digest or bench is not self._bench:
            self._begin(digest, bench)
        own = reader.own.among(self._ids)
        write = self._written if own else self._filled
        v, plain = voice(lang), replace(reader, own=own)
        for number in range(self._first_cut(v, reader), len(CUTS) - 1):
            if fits(parts := write(v, plain, number)):
                return parts
        return write(v, plain, len(CUTS) - 1)

    def _begin(self, digest: Digest, bench: Bench) -> None:
        self._digest, self._bench, self._ids = digest, bench, ids_of(digest, bench)
        self._names = names_in(digest, (entry for entries in bench.values() for entry in entries))
        for kept in (self._pieces, self._chosen, self._blanks, self._cuts):
            kept.clear()

    @property
    def _issue(self) -> Digest:
        if self._digest is None:
            raise RuntimeError("a press begins with an issue")
        return self._digest

    def _first_cut(self, v: Voice, reader: Reader) -> int:
        """Find the first cut whose mail may suit somebody of this kind: the words of a reader only lengthen it."""
        kind = kind_of(v.lang, reader)
        if kind not in self._cuts:
            blank = self._shared(v.lang, reader)
            fit = (n for n in range(len(CUTS) - 1) if fits(without_marks(self._blank(v, reader, n), blank.mark)))
            _keep(self._cuts, kind, next(fit, len(CUTS) - 1))
        return self._cuts[kind]

    def _filled(self, v: Voice, reader: Reader, number: int) -> MailParts:
        """Fill the marks of a mail of the reader's kind."""
        pieces, blank = self._shared(v.lang, reader), self._blank(v, reader, number)
        mail = Mail(self._issue, v, reader, pieces, self._selected(reader.wishes))
        filled = _Filling(mail, reader, pieces.mark)
        return replace(blank, html=filled.html(blank.html), text=filled.text(blank.text))

    def _written(self, v: Voice, reader: Reader, number: int) -> MailParts:
        """Write a mail of a reader's own and fill its marks; nothing of it is kept."""
        pieces = self._shared(v.lang, reader)
        chosen = select(self._issue, self._bench, reader.wishes, reader.own)
        blank = self._blank_parts(v, marked(reader, pieces.mark), pieces, chosen, number)
        filled = _Filling(Mail(self._issue, v, reader, pieces, chosen), reader, pieces.mark)
        return replace(blank, html=filled.html(blank.html), text=filled.text(blank.text))

    def _shared(self, lang: str, reader: Reader) -> Pieces:
        key = lang, reader.base_url, reader.feedback_url is not None
        return self._pieces.setdefault(key, Pieces(self._names))

    def _selected(self, wishes: Wishes) -> Selection:
        if wishes not in self._chosen:
            _keep(self._chosen, wishes, select(self._issue, self._bench, wishes, Own()))
        return self._chosen[wishes]

    def _blank(self, v: Voice, reader: Reader, number: int) -> MailParts:
        key, pieces = (kind_of(v.lang, reader), number), self._shared(v.lang, reader)
        if key not in self._blanks:
            chosen = self._selected(reader.wishes)
            _keep(self._blanks, key, self._blank_parts(v, marked(reader, pieces.mark), pieces, chosen, number))
        self._blanks.move_to_end(key)
        return self._blanks[key]

    def _blank_parts(self, v: Voice, blank: Reader, pieces: Pieces, chosen: Selection, number: int) -> MailParts:
        """Write a mail with marks for all that is a reader's own; its words are about what the cut leaves."""
        full, compact, left, gists = CUTS[number]
        mail = Mail(self._issue, v, blank, pieces, cut(chosen, full, compact, left))
        mail.full_limit, mail.gists, mail.own_words = full, gists, v.line(blank.address)
        subject, preheader = (str(line).replace(NBSP, " ") for line in (mail.subject(), mail.preheader()))
        page = styled(write("mail.html.j2", v, **mail.values(subject, preheader)))
        return MailParts(subject, preheader, pieces.put_in(page), mail_text(mail, subject))


def _keep(kept: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    """Keep a value, and forget the one used longest ago where there are too many."""
    kept[key] = value
    if len(kept) > KINDS:
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


def without_marks(blank: MailParts, mark: str) -> MailParts:
    """Give what is in every mail of a kind, whoever reads it: what stands for a reader's own is never longer."""
    return replace(blank, html=blank.html.replace(mark, ""), text=blank.text.replace(mark, ""))


def fits(parts: MailParts) -> bool:
    """Tell whether a mail may be sent as it is; decided by bounds that never change from one run to the next."""
    html = len(parts.html.encode("utf-8"))
    return html <= MOST_HTML and most_bytes(parts.html) + most_bytes(parts.text) <= MOST_BYTES


class _Filling:
    """What is a reader's own, ready to be put in the place of its mark."""

    def __init__(self, mail: Mail, reader: Reader, mark: str) -> None:
        urls = {
            f"https://{mark}-preferences-": reader.preferences_url,
            f"https://{mark}-unsubscribe-": reader.unsubscribe_url,
            f"https://{mark}-feedback-": reader.feedback_url,
        }
        self._urls = {place: url for place, url in urls.items() if url}
        self._because, self._place = mail.because(), f"{mark}-because-"

    def html(self, page: str) -> str:
        """Fill the marks of the HTML part, written as the inliner writes attributes and text."""
        for place, url in self._urls.items():
            page = page.replace(place, escape(url, quote=False).replace('"', "&quot;"))
        said = str(self._because.mail()).replace("&#39;", "'").replace("&#34;", '"').replace(NBSP, "&nbsp;")
        return page.replace(self._place, said)

    def text(self, text: str) -> str:
        """Fill the marks of the text part; the sentence with the address is broken anew."""
        for place, url in self._urls.items():
            text = text.replace(place, url)
        sheet = Sheet()
        sheet.text(self._because)
        return text.replace(self._place, "\n".join(sheet.lines))
