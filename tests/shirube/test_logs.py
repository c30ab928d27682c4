"""What the log lets pass: one line an event, the fields that help, and no secret in any of them."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from core.apikeys import make_key
from shirube import logs


@pytest.fixture(autouse=True)
def _root_logger() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


def secrets() -> dict[str, str]:
    """Give texts that hold a secret each, and the secret."""
    key = make_key().text
    return {
        f"GET /api/v1/papers?key={key}": key[13:],
        "Authorization: Bearer abc.def-123~x+y/z==": "abc.def-123",
        "postgresql+psycopg://me:hush-hush@host/db": "hush-hush",
        "/s/WzEsMTc4MzUwMTIwMF0.Aq2b3c4d5e6f7g8h/preferences": "WzEsMTc4MzUwMTIwMF0",
        "mail to reader.one@example.org": "reader.one@example.org",
    }


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_field_of_an_event_holds_a_secret(capsys: pytest.CaptureFixture[str], form: str) -> None:
    logs.configure(form)
    log = logging.getLogger("shirube.test")
    for text, secret in secrets().items():
        log.warning("odd: %s", text, extra={"text": text, "several": [text], "error": ValueError(text)})
        try:
            raise ValueError(text)
        except ValueError:
            log.exception("failed")
            logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
        told = capsys.readouterr().err
        assert "odd: " in told
        assert "ValueError" in told
        assert secret not in told


def test_the_prefix_of_a_key_stays_so_that_it_can_be_revoked() -> None:
    key = make_key()
    assert logs.mask(f"seen {key.text}") == f"seen shk_{key.prefix}_(secret)"


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("odd", ["\r\n2026-01-01 [error] forged", "\x1b[2J", "\x00", "\u2028forged", "\x85forged"])
def test_an_event_is_one_line_whatever_it_says(capsys: pytest.CaptureFixture[str], form: str, odd: str) -> None:
    logs.configure(form)
    logging.getLogger("shirube.test").warning("seen %s", odd, extra={"path": odd})
    told = capsys.readouterr().err
    assert len(told.splitlines()) == 1
    assert not any(sign in told.rstrip("\n") for sign in odd if not sign.isprintable())


def test_the_hub_does_not_log_each_of_its_tries_beside_our_sentence() -> None:
    program = """
from shirube import cli
try:
    cli.main()
except SystemExit:
    from huggingface_hub.utils import logging
    print(logging.get_verbosity() == logging.ERROR)
"""
    env = {name: value for name, value in os.environ.items() if name != "HF_HUB_VERBOSITY"}
    command = [sys.executable, "-c", program, "--version"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == "True"


def test_what_the_libraries_count_for_themselves_at_the_end_is_not_logged() -> None:
    program = """
import logging
from shirube import logs
logs.configure("console")
import torch._subclasses.fake_tensor as counting
print(counting.log.isEnabledFor(logging.INFO))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "False"


def test_fields_given_beside_an_event_are_kept(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    logging.getLogger("shirube.api").error("request_failed", extra={"request_id": "1f0c9a3e", "tries": 3})
    line = json.loads(capsys.readouterr().err)
    assert (line["request_id"], line["tries"]) == ("1f0c9a3e", 3)
