"""The digest as plain text: complete, 72 columns, for a terminal and for the text part of a mail."""

from digest import front, news, notices, sentences
from digest.links import Links
from digest.model import Digest, Entry, LeftOut, StageSection
from digest.quotes import told
from digest.reasons import FILE, Names, names_in, say_all
from digest.sheet import Sheet, columns
from digest.words import Line, Voice, voice, web

MEDIA_TYPE = "text/plain"
SUFFIX = "txt"


def render(digest: Digest, lang: str) -> str:
    """Write the whole issue as text."""
    writer = Writer(digest, voice(lang), FILE)
    writer.top()
    writer.front()
    for stage in digest.stages:
        writer.stage(stage)
    writer.labs()
    writer.late()
    writer.second()
    writer.coverage()
    writer.cite()
    return str(writer.sheet)


class Writer:
    """Writes the parts of an issue on one sheet; what a mail leaves out it does not call."""

    def __init__(self, digest: Digest, v: Voice, links: Links) -> None:
        self.d, self.issue, self.v, self.links = digest, digest, v, links
        self.sheet, self.gists = Sheet(), True
        self.names: Names = names_in(digest)

    def url(self, entry: Entry) -> str | None:
        """Give the address an entry is read at."""
        return self.links.paper(entry.id) or web(entry.url)

    def top(self) -> None:
        """Write the name of the issue and its state."""
        self.sheet.text(self.v.t("%(month)s: Shirube", month=front.month(self.v, self.d)))
        self.sheet.text(front.state(self.v, self.d))
        self.sheet.gap()

    def front(self) -> None:
        """Write the path, the banners, the deck, the figures, the hour list and the chart."""
        self.path()
        self.banners()
        self.sheet.text(self.v.text(front.deck(self.v, self.d)))
        self.sheet.gap()
        for figure, what in front.facts(self.v, self.d):
            self.sheet.text(self.v.tc("figure and what it counts", "%(figure)s %(what)s", figure=figure, what=what))
        self.hour()
        self.chart()

    def path(self) -> None:
        """Draw the stages as stones on a line, with a mark under the reader's."""
        numbers = [stage.number for stage in self.d.stages]
        if len(numbers) < 2:
            return
        self.sheet.raw("---".join(f"[{number}]" for number in numbers))
        if self.links.here in numbers:
            mark = " " * (numbers.index(self.links.here) * 6 + 1) + "^ "
            self.sheet.raw(mark + str(self.v.t("You are here")))
        self.sheet.gap()

    def banners(self) -> None:
        """Write what must be known first."""
        for _, head, lines in notices.banners(self.v, self.d, self.links):
            self.sheet.text(self.v.text([head, *lines]), indent=2, first="!")
            self.sheet.gap()

    def hour(self) -> None:
        """Write the papers for one hour."""
        entries = front.hour_entries(self.d)
        if not entries:
            return
        self.sheet.heading(self.v.t("If you only have an hour"))
        self.sheet.text(self.v.text(front.hour_note(self.v, self.d)))
        for entry in entries:
            self.sheet.gap()
            self.sheet.text(self.v.line(self.v.title(entry.title)), 8, self.v.duration(entry.minutes))
            self.sheet.text(sentences.hour_line(self.v, self.d, entry, self.names), 8)
            self._gist(entry, 8)
            self.sheet.address(self.url(entry), 8)

    def chart(self) -> None:
        """Write the chart as its table."""
        v = self.v
        self.sheet.heading(v.t("Papers of %(month)s, stage by stage", month=front.month_name(v, self.d)))
        self.sheet.text(front.chart_note(v, self.d))
        self.sheet.gap()
        rows = [(f"{s.number}  {v.name(s.name)}", v.number(s.counted), v.number(s.chosen)) for s in self.d.stages]
        self.sheet.rows([front.chart_heads(v, self.d), *rows])

    def stage(
        self, stage: StageSection, full: int = sentences.FULL, compact: int | None = None, left: int | None = None
    ) -> None:
        """Write a stage: its first `full` entries whole, the next `compact` (None: all) as lines of a list.

        `left` is how many of those left out are named (None: all).
        """
        self.head(stage)
        for entry in stage.entries[:full]:
            self.entry(entry)
        if not stage.entries:
            self.nothing(stage)
        self._also(stage, stage.entries[full:], compact)
        self.left_out(stage.left_out[:left])

    def place(self, stage: StageSection) -> Line:
        """Name a stage by its place on the road."""
        name = self.v.name(stage.name)
        return self.v.t("Stage %(stage)s of %(total)s, %(name)s", stage=stage.number, total=self.d.road, name=name)

    def head(self, stage: StageSection, *, described: bool = True) -> None:
        """Write what stands above the entries of a stage."""
        v = self.v
        self.sheet.heading(self.place(stage))
        if described:
            self.sheet.text(v.name(stage.description))
        self.sheet.text(sentences.counts(v, stage))
        if changed := news.changed(v, stage):
            self.sheet.text(v.text([v.t("What changed:"), *changed]))
        self._read_first(stage)

    def _read_first(self, stage: StageSection) -> None:
        if stage.read_first is None:
            return
        title = self.v.title(stage.read_first.title)
        self.sheet.gap()
        self.sheet.text(self.v.t("Read first: %(work)s", work=title))
        self.sheet.text(sentences.work_note(self.v, stage.read_first))
        self.sheet.address(web(stage.read_first.url))

    def nothing(self, stage: StageSection) -> None:
        """Say that nothing was chosen, and what can be read instead."""
        self.sheet.gap()
        self.sheet.text(self.v.text(sentences.nothing(self.v, self.d, stage, self.links)))
        if stage.read_first:
            self.sheet.text(sentences.instead(self.v, stage.read_first))

    def entry(self, entry: Entry) -> None:
        """Write one entry in full: title, authors, summary, reasons, addresses."""
        v, sheet = self.v, self.sheet
        sheet.gap()
        sheet.text(v.line(v.title(entry.title)), 5, entry.number)
        kicker = v.join(
            [
                x
                for x in (sentences.topic_name(v, entry), *self._tags(entry), sentences.minutes(v, entry, self.issue))
                if x
            ]
        )
        sheet.text(kicker, 5)
        sheet.text(" · ".join(str(piece) for piece in sentences.byline(v, self.d, entry)), 5)
        if entry.stood:
            sheet.text(news.stood(v, entry.stood), 5)
        sheet.gap()
        self._summary(entry)
        for said in say_all(told(entry), v.lang, self.names, self.links):
            sheet.text(v.t("%(label)s: %(line)s", label=said.label, line=said.line), 7, "     -")
        if first := sentences.read_before(v, entry):
            sheet.text(first, 7, "     -")
        sheet.gap()
        self._addresses(entry)

    def _tags(self, entry: Entry) -> list[str]:
        tags = sentences.marks(self.v, entry)
        return [*tags, str(self.v.t("withdrawn"))] if entry.withdrawn else tags

    def _summary(self, entry: Entry) -> None:
        v = self.v
        if entry.summary:
            text = v.line(v.title(entry.summary.text))
            source = sentences.summary_source(v, entry, entry.summary, self.d)
            self.sheet.text(v.t("%(summary)s (%(source)s)", summary=text, source=source) if source else text, 5)
        elif not entry.has_abstract and self.d.status != "sample":  # there the banner says so once
            self.sheet.text(sentences.title_only(v), 5)
        self.sheet.gap()

    def _addresses(self, entry: Entry) -> None:
        published = "" if entry.kind == "post" else "arXiv"
        named = [("Shirube", self.links.paper(entry.id)), (published, web(entry.url)), ("PDF", web(entry.pdf_url))]
        named += [(str(self.v.t("Code")), web(ref.url)) for ref in entry.code[:2]]
        for name, url in named:
            if url:
                label = name + " " * max(1, 8 - columns(name)) if name else ""
                self.sheet.raw("     " + label + url)
        if asked := self.feedback(entry):
            self.sheet.text(self.v.t("More like this, or less:"), 5)
            for url in asked:
                self.sheet.address(url, 5)

    def feedback(self, entry: Entry) -> tuple[str, ...]:
        """List the addresses where a reader says more or less of this; none in a file."""
        del entry
        return ()

    def _also(self, stage: StageSection, rest: tuple[Entry, ...], most: int | None) -> None:
        if not rest:
            return
        self.sheet.gap()
        self.sheet.text(self.v.t("Also chosen") if len(rest) < len(stage.entries) else self.v.t("Papers chosen"))
        for entry in rest[:most]:
            self.sheet.gap()
            self.compact(entry)
        if cut := len(rest) - len(rest[:most]):
            self.more(stage, cut)

    def more(self, stage: StageSection, count: int) -> None:
        """Say how many more there are, and where."""
        self.sheet.gap()
        self.sheet.text(self.v.n("%(n)s more in the browser", "%(n)s more in the browser", count))
        self.sheet.address(self.links.within(f"stage-{stage.number}"))

    def compact(self, entry: Entry) -> None:
        """Write an entry as a line of a list."""
        v = self.v
        self.sheet.text(v.line(v.title(entry.title)), 5, entry.number)
        about = v.join(
            [
                x
                for x in (sentences.topic_name(v, entry), *self._tags(entry), sentences.minutes(v, entry, self.issue))
                if x
            ]
        )
        why = sentences.reason(v, entry, self.names)
        self.sheet.text(v.t("%(place)s. %(why)s.", place=about, why=why) if why else about, 5)
        if self.gists:
            self._gist(entry, 5)
        if entry.stood:
            self.sheet.text(news.stood(v, entry.stood), 5)
        self.sheet.address(self.url(entry), 5)

    def _gist(self, entry: Entry, indent: int) -> None:
        if words := sentences.gist(self.v, entry):
            self.sheet.text(words, indent)

    def left_out(self, items: tuple[LeftOut, ...]) -> None:
        """Write what was left out of a stage, and why."""
        if not items:
            return
        self.sheet.gap()
        self.sheet.text(self.v.t("Left out, and why"))
        self.sheet.gap()
        for item in items:
            words = sentences.reasoned(self.v, self.v.title(item.title), sentences.left_out(self.v, item))
            self.sheet.text(words, 2, "-")
            self.sheet.address(web(item.url), 2)

    def labs(self) -> None:
        """Write what the labs published, where the road follows any."""
        if not self.d.labs:
            return
        self.sheet.heading(self.v.t("From the labs"))
        for lab in self.d.labs:
            count = sentences.lab_count(self.v, self.d, lab.count)
            self.sheet.text(self.v.t("%(label)s: %(line)s", label=self.v.name(lab.name), line=count))
            for line in lab.lines:
                mark = line.number or (str(self.v.t("post")) if line.kind == "post" else "")
                self.sheet.text(sentences.lab_title(self.v, line), 7, f"  {mark}")
                self.sheet.address(self.links.paper(line.id) or web(line.url), 7)
            if more := sentences.lab_more(self.v, lab):
                self.sheet.text(more, 7)

    def late(self) -> None:
        """Write late arrivals, if any."""
        if not (self.d.late or self.d.late_more):
            return
        v = self.v
        self.sheet.heading(v.t("Late arrivals"))
        self.sheet.text(sentences.late_note(v, self.d))
        self.sheet.gap()
        for entry in self.d.late:
            where, when = sentences.late_place(v, self.d, entry), sentences.late_line(v, entry)
            title = v.line(v.title(entry.title))
            self.sheet.text(v.t("%(title)s (%(place)s). %(late)s", title=title, place=where, late=when), 2, "-")
            self.sheet.address(self.url(entry), 2)

    def second(self) -> None:
        """Write second looks, if any."""
        if not (self.d.second or self.d.second_more):
            return
        self.sheet.heading(self.v.t("Second looks"))
        self.sheet.text(news.second_note(self.v, self.d))
        self.sheet.gap()
        for look in self.d.second:
            words = sentences.reasoned(self.v, news.second_title(self.v, look), news.second_line(self.v, look))
            self.sheet.text(words, 2, "-")
            self.sheet.address(self.links.paper(look.id) or web(look.url), 2)

    def coverage(self) -> None:
        """Write what may be missing."""
        v = self.v
        self.sheet.heading(notices.missing_title(v, self.d))
        counts = [
            v.t("%(label)s: %(line)s", label=what, line=figure) for what, figure in notices.coverage_rows(v, self.d)
        ]
        for line in counts:
            self.sheet.text(line)
        for head, detail in notices.gaps(v, self.d):
            self.sheet.text(v.text([head, detail]), 2, "-")
        if read := notices.votes_read(v, self.d):
            self.sheet.text(read, 2, "-")

    def cite(self) -> None:
        """Write how the issue was made."""
        self.sheet.heading(self.v.t("Cite, take along"))
        for line in front.cite(self.v, self.d):
            self.sheet.text(line)
