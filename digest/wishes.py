"""What somebody filled in at the sign-up page or sent to the API: checked by one set of rules, answers kept. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from digest.subscriptions import AddressError, MailAddress, Subscription, Wrong, normalise
from locales.load import LANGUAGES
from roadmap.model import Roadmap

BUDGETS = (30, 90, 240)  # minutes a month
Given = Mapping[str, Sequence[str]]  # field -> the texts given


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a field, as a sentence of the catalogue, and which value it is about."""

    field: str
    words: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """A filled-in form: the texts as given, to be shown again, and what they mean where all of them are right."""

    given: dict[str, tuple[str, ...]]
    faults: tuple[Fault, ...]
    address: MailAddress | None
    wanted: Subscription

    def has(self, field: str, value: object) -> bool:
        """Tell whether a value was chosen."""
        return str(value) in self.given.get(field, ())

    def text(self, field: str) -> str:
        """Give the text of a field with one value."""
        return next(iter(self.given.get(field, ())), "")

    def fault(self, field: str) -> Fault | None:
        """Give the first fault of a field."""
        return next((fault for fault in self.faults if fault.field == field), None)


def t(words: str) -> str:
    """Mark a sentence for the catalogue; it is translated where it is shown."""
    return words


ADDRESS_WORDS = {
    Wrong.MISSING: t("Write the e-mail address that the mail should come to."),
    Wrong.CONTROL: t("The address holds a character that no address has, such as a line break. Type it anew."),
    Wrong.LONG: t("The address is too long: 64 characters before the @ and 254 in all are the most."),
    Wrong.SEVERAL: t("Write one address and nothing else; no list, no name before it."),
    Wrong.QUOTED: t("Addresses with quotation marks or backslashes cannot be used here. Use another one."),
    Wrong.NO_AT: t("The address has no @. It should look like name@example.org."),
    Wrong.FOREIGN: t("The part before the @ may hold only Latin letters, digits and marks. Use another address."),
    Wrong.FORM: t("This is no address that mail can be sent to. It should look like name@example.org."),
}
LANG_WORDS = t("Choose one of the languages listed.")
CHOICE_WORDS = {
    "stages": t("Choose from the stages listed."),
    "topics": t("Choose from the topics listed."),
    "labs": t("Choose from the labs listed."),
}
MINUTES_WORDS = t("Choose 30, 90 or 240 minutes, or everything.")


def read_answers(given: Given, roadmap: Roadmap, *, with_address: bool = True, keep: int | None = None) -> Answers:
    """Check what was filled in; nothing is left out silently, every wrong value is a fault.

    Without `with_address` the form is about a person who is known. `keep`: a reading time of their own that stays
    choosable.
    """
    texts = {field: tuple(values) for field, values in given.items()}
    address, faults = _address(texts) if with_address else (None, [])
    lang = next(iter(texts.get("lang", ())), LANGUAGES[0])
    minutes = next(iter(texts.get("minutes", ())), "").strip()
    known = {"stages": [str(s.number) for s in roadmap.stages], "topics": roadmap.topics, "labs": roadmap.labs}
    faults += [Fault("lang", LANG_WORDS, lang)] if lang not in LANGUAGES else []
    for field, allowed in known.items():
        faults += [Fault(field, CHOICE_WORDS[field], v) for v in texts.get(field, ()) if v not in allowed]
    budgets = [str(budget) for budget in (*BUDGETS, keep) if budget]
    faults += [Fault("minutes", MINUTES_WORDS, minutes)] if minutes and minutes not in budgets else []
    wanted = Subscription(address.email if address else "") if faults else _wanted(texts, address, lang, minutes)
    return Answers(texts, tuple(faults), address, wanted)


def _address(texts: Given) -> tuple[MailAddress | None, list[Fault]]:
    values = texts.get("email", ())
    if len(values) > 1:
        return None, [Fault("email", ADDRESS_WORDS[Wrong.SEVERAL])]
    try:
        return normalise("".join(values)), []
    except AddressError as problem:
        return None, [Fault("email", ADDRESS_WORDS[problem.wrong])]


def _wanted(texts: Given, address: MailAddress | None, lang: str, minutes: str) -> Subscription:
    return Subscription(
        email=address.email if address else "",
        lang=lang,
        stages=tuple(sorted({int(number) for number in texts.get("stages", ())})),
        topics=tuple(dict.fromkeys(texts.get("topics", ()))),
        labs=tuple(dict.fromkeys(texts.get("labs", ()))),
        minutes=int(minutes) if minutes else None,
    )
