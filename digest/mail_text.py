"""The text part of a mail: the content and the order of its HTML, cut as that was cut, in 72 columns."""

from collections.abc import Callable
from functools import partial

from digest import foryou, front
from digest.formats.email import Mail, MailLinks, said_of
from digest.formats.text import Writer
from digest.model import Entry
from digest.own import Ahead, Section
from digest.sheet import Sheet
from digest.words import web


def mail_text(mail: Mail, subject: str) -> str:
    """Write the text part of a mail under its subject."""
    writer = _MailWriter(mail)
    writer.opening(subject)
    if mail.d.hour:
        writer.shared(writer.hour, "hour", mail.d.hour)
    writer.shared(writer.chart, "chart")
    for section in mail.chosen.sections:
        writer.section(section)
    writer.from_labs()
    writer.rest()
    writer.shared(writer.late, "late", tuple(e.id for e in mail.d.late), mail.d.late_more)
    writer.shared(writer.second, "second", tuple(look.id for look in mail.d.second), mail.d.second_more)
    writer.shared(writer.coverage, "coverage")
    writer.foot()
    return str(writer.sheet)


class _MailWriter(Writer):
    """Writes what a mail prints; entries can be answered, and what no reader changes is written once."""

    links: MailLinks

    def __init__(self, mail: Mail) -> None:
        self.mail, self.d, self.issue, self.v, self.links = mail, mail.d, mail.issue, mail.v, mail.links
        self.sheet, self.names, self.gists = Sheet(), mail.names, mail.gists

    def shared(self, write: Callable[[], None], *key: object, gap: bool = True) -> None:
        """Write what does not depend on the reader, or take it from an earlier mail, after a gap or at once."""
        sheet = self.sheet

        def alone(own: Sheet) -> None:
            self.sheet = own
            write()
            self.sheet = sheet

        self.mail.pieces.write(sheet, key, alone, gap=gap)

    def opening(self, subject: str) -> None:
        """Write what stands above the hour list."""
        self.sheet.text(subject)
        self.shared(self._front, "opening", self.links.here, gap=False)
        self.sheet.text(self.v.text([self.v.t("For you:"), self.mail.for_you()]))

    def _front(self) -> None:
        sheet, v = self.sheet, self.v
        sheet.text(front.state(v, self.d))
        sheet.text(v.t("View in browser"))
        sheet.address(self.links.permalink)
        sheet.gap()
        self.path()
        self.banners()
        sheet.text(v.text(front.deck(v, self.mail.issue)))
        sheet.gap()

    def section(self, section: Section) -> None:
        """Write a stage as this reader gets it."""
        stage, mail = section.stage, self.mail
        if section.whole:
            self.shared(lambda: self.head(stage, described=False), "head", stage.number, stage.read_first)
        else:
            self._narrow_head(section)
        for entry in mail.full(section):
            self._entry("full", entry, self.entry)
        if section.whole and not section.entries:
            self._none(section)
        self._lines(section)
        if left := section.left_out:
            self.shared(lambda: self.left_out(left), "left", stage.number, *(item.id for item in left))

    def _entry(self, kind: str, entry: Entry, write: Callable[[Entry], None]) -> None:
        if said_of(entry):
            self.sheet.gap()
            write(entry)
        else:
            self.shared(lambda: write(entry), kind, entry.id)

    def _narrow_head(self, section: Section) -> None:
        self.sheet.heading(self.place(section.stage))
        self.sheet.text(self.mail.here_for(section))

    def _none(self, section: Section) -> None:
        if section.stage.entries and not section.more:
            self.sheet.gap()
            self.sheet.text(foryou.seen_all(self.v))
        elif not section.stage.entries:
            self.nothing(section.stage)

    def _lines(self, section: Section) -> None:
        compact, more = self.mail.compact(section)
        if not compact and not more:
            return
        if compact:
            self.sheet.gap()
            self.sheet.text(self.v.t("Also chosen") if self.mail.full(section) else self.v.t("Papers chosen"))
        for entry in compact:
            self._entry("line with its sentence" if self.mail.gists else "line", entry, self.compact)
        if more:
            self.sheet.gap()
            self.sheet.text(self.mail.more(section))
            self.sheet.address(self.mail.stage_url(section.stage))

    def from_labs(self) -> None:
        """Write what the chosen labs published."""
        if not self.mail.chosen.labs:
            return
        self.sheet.heading(self.v.t("From your labs"))
        for lab in self.mail.chosen.labs:
            self.sheet.text(self.mail.lab_head(lab))
            for line in lab.lines:
                self.sheet.text(self.mail.lab_line(line), 2, "-")
                self.sheet.address(self.links.paper(line.id) or web(line.url), 2)
            if more := self.mail.lab_more(lab):
                self.sheet.text(more, 2)
                self.sheet.address(self.links.lab(lab.key), 2)

    def rest(self) -> None:
        """Write the other stages, a line each, those behind the reader in one."""
        mail, sheet = self.mail, self.sheet
        if not (mail.ahead or mail.behind):
            return
        sheet.heading(self.v.t("The rest of the path"))
        for one in mail.ahead:
            self.shared(partial(self._ahead, one), "ahead", one.stage.number, one.first and one.first.id, gap=False)
        if mail.behind:
            sheet.text(mail.behind_line(), 2, "-")
            sheet.address(mail.stage_url(mail.behind[0]), 2)

    def _ahead(self, one: Ahead) -> None:
        self.sheet.text(self.mail.ahead_line(one), 2, "-")
        self.sheet.address(self.mail.stage_url(one.stage), 2)

    def foot(self) -> None:
        """Write why the mail came, and what can be done about it."""
        sheet, v, reader = self.sheet, self.v, self.mail.reader
        sheet.gap()
        sheet.raw("--")
        sheet.text(self.mail.because())
        sheet.text(self.mail.chose())
        for line in front.abstracts(v, self.mail.issue):
            sheet.text(line)
        sheet.gap()
        named = [
            (str(v.t("Stages, length, language")), reader.preferences_url),
            (str(v.t("Unsubscribe")), reader.unsubscribe_url),
            *((name, url) for _, name, url in self.mail.languages()),
        ]
        for name, url in named:
            if url:
                sheet.text(name)
                sheet.address(url)

    def feedback(self, entry: Entry) -> tuple[str, ...]:
        """List the addresses of the pages with one button."""
        asked = (self.links.feedback_for(entry.id, verb) for verb in ("more", "less"))
        return tuple(url for url in asked if url)
