"""Ways a mail leaves the house: one protocol, and outcomes as values that say what is certain."""

from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal, Protocol

Delays = Literal["person", "recipient", "domain", "everyone"]


@dataclass(frozen=True, slots=True)
class Sent:
    """The other side took the message over."""


@dataclass(frozen=True, slots=True)
class Later:
    """Certainly not delivered, and worth another try.

    `delays` says who else would meet the same now: nobody; perhaps others at this domain, since it refused a recipient
    and may do so to each one at first (greylisting, RFC 6647); everyone at this domain; or everyone.
    """

    reason: str
    delays: Delays = "person"


@dataclass(frozen=True, slots=True)
class Refused:
    """Certainly not delivered, and never will be (a 5xx reply); `address`: since there is no such mailbox."""

    reason: str
    address: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message was written and no reply came: it may have been delivered or not."""

    reason: str


Outcome = Sent | Later | Refused | Unknown


class Delivery(Protocol):
    """Something that hands one message to one recipient."""

    def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        """Hand over one message; `before_data` is called once, right before its first byte leaves.

        What `before_data` raises comes out unchanged, and then nothing was sent. Failures of the other side are
        outcomes and never raised; a wrong setting raises core.errors.ConfigError.
        """
        ...

    def close(self) -> None:
        """Let go of what is kept open between two messages; the next message opens it again."""
        ...
