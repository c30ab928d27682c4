"""A mail server that says what a script tells it to, command by command."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


class Talk:
    """A server that answers RCPT and DATA as scripted, keeps what it hears, and counts connections."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.connections = 0
        self.mails: list[Any] = []
        self.taken: list[Any] = []
        self.recipients: list[str] = []
        self.logins: list[tuple[str, bool]] = []

    async def handle_EHLO(self, server: SMTP, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        if not getattr(session, "counted", False):
            self.connections += 1
            session.counted = True
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        said = self._next("mail")
        if said.startswith("250"):
            envelope.mail_from = address
        return self._end(server, said)

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        self.recipients.append(address)
        said = self._next("rcpt")
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self._end(server, said)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.mails.append(envelope)
        said = self._next("data")
        if said.startswith(("250", "cut")):  # taken, whether or not the client hears of it
            self.taken.append(envelope)
        return self._end(server, said)

    def _next(self, command: str) -> str:
        waiting = self.answers.get(command, [])
        return waiting.pop(0) if waiting else "250 OK"

    @staticmethod
    def _end(server: SMTP, said: str) -> str:
        if said == "cut" and server.transport is not None:
            server.transport.abort()  # type: ignore[attr-defined]
        return said

    def login(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.password.decode(), session.ssl is not None))
        return AuthResult(success=data.password == b"heron", handled=False)


@contextmanager
def talking(talk: Talk, **more: Any) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(talk, hostname="localhost", port=port, **more)
    controller.start()
    try:
        yield f"localhost:{port}"
    finally:
        controller.stop()
