"""The mails of one issue, for thousands of readers: what they share is made once, and only the rest for each reader."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from html import escape
from typing import NamedTuple

from digest.encoding import most_bytes
from digest.formats.email import Mail, MailParts, Reader
from digest.model import Digest
from digest.pieces import Pieces, inliner
from digest.sheet import Sheet
from digest.templating import write
from digest.words import NBSP, Voice, voice

MOST_HTML = 90_000  # bytes; Gmail clips a message at about 102 kB
MOST_BYTES = 97_000  # of both parts as they travel, so that a whole message stays under 100 kB with its headers
# (full entries, compact ones, left out ones) a stage, tried in turn. First goes what was not chosen; then full entries
# become lines, since a title with a reason is worth more than the fourth abstract; what is cut last is a stage's first.
CUTS = (
    (4, None, None), (4, None, 1), (4, None, 0), (3, None, 0), (2, None, 0), (1, None, 0),
    (1, 4, 0), (1, 2, 0), (0, 5, 0), (0, 4, 0), (0, 3, 0), (0, 2, 0), (0, 1, 0), (0, 0, 0),
)  # fmt: skip
KINDS = 256  # of reader, whose mails are kept ready


def message_parts(digest: Digest, lang: str, reader: Reader) -> MailParts:
    """Write the mail of an issue for one reader; see Press."""
    return Press()(digest, lang, reader)


class Kind(NamedTuple):
    """What decides all of a mail but its marks: readers of one kind get the same, cut in the same way."""

    lang: str
    stages: tuple[int, ...]
    here: int | None
    base_url: str
    minutes: int | None
    preferences: bool
    feedback: bool


@dataclass
class Press:
    """Writes the mails of one issue after the other; both parts say the same, and are cut in the same way.

    A mail is cut until its HTML is under 90 kB and the whole message, as it travels, under 100 kB. It keeps the pieces
    of one issue and the mails of some kinds of reader, never those of a reader.
    """

    _digest: Digest | None = None
    _pieces: dict[tuple[str, str, bool], Pieces] = field(default_factory=dict)
    _blanks: OrderedDict[tuple[Kind, int], MailParts] = field(default_factory=OrderedDict)
    _over: set[tuple[Kind, int]] = field(default_factory=set)  # too long for whatever reader of the kind

    def __call__(self, digest: Digest, lang: str, reader: Reader) -> MailParts:
        """Write the mail of an issue for one reader."""
        if digest is not self._digest:
            self._digest = digest
            self._pieces.clear()
            self._blanks.clear()
            self._over.clear()
        kind = kind_of(voice(lang).lang, reader)
        for cut in range(len(CUTS) - 1):
            if (kind, cut) not in self._over and fits(parts := self._filled(digest, lang, reader, cut)):
                return parts
        return self._filled(digest, lang, reader, len(CUTS) - 1)

    def _filled(self, digest: Digest, lang: str, reader: Reader, cut: int) -> MailParts:
        """Fill the marks of a mail of the reader's kind."""
        v = voice(lang)
        pieces = self._shared(lang, reader)
        blank = self._blank(digest, v, reader, pieces, cut)
        filled = _Filling(Mail(digest, v, reader, pieces), reader, pieces.mark)
        return replace(blank, html=filled.html(blank.html), text=filled.text(blank.text))

    def _shared(self, lang: str, reader: Reader) -> Pieces:
        return self._pieces.setdefault((lang, reader.base_url, reader.feedback_url is not None), Pieces())

    def _blank(self, digest: Digest, v: Voice, reader: Reader, pieces: Pieces, cut: int) -> MailParts:
        key = kind_of(v.lang, reader), cut
        if key not in self._blanks:
            made = _blank_parts(Mail(digest, v, marked(reader, pieces.mark), pieces), cut)
            if cut < len(CUTS) - 1 and not fits(without_marks(made, pieces.mark)):
                self._over.add(key)
                return made
            self._blanks[key] = made
            if len(self._blanks) > KINDS:
                self._blanks.popitem(last=False)
        self._blanks.move_to_end(key)
        return self._blanks[key]


def kind_of(lang: str, reader: Reader) -> Kind:
    """Tell what kind of reader somebody is."""
    wishes = (lang, reader.stages, reader.here, reader.base_url, reader.minutes)
    return Kind(*wishes, reader.preferences_url is not None, reader.feedback_url is not None)


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


def _blank_parts(mail: Mail, cut: int) -> MailParts:
    mail.full_limit, mail.compact_limit, mail.left_limit = CUTS[cut]
    mail.own_words = mail.v.line(mail.reader.address)
    subject, preheader = (str(line).replace(NBSP, " ") for line in (mail.subject(), mail.preheader()))
    page = inliner().inline(write("mail.html.j2", mail.v, **mail.values(subject, preheader)))
    return MailParts(subject, preheader, mail.pieces.put_in(page), mail.text(subject))


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
