"""The mail that asks to confirm a sign-up: a link, and no word that whoever signed up could have chosen. Pure."""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal

from core.text import text_hash
from digest.delivery.message import POLICY, Sender
from digest.sheet import Sheet
from digest.templating import write
from digest.words import Line, Voice, voice

Kind = Literal["confirm", "known"]


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail after a sign-up: to confirm it, or to say that the address has the mail already."""

    kind: Kind
    email: str
    lang: str
    url: str  # the page it leads to
    message_id: str


def letter_for(state: str | None, suppressed: str | None) -> Kind | None:
    """Choose what a sign-up brings: `state` of the person who is known, `suppressed` the reason of a hash.

    Who left or was erased may come back by their own hand; an address that refuses mail, or that the operator
    suppressed, gets nothing.
    """
    if suppressed in ("refused", "operator") or state == "suppressed":
        return None
    return "known" if state == "active" else "confirm"


def write_letter(letter: Letter, sender: Sender, moment: datetime) -> EmailMessage:
    """Write the message; `moment` becomes its Date. No List-Unsubscribe: there is nothing to leave yet."""
    v = voice(letter.lang)
    words = _words(letter, v)
    message = EmailMessage(policy=POLICY)
    message["From"] = Address(sender.name, addr_spec=sender.address)
    message["To"] = Address(addr_spec=letter.email)
    message["Subject"] = str(words["subject"])
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = f"<{letter.message_id}>"
    message["Reply-To"] = Address(addr_spec=sender.reply_to)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(words, letter.url))
    message.add_alternative(write("letter.html.j2", v, url=letter.url, **words), subtype="html")
    message.set_boundary(text_hash(letter.message_id))
    return message


def _words(letter: Letter, v: Voice) -> dict[str, Line]:
    if letter.kind == "known":
        return {
            "subject": v.t("You already get the monthly mail"),
            "lead": v.t("Somebody, perhaps you, signed this address up for Shirube’s monthly mail. It comes already."),
            "button": v.t("See or change what you get"),
            "after": v.t("Nothing was changed. If it was not you, there is nothing to do."),
        }
    return {
        "subject": v.t("Confirm Shirube’s monthly mail"),
        "lead": v.t("Somebody, perhaps you, signed this address up for Shirube’s monthly mail: one mail a month."),
        "button": v.t("Confirm, and get the monthly mail"),
        "after": v.t(
            "The link works once, for 48 hours. If it was not you, do nothing: you are not subscribed, and the address "
            "is deleted."
        ),
    }


def _text(words: dict[str, Line], url: str) -> str:
    sheet = Sheet()
    sheet.text(words["lead"])
    sheet.gap()
    sheet.text(words["button"])
    sheet.address(url)
    sheet.gap()
    sheet.text(words["after"])
    return str(sheet)
