"""Who gets the digest: addresses in one form, what a reader chose, the signed words in a mail's links. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Literal

from email_validator import EmailNotValidError, validate_email
from itsdangerous import BadSignature, URLSafeSerializer

from core.errors import UsageError

Purpose = Literal["confirm", "preferences", "unsubscribe", "feedback"]
LONGEST_TOKEN = 512  # a real one has about 70 characters; nobody's ten kilobytes are worth a hash
LANGUAGES = ("en", "ja")


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address as it is written to, and the key that makes two spellings of it the same person."""

    email: str
    key: str


def normalise(text: str) -> MailAddress:
    """Read one address (RFC 5321; host names may be international); raises UsageError without repeating a list of them.

    The local part stays as written for sending; capitals do not make another person. Local parts beyond ASCII are
    refused, since not every relay between here and there takes them.
    """
    try:
        found = validate_email(text.strip(), check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError as problem:
        raise UsageError(f"{text[:80]!r} is no mail address: {problem}", "Write one as name@example.org") from problem
    email = found.ascii_email or found.normalized
    return MailAddress(email, email.casefold())


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
    if len(text) > LONGEST_TOKEN:
        return None
    try:
        value = _serializer(keys, purpose).loads(text)
    except BadSignature:  # BadData's other kinds derive from it or cannot follow a good signature
        return None
    return Claim(int(value[0]), int(value[1]))


def link(base_url: str, signed: str, action: str) -> str:
    """Write the address of an action on a token (contract.md, HTTP)."""
    return f"{base_url}/s/{signed}/{action}"


def _serializer(keys: Sequence[str], purpose: Purpose) -> URLSafeSerializer:
    return URLSafeSerializer(list(keys), salt=f"shirube.{purpose}", signer_kwargs={"digest_method": sha256})
