"""Mail by SMTP (RFC 5321), with the standard library: one recipient per message, many messages per connection.

The steps are spoken one by one, since only then is it certain on which side of the message a failure fell.
"""

import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import ConfigError
from digest.delivery import Delays, Later, Outcome, Refused, Sent, Unknown

_FORM = "Write smtp://user:password@host:587?starttls=required, smtps://host:465, or smtp://localhost:25?starttls=never"
_DOT = re.compile(rb"^\.", re.MULTILINE)
_ADDRESS = re.compile(r"[^\s<>@:]+@[^\s<>@]+")
_ENHANCED = re.compile(r"(?<![\d.])5\.(\d{1,3}\.\d{1,3})(?!\.?\d)")
# No such mailbox, no such host, wrong form, ambiguous, moved, null MX; disabled. Not 1.7 and 1.8: those are the sender.
_MAILBOX = frozenset({"1.1", "1.2", "1.3", "1.4", "1.6", "1.10", "2.1"})
_UNSAID = "1.0"  # something about an address, the sender's or the recipient's
_WHO = r"(?:user|recipient|mailbox|mail ?box|address|addressee|account)"
_NOBODY = re.compile(
    rf"no such (?:local )?(?:{_WHO}|person|customer)|(?:unknown|invalid|bad|non-?existent) (?:local )?{_WHO}|no mailbox"
    rf"|{_WHO} (?:is |was )?(?:unknown|invalid|unavailable|disabled|rejected|not (?:local|known|found|valid|available))"
    rf"|{_WHO} does(?: not|n't) (?:exist|have)|unrout(?:e)?able address",
    re.IGNORECASE,
)
# Of whom such words are said as well: the sender, the client, too many recipients at once, content, a full mailbox.
_OTHERS = re.compile(
    r"sender|client|verif|too many|\brate\b|authenti|relay|denied"
    r"|spam|block|black|polic|reput|spf|dkim|dmarc|full|quota",
    re.IGNORECASE,
)
MAILS = 100  # over one connection: some servers end it soon after
LONGEST_JUDGEMENT = 300.0  # seconds for the answer to a whole message; RFC 5321, 4.5.3.2.6, allows ten minutes


@dataclass(frozen=True, slots=True)
class SmtpAddress:
    """Where and how to hand mail over; the password is never shown."""

    host: str
    port: int
    user: str | None
    password: str | None = field(repr=False)
    tls: str  # implicit | required | never


def parse_smtp_url(url: str) -> SmtpAddress:
    """Read SHIRUBE_SMTP_URL; raises ConfigError with the form, never with the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")  # as a connection will write it; a label may not be empty or too long
    except ValueError as problem:  # a UnicodeError is one
        raise ConfigError("SHIRUBE_SMTP_URL is no address", _FORM) from problem
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise ConfigError("SHIRUBE_SMTP_URL is no address", _FORM)
    if set(parse_qs(parts.query, keep_blank_values=True)) - {"starttls"}:  # not named: it may be part of a password
        raise ConfigError("SHIRUBE_SMTP_URL has an option other than starttls", _FORM)
    wanted = parse_qs(parts.query).get("starttls", ["required"])[-1]
    if wanted not in ("required", "never"):
        raise ConfigError("SHIRUBE_SMTP_URL: starttls is neither required nor never", _FORM)
    tls = "implicit" if parts.scheme == "smtps" else wanted
    if parts.username and tls == "never":
        raise ConfigError("SHIRUBE_SMTP_URL would send a password in the clear", "Use starttls=required or smtps://")
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if not ((user or "") + (password or "")).isascii():  # smtplib writes them as ASCII, and could only fail at it
        advice = "Give this program a user and a password of plain letters, digits and signs at the mail server"
        raise ConfigError("SHIRUBE_SMTP_URL has letters in user or password that cannot be sent", advice)
    return SmtpAddress(host, port or (465 if tls == "implicit" else 587), user, password, tls)


class _NotBegunError(Exception):
    """The conversation failed before any message was begun."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


class SmtpDelivery:
    """Hands messages to one SMTP server, many over one connection."""

    def __init__(
        self, url: str, timeout: float = 60.0, context: ssl.SSLContext | None = None, mails: int = MAILS
    ) -> None:
        self._address = parse_smtp_url(url)
        self._timeout = timeout  # seconds, for every step
        self._context = context or ssl.create_default_context()
        self._mails = mails  # over one connection at most
        self._open: smtplib.SMTP | None = None
        self._carried = 0

    def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        """Hand over one message; raises ConfigError when the server does not take the credentials or offer TLS."""
        content = _wire(message)
        outcome: Outcome | None = None
        try:
            smtp, outcome = self._introduced(message["From"].addresses[0].addr_spec, recipient)
            if outcome is None:
                before_data()
                outcome = _data(smtp, content, max(self._timeout, LONGEST_JUDGEMENT))
        except _NotBegunError as problem:
            return Later(_named(problem.reason), delays="everyone")
        finally:
            self._after(outcome)
        return outcome

    def trial(self) -> str | None:
        """Open a session and end it, without a mail; gives why there is none. Raises ConfigError as `deliver` does."""
        try:
            self._connected()
        except (smtplib.SMTPException, OSError) as problem:
            return _named(problem)
        self.close()
        return None

    def close(self) -> None:
        """Say goodbye; the next message opens a connection of its own."""
        smtp, self._open = self._open, None
        if smtp is None:
            return
        with suppress(smtplib.SMTPException, OSError):  # every message is decided: nothing depends on the answer
            smtp.quit()
        smtp.close()

    def _introduced(self, sender: str, recipient: str) -> tuple[smtplib.SMTP, Outcome | None]:
        """Name sender and recipient; a connection that broke while it was idle is opened anew, once."""
        while True:
            kept = self._open is not None
            try:
                smtp = self._connected()
                if kept:
                    smtp.rset()  # forgets a recipient who was refused, and finds out whether anybody is still there
                refusal = _envelope(smtp, sender, recipient)
            except (smtplib.SMTPException, OSError) as problem:  # before the message: certainly not delivered
                self._drop()
                if not kept:
                    raise _NotBegunError(problem) from problem
                continue
            if kept and isinstance(refusal, Later) and refusal.delays == "everyone":
                self._drop()  # a server may bid an idle connection farewell (421), and still take a new one
                continue
            return smtp, refusal

    def _after(self, outcome: Outcome | None) -> None:
        """Keep the connection where server and client agree on what comes next; else drop it."""
        self._carried += 1
        if self._carried >= self._mails and isinstance(outcome, Sent):
            self.close()
        elif not isinstance(outcome, (Sent, Refused)) and not (
            isinstance(outcome, Later) and outcome.delays in ("person", "recipient")
        ):
            self._drop()

    def _drop(self) -> None:
        smtp, self._open = self._open, None
        if smtp is not None:
            smtp.close()  # without QUIT: what is said now may be taken for part of a message

    def _connected(self) -> smtplib.SMTP:
        if self._open is None:
            self._open, self._carried = self._connection(), 0
        return self._open

    def _connection(self) -> smtplib.SMTP:
        address = self._address
        if address.tls == "implicit":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                address.host, address.port, timeout=self._timeout, context=self._context
            )
        else:
            smtp = smtplib.SMTP(address.host, address.port, timeout=self._timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if address.tls == "required":
                self._start_tls(smtp)
            self._log_in(smtp)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _start_tls(self, smtp: smtplib.SMTP) -> None:
        if not smtp.has_extn("starttls"):
            raise ConfigError(f"{self._address.host} does not offer STARTTLS", "Use another port, or starttls=never")
        smtp.starttls(context=self._context)
        smtp.ehlo()

    def _log_in(self, smtp: smtplib.SMTP) -> None:
        user = self._address.user
        if user is None:
            return
        try:
            smtp.login(user, self._address.password or "")
        except smtplib.SMTPAuthenticationError as problem:
            if 400 <= problem.smtp_code < 500:
                raise
            advice = "Check user and password in SHIRUBE_SMTP_URL"
            raise ConfigError(f"{self._address.host} does not accept the credentials", advice) from problem
        except smtplib.SMTPNotSupportedError as problem:
            raise ConfigError(f"{self._address.host} offers no login", "Remove user and password") from problem


def _envelope(smtp: smtplib.SMTP, sender: str, recipient: str) -> Outcome | None:
    """Name sender and recipient and ask to send the message; gives the refusal, if there is one."""
    code, reply = smtp.mail(sender)
    if not 200 <= code < 300:
        return Later(_said(code, reply), delays="everyone")  # nobody's mail would pass
    code, reply = smtp.rcpt(recipient)
    if not 200 <= code < 300:
        return _refusal(code, reply, at_rcpt=True)
    code, reply = smtp.docmd("DATA")
    return None if code == 354 else _refusal(code, reply)


def _data(smtp: smtplib.SMTP, content: bytes, patience: float) -> Outcome:
    """Send the message itself; from its first byte on a silence means that nobody knows."""
    try:
        smtp.send(content)
        if smtp.sock is not None:
            smtp.sock.settimeout(patience)
        code, reply = smtp.getreply()
    except (smtplib.SMTPException, OSError) as problem:
        return Unknown(_named(problem))
    if smtp.sock is not None:
        smtp.sock.settimeout(smtp.timeout)
    if 200 <= code < 300:
        return Sent()
    return _refusal(code, reply) if 400 <= code < 600 else Unknown(_said(code, reply))


def _refusal(code: int, reply: bytes, *, at_rcpt: bool = False) -> Outcome:
    """Read a refusal: 421, and 451 to a message, come from where the mail goes and hold for its whole domain.

    451 to a recipient may: a server that greylists says it to each one it has not heard of (RFC 6647).
    """
    if 500 <= code < 600:
        return Refused(_said(code, reply), address=_no_such_mailbox(code, reply.decode("ascii", "replace"), at_rcpt))
    passing: Delays = "recipient" if at_rcpt else "domain"
    return Later(_said(code, reply), delays={421: "domain", 451: passing}.get(code, "person"))


def _no_such_mailbox(code: int, reply: str, at_rcpt: bool) -> bool:
    """Tell whether a refusal is about the address, and not about sender, client, content, policy or a full mailbox.

    An enhanced status code at its beginning says so (RFC 3463, 3.2 and 3.3). Further on, as qmail and Exim write it, it
    may be what another server said of our own address. Without one, RFC 5321's 550, 551 and 553 at RCPT do, where the
    words name the mailbox.
    """
    codes = _ENHANCED.findall(reply)
    if _ENHANCED.match(reply) and codes[0] != _UNSAID:
        return codes[0] in _MAILBOX
    if _OTHERS.search(reply):
        return False
    if told := [code for code in codes if code != _UNSAID]:
        return _MAILBOX.issuperset(told)
    return at_rcpt and code in (550, 551, 553) and _NOBODY.search(reply) is not None


def _wire(message: EmailMessage) -> bytes:
    """Write a message as DATA wants it: CRLF, leading dots doubled, a lone dot at the end (RFC 5321, 4.5.2)."""
    lines = b"\r\n".join(message.as_bytes().splitlines())
    return _DOT.sub(b"..", lines) + b"\r\n.\r\n"


def _said(code: int, reply: bytes) -> str:
    return _without_addresses(f"{code} {reply.decode('ascii', 'replace')}")


def _named(problem: Exception) -> str:
    return _without_addresses(f"{type(problem).__name__}: {problem}")


def _without_addresses(words: str) -> str:
    """Take addresses out of what a server said: it is kept beside the row, where no address may stand."""
    return _ADDRESS.sub("(address)", " ".join(words.split()))[:500]
