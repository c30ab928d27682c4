"""Mail by SMTP (RFC 5321), with the standard library: one connection and one recipient per message.

The steps are spoken one by one, since only then is it certain on which side of the message a failure fell.
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import parse_qs, unquote, urlsplit

from core.errors import ConfigError
from digest.delivery import Later, Outcome, Refused, Sent, Unknown

_FORM = "Write smtp://user:password@host:587?starttls=required, smtps://host:465, or smtp://localhost:25?starttls=never"
_DOT = re.compile(rb"^\.", re.MULTILINE)


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
    except ValueError as problem:
        raise ConfigError("SHIRUBE_SMTP_URL is no address", _FORM) from problem
    if parts.scheme not in ("smtp", "smtps") or not host:
        raise ConfigError("SHIRUBE_SMTP_URL is no address", _FORM)
    wanted = parse_qs(parts.query).get("starttls", ["required"])[-1]
    if wanted not in ("required", "never"):
        raise ConfigError("SHIRUBE_SMTP_URL: starttls is neither required nor never", _FORM)
    tls = "implicit" if parts.scheme == "smtps" else wanted
    if parts.username and tls == "never":
        raise ConfigError("SHIRUBE_SMTP_URL would send a password in the clear", "Use starttls=required or smtps://")
    user = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    return SmtpAddress(host, port or (465 if tls == "implicit" else 587), user, password, tls)


class SmtpDelivery:
    """Hands messages to one SMTP server."""

    def __init__(self, url: str, timeout: float = 60.0, context: ssl.SSLContext | None = None) -> None:
        self._address = parse_smtp_url(url)
        self._timeout = timeout  # seconds, for every step
        self._context = context or ssl.create_default_context()

    def deliver(self, message: EmailMessage, recipient: str, before_data: Callable[[], None]) -> Outcome:
        """Hand over one message; raises ConfigError when the server does not take the credentials or offer TLS."""
        content = _wire(message)
        with ExitStack() as stack:
            try:
                smtp = stack.enter_context(self._connection())
                refusal = _envelope(smtp, message["From"].addresses[0].addr_spec, recipient)
            except (smtplib.SMTPException, OSError) as problem:  # before the message: certainly not delivered
                return Later(_named(problem), everyone=True)
            if refusal is not None:
                return refusal
            before_data()
            return _data(smtp, content)

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
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
            yield smtp
        finally:
            smtp.close()  # without QUIT: its reply could only fail, and the message is decided

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
        return Later(_said(code, reply), everyone=True)  # nobody's mail would pass
    code, reply = smtp.rcpt(recipient)
    if not 200 <= code < 300:
        return _refusal(code, reply)
    code, reply = smtp.docmd("DATA")
    return None if code == 354 else _refusal(code, reply)


def _data(smtp: smtplib.SMTP, content: bytes) -> Outcome:
    """Send the message itself; from its first byte on a silence means that nobody knows."""
    try:
        smtp.send(content)
        code, reply = smtp.getreply()
    except (smtplib.SMTPException, OSError) as problem:
        return Unknown(_named(problem))
    if 200 <= code < 300:
        return Sent()
    return _refusal(code, reply) if 400 <= code < 600 else Unknown(_said(code, reply))


def _refusal(code: int, reply: bytes) -> Outcome:
    """Read a refusal: 421 means that the server is closing for everyone (RFC 5321, 3.8)."""
    if 500 <= code < 600:
        return Refused(_said(code, reply))
    return Later(_said(code, reply), everyone=code == 421)


def _wire(message: EmailMessage) -> bytes:
    """Write a message as DATA wants it: CRLF, leading dots doubled, a lone dot at the end (RFC 5321, 4.5.2)."""
    lines = b"\r\n".join(message.as_bytes().splitlines())
    return _DOT.sub(b"..", lines) + b"\r\n.\r\n"


def _said(code: int, reply: bytes) -> str:
    return f"{code} {reply.decode('ascii', 'replace')}"[:500]


def _named(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"[:500]
