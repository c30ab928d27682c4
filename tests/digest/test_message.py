"""One mail as it is written: its headers, its addresses and the settings it needs."""

from email import message_from_bytes, policy

import pytest

from core.errors import ConfigError, UsageError
from digest.delivery.message import make_sender
from digest.formats.email import MailParts
from digest.subscriptions import normalise, token
from tests.digest.mail import NOW, message


def test_headers_stand_on_the_wire_as_trusted_senders_write_them() -> None:
    raw = message().as_bytes()
    lines = raw.split(b"\r\n")
    url = f"https://shirube.example.org/s/{token(['key'], 'unsubscribe', 123456, NOW)}/unsubscribe"
    assert f"List-Unsubscribe: <{url}>".encode() in lines
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    read = message_from_bytes(raw, policy=policy.default)
    assert read["List-Id"] == "<digest.shirube.example.org>"
    assert read["Message-ID"] == "<2026-06.abc@shirube.example.org>"
    assert read["Date"].datetime == NOW
    assert read["Auto-Submitted"] == "auto-generated"
    assert (read["From"], read["Reply-To"]) == ("Shirube <digest@shirube.example.org>", "people@example.org")
    assert (read["To"], read["Subject"]) == ("reader@example.org", "道標 2026年6月号")
    assert [part.get_content_type() for part in read.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert max(len(line) for line in lines) <= 998
    assert raw.isascii()


@pytest.mark.parametrize(
    "bad", ["a@x.org\r\nBcc: b@x.org", "a@x.org>\r\nRCPT TO:<b@x.org", "a@x.org, b@x.org", "a\0@x.org"]
)
def test_nothing_can_be_smuggled_through_an_address(bad: str) -> None:
    with pytest.raises(UsageError):
        normalise(bad)
    with pytest.raises(ValueError):  # noqa: PT011 - the standard library raises several kinds of it
        message(recipient=bad)


def test_a_line_break_in_the_subject_is_refused() -> None:
    with pytest.raises(ValueError, match="linefeed"):
        message(parts=MailParts("a\r\nBcc: b@x.org", "", "", ""))


@pytest.mark.parametrize(
    ("mail_from", "shown"),
    [
        ("digest@road.example", "Shirube"),
        ("<digest@road.example>", "Shirube"),
        ("Papers of our lab <digest@road.example>", "Papers of our lab"),
        ('"Dr. K\u00fchn, AI" <digest@road.example>', "Dr. K\u00fchn, AI"),
        ('"\u6a19" <digest@road.example>', "\u6a19"),
    ],
)
def test_mail_comes_under_the_name_that_is_set(mail_from: str, shown: str) -> None:
    sender = make_sender(mail_from, "https://x.org", '"Questions" <help@road.example>')
    wire = message(sender=sender).as_bytes()
    (found,) = message_from_bytes(wire, policy=policy.default)["From"].addresses
    assert (found.display_name, found.addr_spec) == (shown, "digest@road.example")
    assert wire.isascii()
    assert sender.reply_to == "help@road.example"


@pytest.mark.parametrize("name", ["\u6a19", "O. Brien"])
def test_a_name_that_needs_quotes_is_refused_with_them(name: str) -> None:
    with pytest.raises(ConfigError, match=f'in quotes: "{name}" <digest@road.example>'):
        make_sender(f"{name} <digest@road.example>", "https://x.org")


@pytest.mark.parametrize(
    ("mail_from", "base_url", "named"),
    [(None, "https://x.org", "MAIL_FROM"), ("a@x.org", None, "BASE_URL"), ("nobody", "https://x.org", "MAIL_FROM")],
)
def test_mail_is_refused_without_its_settings(mail_from: str | None, base_url: str | None, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        make_sender(mail_from, base_url)
