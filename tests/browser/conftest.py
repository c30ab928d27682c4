"""One Chromium for all tests here, and a site as `shirube serve` opens it: two months closed, mail into a folder."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from time import monotonic, sleep
from unittest import mock

import pytest
from playwright.sync_api import Browser, sync_playwright

from api.finder import Finder
from shirube.courier import Courier
from shirube.settings import load_settings
from shirube.web import make_web, served_options
from tests.browser.serving import loopback, serving
from tests.fakes import HashEmbedder
from tests.shirube.command import CLOSED, Bench, run
from tests.upstream import Upstream

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
MONTHS = ("2026-09", "2026-10")
PATIENCE = 60.0  # seconds until a test gives up on a mail, on a machine that does much else


@dataclass(frozen=True)
class Site:
    """A site that serves: its address, its parts, and the settings of its commands."""

    base: str
    wiring: Bench
    env: dict[str, str]

    def mail_to(self, address: str, subject: str = "") -> EmailMessage:
        """Wait for a mail to an address, and read it from the folder it was delivered to."""
        end = monotonic() + PATIENCE
        while monotonic() < end:
            for mail in self._mails():
                if address in mail["To"] and subject in mail["Subject"]:
                    return mail
            sleep(0.05)
        raise AssertionError(f"no mail to {address} came within {PATIENCE:.0f} s")

    def _mails(self) -> Iterator[EmailMessage]:
        for file in sorted(self.wiring.mail_dir.glob("**/*.eml"), reverse=True):
            yield BytesParser(policy=policy.default).parsebytes(file.read_bytes())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Headless Chromium, gone with its module: while it is open this thread has a running loop, and others need one."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--disable-sync"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two final issues of the stand-in's invented papers, served."""
    socket, base = loopback()
    with Upstream() as upstream:
        env = _settings(upstream, base, tmp_path_factory.mktemp("site") / "var")
        for month in MONTHS:
            ended = run("digest", month, env=env, now=CLOSED)
            assert ended.code == 0, ended.err
        wiring = _wired(env)
        with Courier(wiring) as courier, _finder(wiring) as finder:
            web = make_web(wiring, served_options(wiring, base), finder, courier)
            with serving(web, socket):
                yield Site(base, wiring, env)
        wiring.engine.dispose()


def _settings(upstream: Upstream, base: str, folder: Path) -> dict[str, str]:
    """Give the settings: one reader looks at hundreds of pages and signs up four times, so no limit counts."""
    return {
        **upstream.environment(),
        "SHIRUBE_DATA_DIR": str(folder),
        "SHIRUBE_BASE_URL": base,
        "SHIRUBE_MAIL_FROM": "Shirube <digest@road.example>",
        "SHIRUBE_RATE_LIMITS": '{"read": "", "search": "", "bulk": "", "write": ""}',
    }


def _wired(env: dict[str, str]) -> Bench:
    own = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")}
    with mock.patch.dict(os.environ, own | env, clear=True):
        return Bench(load_settings(), lambda: CLOSED)


def _finder(wiring: Bench) -> Finder:
    """Search by words and by vectors made of words."""
    from ranking.service import vector_matrix

    name = wiring.settings.embedding_model
    return Finder(
        wiring.roadmap, lambda held: vector_matrix(wiring.sessions, name, wiring.cache_dir, held), HashEmbedder()
    )
