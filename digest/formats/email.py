"""The digest as one mail for one reader: a subject, a preheader, HTML in tables and the same content as text."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode

from babel import Locale
from markupsafe import Markup

from digest import charts, news, notices, sentences
from digest.formats.text import Writer
from digest.links import Links
from digest.model import Digest, Entry, LeftOut, SecondLook, StageSection, WorkRef
from digest.pieces import Pieces
from digest.reasons import Said, brief, names_in, say_all
from digest.sheet import Sheet
from digest.words import Line, Part, Voice, web
from locales.load import LANGUAGES


@dataclass(frozen=True, slots=True)
class Reader:
    """What a mail must know of the person it is for; `address` is masked before it comes here."""

    stages: tuple[int, ...]  # printed in full, in this order of the road; empty: all
    here: int | None  # "You are here"
    base_url: str  # without a slash at the end
    preferences_url: str | None  # None: there is no such page, and no link
    unsubscribe_url: str
    address: str  # r•••@example.org
    confirmed: date | None = None
    feedback_url: str | None = None  # gets ?item=...&verb=more|less; a page with one button; None leaves the links out
    minutes: int | None = None  # the reader's budget a month


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


class _MailWriter(Writer):
    """Writes the text part, where entries can be answered."""

    links: MailLinks

    def feedback(self, entry: Entry) -> tuple[str, ...]:
        """List the addresses of the pages with one button."""
        asked = (self.links.feedback_for(entry.id, verb) for verb in ("more", "less"))
        return tuple(url for url in asked if url)


class Mail:
    """What the template and the text ask about one issue and one reader."""

    def __init__(self, digest: Digest, v: Voice, reader: Reader, pieces: Pieces) -> None:
        self.d, self.v, self.reader, self.pieces = digest, v, reader, pieces
        self.links = MailLinks(reader, digest.month, v.lang)
        self.names = names_in(digest)
        self.own_words: Line | None = None  # said in place of the sentence with the address
        self.full_limit: int = sentences.FULL
        self.compact_limit: int | None = None
        self.left_limit: int | None = None
        wanted = reader.stages or tuple(stage.number for stage in digest.stages)
        self.own = [stage for stage in digest.stages if stage.number in wanted]
        last = max(wanted, default=0)
        others = [stage for stage in digest.stages if stage.number not in wanted]
        self.ahead = [stage for stage in others if stage.number > last]
        self.behind = [stage for stage in others if stage.number < last]

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
            "hour": sentences.hour_entries(d),
            "chart": charts.bars([(s.number, s.considered, len(s.entries)) for s in d.stages]),
        }

    @property
    def total(self) -> int:
        """Count the stages of the road."""
        return max(8, *(stage.number for stage in self.d.stages))

    # -- sentences ---------------------------------------------------------------------------------------------------

    def subject(self) -> Line:
        """Name month, papers and minutes for this reader; plain text without line breaks."""
        entries = [entry for stage in self.own for entry in stage.entries]
        values = {"month": sentences.month(self.v, self.d), "time": self.v.duration(sum(e.minutes for e in entries))}
        if not entries:
            return self.v.t("%(month)s: Shirube", month=values["month"])
        if len(self.own) == 1:
            return self.v.n(
                "%(month)s: %(n)s paper for stage %(stage)s, %(time)s",
                "%(month)s: %(n)s papers for stage %(stage)s, %(time)s",
                len(entries),
                stage=self.own[0].number,
                **values,
            )
        return self.v.n(
            "%(month)s: %(n)s paper for you, %(time)s",
            "%(month)s: %(n)s papers for you, %(time)s",
            len(entries),
            **values,
        )

    def preheader(self) -> Line:
        """Say what leads the reader's stages and whether something is missing."""
        v, lead = self.v, next((stage for stage in self.own if stage.entries), None)
        failed = len(self.d.coverage.failed)
        said = []
        if lead:
            title = v.title(lead.entries[0].title)
            said.append(v.t("%(title)s leads stage %(stage)s.", title=title, stage=lead.number))
        if failed:
            said.append(v.n("%(n)s source was incomplete.", "%(n)s sources were incomplete.", failed))
        return v.text(said or [sentences.deck(v, self.d)[0]])

    def for_you(self) -> Line:
        """Say what the mail holds for this reader."""
        v = self.v
        time = v.duration(sum(e.minutes for stage in self.own for e in stage.entries))
        stages = v.join(stage.number for stage in self.own)
        if not self.reader.minutes:
            return v.n(
                "stage %(stages)s in full, %(time)s.",
                "stages %(stages)s in full, %(time)s.",
                len(self.own),
                stages=stages,
                time=time,
            )
        return v.n(
            "stage %(stages)s in full, %(time)s of your %(budget)s.",
            "stages %(stages)s in full, %(time)s of your %(budget)s.",
            len(self.own),
            stages=stages,
            time=time,
            budget=v.duration(self.reader.minutes),
        )

    def ahead_line(self, stage: StageSection) -> Line:
        """Say what waits in a later stage, in one line."""
        v, name = self.v, self.v.name(stage.name)
        head = v.bold(str(v.t("Stage %(stage)s, %(name)s", stage=stage.number, name=name)))
        if not stage.entries:
            return v.t("%(stage)s: none chosen.", stage=head)
        first = stage.entries[0]
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
        stages = v.bold(str(v.join(stage.number for stage in self.behind)))
        return v.n(
            "Folded, stages %(stages)s: %(n)s chosen; %(link)s.",
            "Folded, stages %(stages)s: %(n)s chosen; %(link)s.",
            chosen,
            stages=stages,
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
        title = news.second_title(self.v, look, self.links.paper(look.id)) + self.v.line(".")
        return self.v.text([title, news.second_line(self.v, look, self.links.issue(look.stood.month))])

    def left_out(self, item: LeftOut) -> Line:
        """Say a paper that was left out in one line."""
        title = self.v.title(item.title, href=web(item.url))
        return self.v.t("%(title)s. %(why)s", title=title, why=sentences.left_out(self.v, item))

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
            head = v.t("You get this because %(address)s confirmed on %(date)s.", address=address, date=day)
        else:
            head = v.t("You get this because %(address)s subscribed.", address=address)
        return v.text([head, v.t("One mail a month; we do not see whether you open it.")])

    def piece(self, *key: object, caller: Callable[[], str]) -> Markup:
        """Take rows that do not depend on the reader from an earlier mail, or write them."""
        return self.pieces.row(key, caller)

    # -- pieces ------------------------------------------------------------------------------------------------------

    def why(self, entry: Entry) -> list[Said]:
        """Say the reasons of an entry."""
        return say_all(entry.reasons, self.v.lang, self.names, self.links)

    def brief(self, entry: Entry) -> Line:
        """Say the reasons of an entry in one line."""
        words = brief(entry.reasons, self.v.lang, self.names)
        return self.v.t("%(why)s.", why=words) if words else words

    def kicker(self, entry: Entry) -> list[str]:
        """Give topic, tags and minutes of an entry."""
        tags = sentences.marks(self.v, entry)
        tags += [str(self.v.t("withdrawn"))] if entry.withdrawn else []
        return [x for x in (sentences.topic_name(self.v, entry), *tags, sentences.minutes(self.v, entry)) if x]

    def compact_line(self, entry: Entry) -> Line:
        """Say topic, minutes and the strongest reasons of a compact entry."""
        place, why = self.v.join(self.kicker(entry)), brief(entry.reasons, self.v.lang, self.names)
        return self.v.t("%(place)s. %(why)s.", place=place, why=why) if why else place

    def full(self, stage: StageSection) -> tuple[Entry, ...]:
        """Choose the entries of a stage that are printed in full."""
        return stage.entries[: self.full_limit]

    def compact(self, stage: StageSection) -> tuple[tuple[Entry, ...], int]:
        """Choose those printed as a line, and count the ones cut to keep the mail small."""
        rest = stage.entries[self.full_limit :]
        kept = rest if self.compact_limit is None else rest[: self.compact_limit]
        return kept, len(rest) - len(kept)

    def left(self, stage: StageSection) -> tuple[LeftOut, ...]:
        """Choose those of what was left out that a mail has room for."""
        return stage.left_out[: self.left_limit]

    def url(self, entry: Entry) -> str:
        """Give the page of an entry."""
        return self.links.paper(entry.id)

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
        return [
            (code, str(Locale.parse(code).display_name).capitalize(), f"{base}?lang={code}")
            for code in LANGUAGES
            if code != self.v.lang
        ]

    # -- the text part -----------------------------------------------------------------------------------------------

    def text(self, subject: str) -> str:
        """Write the text part in the order of the HTML, cut as it was cut."""
        writer = _MailWriter(self.d, self.v, self.links)
        sheet = writer.sheet
        sheet.text(subject)
        sheet.text(sentences.state(self.v, self.d))
        sheet.text(self.v.t("View in browser"))
        sheet.address(self.links.permalink)
        sheet.gap()
        writer.path()
        writer.banners()
        sheet.text(self.v.text(sentences.deck(self.v, self.d)))
        sheet.gap()
        sheet.text(self.v.text([self.v.t("For you:"), self.for_you()]))
        self._shared(writer, writer.hour, "hour")
        self._shared(writer, writer.chart, "chart")
        for stage in self.own:
            limits = self.full_limit, self.compact_limit, self.left_limit
            self._shared(writer, partial(writer.stage, stage, *limits), "stage", stage.number, *limits)
        self._rest(writer)
        for write in (writer.late, writer.second, writer.coverage):
            self._shared(writer, write, write.__name__)
        self._foot(writer)
        return str(sheet)

    def _shared(self, writer: "_MailWriter", write: Callable[[], None], *key: object) -> None:
        """Write what does not depend on the reader, or take it from an earlier mail."""
        sheet = writer.sheet

        def alone(own: Sheet) -> None:
            writer.sheet = own
            write()
            writer.sheet = sheet

        self.pieces.write(sheet, key, alone)

    def _rest(self, writer: "_MailWriter") -> None:
        if not (self.ahead or self.behind):
            return
        writer.sheet.heading(self.v.t("The rest of the path"))
        for stage in self.ahead:
            writer.sheet.text(self.ahead_line(stage), 2, "-")
            writer.sheet.address(self.stage_url(stage), 2)
        if self.behind:
            writer.sheet.text(self.behind_line(), 2, "-")
            writer.sheet.address(self.stage_url(self.behind[0]), 2)

    def _foot(self, writer: "_MailWriter") -> None:
        sheet, reader = writer.sheet, self.reader
        sheet.gap()
        sheet.raw("--")
        sheet.text(self.because())
        sheet.gap()
        named = [
            (str(self.v.t("Stages, length, language")), reader.preferences_url),
            (str(self.v.t("Unsubscribe")), reader.unsubscribe_url),
            *((name, url) for _, name, url in self.languages()),
        ]
        for name, url in named:
            if url:
                sheet.text(name)
                sheet.address(url)
