"""One mail through a real mail server, Postfix on loopback: headers and both parts arrive as they were sent."""

import email
import email.policy
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest

from digest.delivery import Refused, Sent
from digest.delivery.message import build_message
from digest.delivery.smtp import SmtpDelivery
from digest.formats.email import Reader
from digest.press import message_parts
from locales.load import LANGUAGES
from tests.digest import sample
from tests.digest.mail import NOW, SENDER

POSTFIX = shutil.which("postfix") or shutil.which("postfix", path="/usr/sbin")
BASE = "https://shirube.example.org"
SECONDS = 30.0  # to wait for what Postfix does behind the answer
MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
myhostname = mx.example.org
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ reader@example.org=box/ }}
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_relay_restrictions = permit_mynetworks, reject
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
virtual unix - n n - - virtual
postlog unix-dgram n - n - 1 postlogd
"""


@pytest.fixture(scope="module")
def mailbox() -> Iterator[tuple[str, Path]]:
    """Run Postfix with a configuration of its own; gives its address and the mailbox of reader@example.org."""
    if POSTFIX is None:
        pytest.skip("no real mail server: Postfix is not installed (apt-get install postfix)")
    if os.geteuid() != 0:
        pytest.skip("no real mail server: only root may start Postfix")
    with tempfile.TemporaryDirectory(prefix="shirube-mta-") as name, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        folder = Path(name)
        _configure(folder, port)
        control = [POSTFIX, "-c", str(folder / "etc")]
        started = subprocess.run([*control, "start"], capture_output=True, text=True, check=False)
        if started.returncode:
            pytest.skip(f"no real mail server: Postfix did not start: {started.stderr.strip()[-300:]}")
        try:
            _listening(port)
            yield f"smtp://127.0.0.1:{port}?starttls=never", folder / "mail" / "box"
        finally:
            subprocess.run([*control, "stop"], capture_output=True, check=True)


def _configure(folder: Path, port: int) -> None:
    owner = pwd.getpwnam("postfix")
    folder.chmod(0o755)
    for part in ("etc", "queue", "data", "mail"):
        (folder / part).mkdir()
    for part in ("data", "mail"):
        os.chown(folder / part, owner.pw_uid, owner.pw_gid)
    values = {"folder": folder, "port": port, "uid": owner.pw_uid, "gid": owner.pw_gid}
    (folder / "etc" / "main.cf").write_text(MAIN.format(**values))
    (folder / "etc" / "master.cf").write_text(MASTER.format(**values))


def _listening(port: int) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"Postfix does not listen on {port}")


def _arrived(box: Path, count: int) -> list[bytes]:
    """Wait for so many messages, and give them in the order of their names."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        found = sorted((box / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        if len(found) >= count:
            return [file.read_bytes() for file in found]
        time.sleep(0.1)
    raise TimeoutError(f"{count} messages did not arrive in {box}")


def _message(lang: str) -> EmailMessage:
    signed = f"{BASE}/s/{'t' * 75}"
    reader = Reader(
        stages=(3, 5),
        here=5,
        base_url=BASE,
        preferences_url=f"{signed}/preferences",
        unsubscribe_url=f"{signed}/unsubscribe",
        address="r•••@example.org",
        confirmed=date(2026, 3, 4),
        feedback_url=f"{signed}/feedback",
    )
    parts = replace(message_parts(sample.digest(), lang, reader))
    return build_message(
        parts, SENDER, "reader@example.org", f"2026-10.{lang}@example.org", NOW, f"{signed}/unsubscribe"
    )


def test_what_arrives_is_what_was_sent(mailbox: tuple[str, Path]) -> None:
    url, box = mailbox
    delivery = SmtpDelivery(url, timeout=20)
    sent = [_message(lang) for lang in LANGUAGES]
    assert [delivery.deliver(one, "reader@example.org", lambda: None) for one in sent] == [Sent()] * len(sent)
    delivery.close()
    came = [email.message_from_bytes(raw, policy=email.policy.default) for raw in _arrived(box, len(sent))]
    by_name = {str(one["Message-ID"]): one for one in came}
    assert len(by_name) == len(sent)
    for one in sent:
        found = by_name[str(one["Message-ID"])]
        for header in one:
            assert str(found[header]) == str(one[header]), header
        assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        parts = list(zip(one.iter_parts(), found.iter_parts(), strict=True))
        assert [part.get_content_type() for _, part in parts] == ["text/plain", "text/html"]
        for before, after in parts:
            assert isinstance(before, EmailMessage)
            assert isinstance(after, EmailMessage)
            assert _lines(after) == _lines(before)


def _lines(part: EmailMessage) -> list[str]:
    return str(part.get_content()).replace("\r\n", "\n").split("\n")


def test_a_mailbox_that_does_not_exist_is_a_refusal_of_the_address(mailbox: tuple[str, Path]) -> None:
    delivery = SmtpDelivery(mailbox[0], timeout=20)
    outcome = delivery.deliver(_message("en"), "nobody@example.org", lambda: None)
    delivery.close()
    assert isinstance(outcome, Refused)
    assert outcome.address
    assert "nobody" not in outcome.reason
