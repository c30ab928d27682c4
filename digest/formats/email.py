"""The digest as one mail for one reader: a subject, a preheader, HTML in tables and the same content as text."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote, urlencode

from markupsafe import Markup

from digest import charts, foryou, front, news, notices, sentences
from digest.links import Links
from digest.model import Digest, Entry, LabLine, LabSection, LeftOut, SecondLook, StageSection, WorkRef
from digest.own import Ahead, Own, Section, Selection, Wishes
from digest.pieces import Pieces
from digest.quotes import told
from digest.reasons import Names, Said, say_all
from digest.words import Line, Part, Voice, web
from locales.load import LANGUAGES, own_name


@dataclass(frozen=True, slots=True)
class Reader:
    """What a mail must know of the person it is for; `address` is masked before it comes here."""

    stages: tuple[int, ...]  # printed in full, in this order of the road; with no topic and no lab, empty means all
    here: int | None  # "You are here"
    base_url: str  # without a slash at the end
    preferences_url: str | None  # None: there is no such page, and no link
    unsubscribe_url: str
    address: str  # r•••@example.org
    confirmed: date | None = None
    feedback_url: str | None = None  # gets ?item=...&verb=more|less; a page with one button; None leaves the links out
    minutes: int | None = None  # the reader's budget a month
    topics: tuple[str, ...] = ()
    labs: tuple[str, ...] = ()
    own: Own = field(default_factory=Own)  # what they said before

    @property
    def wishes(self) -> Wishes:
        """Give what they chose."""
        return Wishes(self.stages, self.topics, self.labs, self.minutes)


@dataclass(frozen=True, slots=True)
class MailParts:
    """A mail's content; `text` and `html` say the same."""

    subject: str
    preheader: str
    html: str
    text: str


class MailLinks(Links):
    """Addresses in the web service, each with the language of the mail."""

    def __init__(self, reader: Reader, month: str, lang: str) -> None:
        self._base, self._lang = reader.base_url.rstrip("/"), lang
        self.here = reader.here
        self.feedback = reader.feedback_url
        self.permalink = f"{self._base}/digests/{month}?lang={lang}"

    def paper(self, item_id: str) -> str:
        """Link an item's own page."""
        return f"{self._base}/papers/{quote(item_id, safe='/:')}?lang={self._lang}"

    def lab(self, key: str) -> str:
        """Link a lab's page."""
        return f"{self._base}/labs/{quote(key, safe='')}?lang={self._lang}"

    def within(self, name: str) -> str:
        """Link an anchor of the issue on the web."""
        return f"{self.permalink}#{name}"

    def issue(self, month: str) -> str:
        """Link the issue of another month."""
        return f"{self._base}/digests/{month}?lang={self._lang}"

    def feedback_for(self, item_id: str, verb: str) -> str | None:
        """Link the page with one button that says more or less of this."""
        if self.feedback is None:
            return None
        return f"{self.feedback}?{urlencode({'lang': self._lang, 'item': item_id, 'verb': verb})}"


class Mail:
    """What the template and the text ask about one issue and one reader."""

    def __init__(self, digest: Digest, v: Voice, reader: Reader, pieces: Pieces, chosen: Selection) -> None:
        """`digest` is the issue as stored, for its figures; `chosen` what of it this mail prints."""
        self.issue, self.d, self.chosen = digest, chosen.digest, chosen
        self.v, self.reader, self.pieces = v, reader, pieces
        self.links = MailLinks(reader, digest.month, v.lang)
        self.names: Names = pieces.names
        self.own_words: Line | None = None  # said in place of the sentence with the address
        self.gists = True  # lines tell first what a paper did
        last = max(reader.stages, default=0)
        self.ahead = [one for one in chosen.others if one.stage.number > last]
        self.behind = [one.stage for one in chosen.others if one.stage.number < last]

    def values(self, subject: str, preheader: str) -> dict[str, Any]:
        """Gather what the template needs."""
        d, v = self.d, self.v
        return {
            "d": d,
            "m": self,
            "links": self.links,
            "reader": self.reader,
            "subject": subject,
            "preheader": preheader,
            "lang_en": Markup(' lang="en"') if v.english else Markup(""),
            "total": self.total,
            "banners": notices.banners(v, d, self.links),
            "sections": self.chosen.sections,
            "seen_all": foryou.seen_all(v),
            "ids": lambda rows: [row.id for row in rows],
            "hour": front.hour_entries(d),
            "chart": charts.bars([(s.number, s.counted, len(s.entries)) for s in self.issue.stages]),
        }

    @property
    def total(self) -> int:
        """Count the stages of the road."""
        return self.d.road

    # -- sentences ---------------------------------------------------------------------------------------------------

    def subject(self) -> Line:
        """Name month, papers and minutes for this reader; plain text without line breaks."""
        return foryou.subject(self.v, self.chosen)

    def preheader(self) -> Line:
        """Say what leads the reader's part and whether something is missing."""
        return foryou.preheader(self.v, self.chosen)

    def for_you(self) -> Line:
        """Say what the mail holds for this reader."""
        return foryou.for_you(self.v, self.chosen)

    def here_for(self, section: Section) -> Line:
        """Say for which topics and labs a stage that was not chosen stands here."""
        return foryou.here_for(self.v, section, self.d, self.chosen.wishes)

    def chose(self) -> Line:
        """Say what the reader chose."""
        return foryou.chosen_words(self.v, self.d, self.chosen.wishes)

    def ahead_line(self, one: Ahead) -> Line:
        """Say what waits in a later stage, in one line."""
        v, stage, first = self.v, one.stage, one.first
        head = v.bold(str(v.t("Stage %(stage)s, %(name)s", stage=stage.number, name=v.name(stage.name))))
        if not stage.entries:
            return v.t("%(stage)s: none chosen.", stage=head)
        if first is None:
            return v.n("%(stage)s: %(n)s chosen.", "%(stage)s: %(n)s chosen.", len(stage.entries), stage=head)
        return v.n(
            "%(stage)s: %(n)s chosen, first %(title)s.",
            "%(stage)s: %(n)s chosen, first %(title)s.",
            len(stage.entries),
            stage=head,
            title=v.title(first.title, href=self.url(first)),
        )

    def behind_line(self) -> Line:
        """Fold the stages behind the reader into one line."""
        v = self.v
        chosen = sum(len(stage.entries) for stage in self.behind)
        link = Part(str(v.t("read them in the browser")), href=self.stage_url(self.behind[0]))
        stages = v.bold(str(v.series(stage.number for stage in self.behind)))
        folded = v.n("Folded, stage %(stages)s", "Folded, stages %(stages)s", len(self.behind), stages=stages)
        return v.n(
            "%(folded)s: %(n)s chosen; %(link)s.",
            "%(folded)s: %(n)s chosen; %(link)s.",
            chosen,
            folded=folded,
            link=link,
        )

    def late_line(self, entry: Entry) -> Line:
        """Say a late arrival in one line."""
        v = self.v
        return v.t(
            "%(title)s (%(place)s). %(late)s",
            title=v.title(entry.title, href=self.url(entry)),
            place=sentences.late_place(v, self.d, entry),
            late=sentences.late_line(v, entry),
        )

    def second_line(self, look: SecondLook) -> Line:
        """Say a second look in one line."""
        title = news.second_title(self.v, look, self.links.paper(look.id))
        return sentences.reasoned(self.v, title, news.second_line(self.v, look, self.links.issue(look.stood.month)))

    def left_out(self, item: LeftOut) -> Line:
        """Say a paper that was left out in one line."""
        title = self.v.title(item.title, href=web(item.url))
        return sentences.reasoned(self.v, title, sentences.left_out(self.v, item))

    def coverage(self) -> list[Line]:
        """Give the counts of the coverage box in one line."""
        v = self.v
        return [
            v.t("%(label)s: %(line)s", label=what, line=figure) for what, figure in notices.coverage_rows(v, self.d)
        ]

    def because(self) -> Line:
        """Say why this mail came."""
        v, address = self.v, self.reader.address
        if self.own_words is not None:
            return self.own_words
        if self.reader.confirmed:
            day = v.date(self.reader.confirmed)
            head = v.t("You get this because %(address)s agreed on %(date)s.", address=address, date=day)
        else:
            head = v.t("You get this because %(address)s subscribed.", address=address)
        return v.text([head, v.t("One mail a month; we do not see whether you open it.")])

    def piece(self, *key: object, caller: Callable[[], str]) -> Markup:
        """Take rows that do not depend on the reader from an earlier mail, or write them."""
        return self.pieces.row(key, caller)

    def lines_piece(self, *key: object, caller: Callable[[], str]) -> Markup:
        """Take paragraphs that do not depend on the reader from an earlier mail, or write them."""
        return self.pieces.lines_of(key, caller)

    def entry_piece(self, kind: str, entry: Entry, caller: Callable[[], str]) -> Markup:
        """Take an entry from an earlier mail, as a row or as lines within one, unless it says what this reader said."""
        if said_of(entry):
            return Markup(caller())  # noqa: S704
        write = self.pieces.row if kind == "full" else self.pieces.lines_of
        return write((kind, entry.id), caller)

    # -- pieces ------------------------------------------------------------------------------------------------------

    def why(self, entry: Entry) -> list[Said]:
        """Say the reasons of an entry."""
        return say_all(told(entry), self.v.lang, self.names, self.links)

    def brief(self, entry: Entry) -> Line:
        """Say the reasons of an entry in one line."""
        words = sentences.reason(self.v, entry, self.names)
        return self.v.t("%(why)s.", why=words) if words else words

    def gist(self, entry: Entry) -> Line:
        """Say what a paper of a list did."""
        return sentences.gist(self.v, entry)

    def kicker(self, entry: Entry) -> list[str]:
        """Give topic, tags and minutes of an entry."""
        tags = sentences.marks(self.v, entry)
        tags += [str(self.v.t("withdrawn"))] if entry.withdrawn else []
        return [
            x for x in (sentences.topic_name(self.v, entry), *tags, sentences.minutes(self.v, entry, self.issue)) if x
        ]

    def compact_line(self, entry: Entry) -> Line:
        """Say topic, minutes and the strongest reasons of a compact entry."""
        place, why = self.v.join(self.kicker(entry)), sentences.reason(self.v, entry, self.names)
        return self.v.t("%(place)s. %(why)s.", place=place, why=why) if why else place

    def full(self, section: Section) -> tuple[Entry, ...]:
        """Choose the entries of a stage that are printed in full."""
        return section.entries[: section.full]

    def compact(self, section: Section) -> tuple[tuple[Entry, ...], int]:
        """Choose those printed as a line, and count those that are only in the browser."""
        return section.entries[section.full :], section.more

    def more(self, section: Section) -> Line:
        """Say how many of a stage are only in the browser; of a stage not chosen they are others than was asked for."""
        v, count = self.v, section.more
        if section.whole:
            return v.n("%(n)s more in the browser", "%(n)s more in the browser", count)
        return v.n("%(n)s other of this stage in the browser", "%(n)s others of this stage in the browser", count)

    def lab_more(self, lab: LabSection) -> Line:
        """Say how many more of a lab its page has; "" for none."""
        count = lab.count - len(lab.lines)
        return self.v.n("%(n)s more in the browser", "%(n)s more in the browser", count) if count > 0 else Line()

    def lab_line(self, line: LabLine) -> Line:
        """Name one thing a lab published, with its number where it is printed in the issue."""
        mark = line.number or (str(self.v.t("post")) if line.kind == "post" else "")
        title = sentences.lab_title(self.v, line, self.links.paper(line.id))
        return self.v.join([title, mark]) if mark else title

    def lab_head(self, lab: LabSection) -> Line:
        """Count what a lab published."""
        if lab.key in self.chosen.labs_read:
            count = self.v.t("nothing new in %(month)s", month=front.month_name(self.v, self.d))
        else:
            count = sentences.lab_count(self.v, self.d, lab.count)
        return self.v.t("%(label)s: %(line)s", label=self.v.bold(self.v.name(lab.name)), line=count)

    def url(self, entry: Entry) -> str:
        """Give the page of an entry."""
        return self.links.paper(entry.id)

    def place_url(self, entry: Entry) -> str | None:
        """Give the place of an entry in the issue, or its own page where the issue does not print it."""
        return self.url(entry) if entry.number.endswith("+") else self.links.entry(entry.id)

    def stage_url(self, stage: StageSection) -> str:
        """Give the address of a stage within the issue."""
        return self.links.within(f"stage-{stage.number}")

    def work_url(self, work: WorkRef) -> str:
        """Give the address of a work of the reading list."""
        return web(work.url) or str(self.links.permalink)

    def addresses(self, entry: Entry) -> list[tuple[str, str]]:
        """List what an entry links to: (name, URL)."""
        v, feedback = self.v, self.links.feedback_for
        where = str(v.t("Read at the lab")) if entry.kind == "post" else "arXiv"
        found = [(where, web(entry.url)), ("PDF", web(entry.pdf_url))]
        found += [(str(v.t("Code")), web(ref.url)) for ref in entry.code[:2]]
        found += [
            (str(v.t("More like this")), feedback(entry.id, "more")),
            (str(v.t("Less")), feedback(entry.id, "less")),
        ]
        return [(name, url) for name, url in found if url]

    def languages(self) -> list[tuple[str, str, str]]:
        """List the other languages of the issue: (code, own name, URL)."""
        base = str(self.links.permalink).partition("?")[0]
        return [(code, own_name(code), f"{base}?lang={code}") for code in LANGUAGES if code != self.v.lang]


def said_of(entry: Entry) -> bool:
    """Tell whether an entry names something its reader said: then it is theirs alone."""
    return any(reason.kind == "you" for reason in entry.reasons)
