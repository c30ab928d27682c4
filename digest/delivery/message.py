"""One message to one person: both parts, and the headers trusted senders set.

Sources: RFC 5322 (Message-ID, Date), RFC 2919 (List-Id), RFC 2369 and RFC 8058 (List-Unsubscribe), RFC 3834
(Auto-Submitted).
"""

from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from core.errors import ConfigError
from core.text import text_hash
from digest.delivery.address import named_address
from digest.encoding import encoded
from digest.formats.email import MailParts

_NEVER_FOLDED = frozenset({"list-unsubscribe", "list-unsubscribe-post"})


class _Policy(EmailPolicy):
    """SMTP's line ends, and addresses of the web left whole.

    Python folds a long URL in an unstructured header into encoded words, which no mail client reads as a link.
    """

    def fold(self, name: str, value: Any) -> str:
        """Write a header as text."""
        return self._whole(name, value) or super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Write a header as bytes."""
        whole = self._whole(name, value)
        return whole.encode("ascii") if whole else super().fold_binary(name, value)

    def _whole(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.linesep}" if name.lower() in _NEVER_FOLDED else ""


POLICY = _Policy(linesep="\r\n", cte_type="7bit")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: address and name, where replies go, and the public address of the web service."""

    address: str
    name: str
    reply_to: str
    base_url: str  # no slash at its end

    @property
    def domain(self) -> str:
        """Give the domain of the sending address, the home of Message-IDs."""
        return self.address.rpartition("@")[2]

    @property
    def list_id(self) -> str:
        """Name the mailing list by the web service's host (RFC 2919)."""
        host = urlsplit(self.base_url).hostname or self.domain
        return f"<digest.{host}>"


def make_sender(mail_from: str | None, base_url: str | None, reply_to: str | None = None) -> Sender:
    """Check the settings mail cannot do without; raises ConfigError naming the one to set."""
    if not mail_from:
        raise ConfigError("Mail has no sender", "Set SHIRUBE_MAIL_FROM to the address that mail comes from")
    if not base_url or urlsplit(base_url).scheme not in ("http", "https"):
        raise ConfigError("Mail has no public address to link to", "Set SHIRUBE_BASE_URL, such as https://example.org")
    name, address = _checked("SHIRUBE_MAIL_FROM", mail_from)
    replies = _checked("SHIRUBE_REPLY_TO", reply_to)[1] if reply_to else address
    return Sender(address, name or "Shirube", replies, base_url.rstrip("/"))


def _checked(setting: str, address: str) -> tuple[str, str]:
    try:
        return named_address(address)
    except ValueError as problem:
        raise ConfigError(f"{setting} is no mail address: {problem}", f"Set {setting} to name@example.org") from problem


def build_message(
    parts: MailParts, sender: Sender, recipient: str, message_id: str, moment: datetime, unsubscribe: str
) -> EmailMessage:
    """Put one message together; `moment` becomes its Date, `unsubscribe` is the URL that acts on POST.

    Raises ValueError when an address or a header holds a line break: nothing of it reaches the wire.
    """
    message = EmailMessage(policy=POLICY)
    message["From"] = _same_address("From", sender.name, sender.address)
    message["To"] = Address(addr_spec=recipient)
    message["Subject"] = parts.subject
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = f"<{message_id}>"
    message["Reply-To"] = _same_address("Reply-To", "", sender.reply_to)
    message["List-Id"] = _same("List-Id", sender.list_id)
    message["List-Unsubscribe"] = f"<{unsubscribe}>"
    message["List-Unsubscribe-Post"] = _same("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
    message["Auto-Submitted"] = _same("Auto-Submitted", "auto-generated")
    message["MIME-Version"] = _same("MIME-Version", "1.0")
    # Not a random boundary: sent again, it is the same mail to the byte.
    message["Content-Type"] = f'multipart/alternative; boundary="{text_hash(message_id)}"'
    message.set_payload([_part(parts.text, "plain"), _part(parts.html, "html")])
    return message


def _part(text: str, subtype: str) -> EmailMessage:
    """Write one part; encoded here, since the standard library takes ten times as long for the same."""
    encoding, payload = encoded(text)
    part = EmailMessage(policy=POLICY)
    part["Content-Type"] = _same("Content-Type", f'text/{subtype}; charset="utf-8"')
    part["Content-Transfer-Encoding"] = _same("Content-Transfer-Encoding", encoding)
    part.set_payload(payload)
    return part


@lru_cache(maxsize=64)
def _same(name: str, value: str) -> Any:
    """Read a header that all mails of an installation share once: the standard library takes its time for each."""
    return POLICY.header_store_parse(name, value)[1]


@lru_cache(maxsize=64)
def _same_address(header: str, name: str, address: str) -> Any:
    """Read a header with our own address once; a reader's is never kept."""
    return POLICY.header_factory(header, Address(name, addr_spec=address))
