"""Who gets the digest: addresses in one form, what a reader chose, the signed words in a mail's links. Pure."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address, HeaderRegistry
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from email_validator import EmailNotValidError, validate_email
from itsdangerous import BadSignature, URLSafeSerializer

from core.errors import UsageError

Purpose = Literal["confirm", "preferences", "unsubscribe", "undo", "feedback"]
LONGEST_TOKEN = 512  # a real one has about 70 characters; nobody's ten kilobytes are worth a hash
LONGEST_ADDRESS, LONGEST_LOCAL = 254, 64  # RFC 3696, erratum 1690; RFC 5321, 4.5.3.1.1
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HEADERS = HeaderRegistry()
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


class Wrong(StrEnum):
    """What is wrong with an address."""

    MISSING = "missing"
    CONTROL = "control"
    LONG = "long"
    SEVERAL = "several"
    QUOTED = "quoted"
    NO_AT = "no-at"
    FOREIGN = "foreign"
    FORM = "form"


class AddressError(UsageError):
    """A text that is no mail address; `wrong` says why."""

    def __init__(self, wrong: Wrong, message: str) -> None:
        super().__init__(message, "Write one as name@example.org")
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address as it is written to, and the key that makes two spellings of it the same person."""

    email: str
    key: str

    @property
    def mailbox(self) -> str:
        """Name the mailbox that capitals, dots and plus variants usually share: for caps, never for sending."""
        local, _, domain = self.key.rpartition("@")
        return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def normalise(text: str) -> MailAddress:
    """Read one address (RFC 5321; host names may be international); raises AddressError without repeating a list.

    The local part stays as written for sending; capitals do not make another person. Refused are local parts beyond
    ASCII and quoted ones, since not every relay between here and there takes them, and percent signs that decode to
    something else on the way.
    """
    email = text.strip(" \t\u3000")
    if wrong := _wrong(email):
        raise AddressError(wrong, f"{_shown(email)} is no mail address: {wrong.value}")
    try:
        found = validate_email(email, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as problem:
        raise AddressError(Wrong.FORM, f"{_shown(email)} is no mail address: {problem}") from problem
    ascii_email = found.ascii_email or found.normalized
    if not writable(ascii_email):
        raise AddressError(Wrong.FORM, f"{_shown(email)} is no mail address: it reads as an encoded word")
    return MailAddress(ascii_email, ascii_email.casefold())


def writable(email: str) -> bool:
    """Tell whether an address can stand in a header as it is: one that begins like an encoded word (RFC 2047) cannot.

    Some readers of mail decode it, others refuse it, and so does the standard library.
    """
    if email.startswith("=?"):
        return False
    try:
        header = _HEADERS("To", Address(addr_spec=email))
    except (MessageError, ValueError):  # it raises several kinds of both
        return False
    return str(header) == email


def _wrong(email: str) -> Wrong | None:
    """Name what people and attackers get wrong most; the rest is found by the full check."""
    local = email.rpartition("@")[0]
    tests = (
        (Wrong.MISSING, not email),
        (Wrong.CONTROL, bool(_CONTROL.search(email) or _ESCAPED.search(email))),
        (Wrong.LONG, len(email) > LONGEST_ADDRESS or len(local) > LONGEST_LOCAL),
        (Wrong.QUOTED, '"' in email or "\\" in email),
        (Wrong.SEVERAL, any(mark in email for mark in ",;<>") or email.count("@") > 1),
        (Wrong.NO_AT, "@" not in email),
        (Wrong.FOREIGN, not local.isascii()),
    )
    return next((wrong for wrong, holds in tests if holds), None)


def _shown(text: str) -> str:
    return repr(text[:80])


def mask(email: str) -> str:
    """Show an address to its owner and to nobody else: r•••@example.org."""
    local, _, domain = email.rpartition("@")
    return f"{local[:1]}•••@{domain}"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a person asked for: an address, a language, and optionally stages, topics, labs and a reading time."""

    email: str
    lang: str = "en"
    stages: tuple[int, ...] = ()
    topics: tuple[str, ...] = ()
    labs: tuple[str, ...] = ()
    minutes: int | None = None

    @property
    def wishes(self) -> dict[str, object]:
        """Give what is chosen, as columns of a row."""
        lists: dict[str, object] = {name: list(getattr(self, name)) for name in ("stages", "topics", "labs")}
        return {**lists, "minutes": self.minutes}


@dataclass(frozen=True, slots=True)
class Claim:
    """Whom a token speaks of; `created` guards against an id that was given to another person later."""

    subscriber_id: int
    created: int  # seconds since 1970


def token(keys: Sequence[str], purpose: Purpose, subscriber_id: int, created: datetime) -> str:
    """Sign a link for one purpose and person; `keys` are oldest first, the last one signs.

    It does not expire: an unsubscribe link in an old mail works for years, as long as its key is kept.
    """
    signed = _serializer(keys, purpose).dumps([subscriber_id, int(created.timestamp())])
    return signed if isinstance(signed, str) else signed.decode("ascii")


def read_token(keys: Sequence[str], purpose: Purpose, text: str) -> Claim | None:
    """Read a token; None when it is forged, cut, or was made for another purpose."""
    if not keys or len(text) > LONGEST_TOKEN:
        return None
    try:
        value = _serializer(keys, purpose).loads(text)
    except BadSignature:  # BadData's other kinds derive from it or cannot follow a good signature
        return None
    return Claim(int(value[0]), int(value[1]))


def link(base_url: str, signed: str, action: str, lang: str | None = None) -> str:
    """Write the address of an action on a token (contract.md, HTTP), in a language where one is named."""
    return f"{base_url}/s/{signed}/{action}" + (f"?lang={lang}" if lang else "")


def hashes(keys: Sequence[str], what: str, text: str) -> list[str]:
    """Hash something personal for one use, under each key (HMAC-SHA-256, RFC 2104); the first is of the newest key.

    Who has the database but not the keys can neither read it back nor try addresses against it.
    """
    message = f"{what}\n{text}".encode()
    return [hmac.new(key.encode(), message, sha256).hexdigest() for key in reversed(keys)]


def _serializer(keys: Sequence[str], purpose: Purpose) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt=f"shirube.{purpose}", signer_kwargs={"digest_method": sha256})
