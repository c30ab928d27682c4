"""Builds the real things from Settings: engine, sources, embedder, delivery. Lower layers never see Settings.

What is heavy to import is imported by the method that builds it: looking at the settings opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.clock import Clock, system_clock
from core.errors import ConfigError, UsageError
from ingest.sources import added
from shirube import keyfile
from shirube.names import NETWORK_SOURCES, SOURCES, program_version
from shirube.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from api.finder import Finder
    from db.engine import Sessions
    from digest.delivery import Delivery
    from digest.delivery.webhook import Webhook
    from digest.service import Collecting, IssueOptions
    from ingest.guard import Pace, Policy
    from ingest.http import Guard
    from ingest.source import Source
    from ingest.sources import Added
    from ingest.sources.arxiv_api import ArxivApi
    from ingest.sources.pwc_api import PwcApi
    from ranking.embedder import Embedder
    from ranking.matrix import Matrix
    from ranking.service import Ranker
    from roadmap.model import Roadmap
    from shirube.endpoint import Endpoint

ARXIV = "arxiv.org"
LLM_SECONDS = 60.0  # for one summary, first byte to last
VERDICT_FILE = "precision.json"


@dataclass(frozen=True)
class Wiring:
    """Everything built from one set of settings, each part when it is first asked for."""

    settings: Settings
    clock: Clock = system_clock

    @cached_property
    def engine(self) -> Engine:
        """Open the database, and bring a new or older one up to date."""
        from db.engine import make_engine
        from db.migrate import at_head, upgrade

        self._data_dir()
        engine = make_engine(self.settings.database)
        if not at_head(engine):
            upgrade(engine)
        return engine

    @cached_property
    def sessions(self) -> Sessions:
        """Give the factory of sessions; what a job writes through them is refused once another worker has the job."""
        from db.engine import make_sessions
        from db.fence import fenced

        return fenced(make_sessions(self.engine))

    @cached_property
    def roadmap(self) -> Roadmap:
        """Load the curriculum: the packaged one, or the operator's own."""
        from roadmap.load import load_roadmap

        return load_roadmap(self.settings.roadmap_dir)

    @cached_property
    def guard(self) -> Guard:
        """Build the one client for every outgoing request; pace and pauses are shared through the database."""
        from ingest.http import Guard
        from shirube.turns import SharedTurns

        return Guard(self._policy(), turns=SharedTurns(lambda: self.sessions))

    @cached_property
    def endpoint(self) -> Endpoint | None:
        """Build the model endpoint for summaries, where one is set: patient, since models are slow, but not greedy."""
        from ingest.guard import MEGABYTE
        from ingest.http import Guard
        from ranking import llm
        from shirube.endpoint import Endpoint
        from shirube.turns import SharedTurns

        url, model = self.settings.llm_url, self.settings.llm_model
        if url is None or model is None:
            return None
        policy = replace(self._policy(), read_timeout=LLM_SECONDS, total_timeout=LLM_SECONDS, max_body=MEGABYTE)
        guard = Guard(policy, turns=SharedTurns(lambda: self.sessions))
        return Endpoint(llm.endpoint(url), model, self.settings.llm_key, guard)

    @cached_property
    def webhook(self) -> Webhook | None:
        """Build the way to tell another program of a published issue, where one is set."""
        from shirube.turns import SharedTurns
        from shirube.webhook import make_webhook

        url, secret = self.settings.webhook_url, self.settings.webhook_secret
        if url is None:
            return None
        key = secret.get_secret_value() if secret else None
        return make_webhook(url.get_secret_value(), key, self._policy(), SharedTurns(lambda: self.sessions))

    def sources(self, names: tuple[str, ...] = NETWORK_SOURCES, *, channels: bool = True) -> list[Source]:
        """Build sources by name, in the order named; raises UsageError for a name that is none.

        Without `channels` arXiv is its API alone: the papers of a month, not the lists of changes and announcements.
        """
        makers = self._makers(channels)
        unknown = [name for name in names if name not in makers]
        if unknown:
            raise UsageError(f"There is no source {', '.join(unknown)}", f"Sources are {', '.join(SOURCES)}")
        return [source for name in names for source in makers[name]()]

    def addresses(self) -> dict[str, tuple[str, ...]]:
        """List the addresses each network source will ask, to find out early whether any answers."""
        settings = self.settings
        feeds = tuple(self.lab_feeds().values())
        arxiv = (settings.arxiv_url, settings.oai_url, settings.arxiv_rss_url)
        others = {name: (one.address,) for name, one in added().items()}
        return {"arxiv": arxiv, "hf": (settings.hf_url,), "pwc": (settings.pwc_url,), "labs": feeds, **others}

    def lab_feeds(self) -> dict[str, str]:
        """Join the labs' feeds of the roadmap with those set, key by key; an empty setting takes a feed away."""
        known = {key: lab.feed for key, lab in self.roadmap.labs.items() if lab.feed}
        unknown = sorted(set(self.settings.lab_feeds) - set(self.roadmap.labs))
        if unknown:
            advice = f"Labs are {', '.join(self.roadmap.labs)}"
            raise ConfigError(f"SHIRUBE_LAB_FEEDS names no lab of the roadmap: {', '.join(unknown)}", advice)
        return {key: url for key, url in (known | self.settings.lab_feeds).items() if url}

    def arxiv(self) -> ArxivApi:
        """Build the client of arXiv's API, for days of submissions and for single papers."""
        from ingest.sources.arxiv_api import ArxivApi

        return ArxivApi(self.settings.arxiv_url, self.settings.categories, self.guard)

    def votes(self, days: int) -> Source:
        """Build Daily Papers as a source whose days are read again for so many days: votes keep growing."""
        from ingest.sources.hf_papers import HfPapers

        return HfPapers(self.settings.hf_url, self.guard, days)

    def pwc(self) -> PwcApi:
        """Build the Papers with Code client, for single papers."""
        from ingest.sources.pwc_api import PwcApi

        return PwcApi(self.settings.pwc_url, self.guard)

    @cached_property
    def embedder(self) -> Embedder:
        """Build the embedder; the model itself is loaded at the first text."""
        return self._embedder()

    def _embedder(self) -> Embedder:
        from ranking.embedder import SentenceTransformerEmbedder

        folder = self._data_dir()
        return SentenceTransformerEmbedder(
            self.settings.embedding_model, verdict_file=folder / VERDICT_FILE, cache=folder / "cache"
        )

    @cached_property
    def ranker(self) -> Ranker:
        """Build what ranking needs: roadmap as vectors, trained weights where they hold for the model."""
        from ranking.embedder import trained_as
        from ranking.guide import make_guide
        from ranking.service import Ranker
        from ranking.topics import packaged_blend

        guide = make_guide(self.roadmap, self.embedder, self.cache_dir)
        blend = packaged_blend()
        fitting = blend if blend.model == trained_as(self.settings.embedding_model) else None
        return Ranker(self.roadmap, guide, self.embedder, fitting, self.cache_dir)

    def finder(self, *, model: bool = True) -> Finder:
        """Build search for the web; entered, it gets vectors and model ready behind the requests.

        It has a model of its own: the jobs of `serve --work` embed in other threads, and tokenisers are not for two.
        Without `model` it knows what is similar, and searches by words.
        """
        from api.finder import Finder
        from ranking.service import vector_matrix

        def vectors(held: Matrix | None) -> Matrix:
            return vector_matrix(self.sessions, self.settings.embedding_model, self.cache_dir, held)

        return Finder(self.roadmap, vectors, self._embedder() if model else None)

    def issue_options(self) -> IssueOptions:
        """Give what making an issue must be told."""
        from digest.service import IssueOptions

        return IssueOptions(
            closing_day=self.settings.closing_day,
            version=program_version(),
            model=self.settings.embedding_model,
            sources=tuple(name for name, urls in self.addresses().items() if urls),
            webhook=self.settings.webhook_url is not None,
            base_url=self.settings.base_url,
        )

    def collecting(self) -> Collecting:
        """Give what the state of the store is told by: sources in use, the model, what comes next of each window."""
        from digest.service import Collecting
        from shirube.steps import Steps

        return Collecting(
            network=NETWORK_SOURCES,
            sources=tuple(name for name, urls in self.addresses().items() if urls),
            model=self.settings.embedding_model,
            steps=lambda month, final: Steps(
                month, self.clock(), self.sources(SOURCES), self.settings.closing_day, final
            ),
        )

    def secret_keys(self) -> list[str]:
        """Give the keys that sign links, oldest first: the setting's lines, else those of a file made once.

        The last one signs; the others only read the links of older mails.
        """
        if self.settings.secret_key is not None:
            return keyfile.read("SHIRUBE_SECRET_KEY", self.settings.secret_key.get_secret_value())
        return keyfile.kept(self.key_file)

    def delivery(self) -> Delivery:
        """Build the way mail leaves: SMTP where it is set, else a folder of .eml files."""
        from digest.delivery.folder import FolderDelivery
        from digest.delivery.smtp import SmtpDelivery

        if self.settings.smtp_url is not None:
            return SmtpDelivery(self.settings.smtp_url.get_secret_value())
        return FolderDelivery(self.mail_dir)

    @property
    def key_file(self) -> Path:
        """Tell where this machine keeps its keys, unless they are set."""
        return self._data_dir() / keyfile.NAME

    @property
    def cache_dir(self) -> Path:
        """Tell where copies are kept that may be thrown away."""
        return self._data_dir() / "cache"

    @property
    def mail_dir(self) -> Path:
        """Tell where mails are written while no mail server is set."""
        return self._data_dir() / "mail"

    @property
    def backups_dir(self) -> Path:
        """Tell where backups are written unless the person says otherwise."""
        return self._data_dir() / "backups"

    @property
    def digests_dir(self) -> Path:
        """Tell where digests are written unless the person says otherwise."""
        return self._data_dir() / "digests"

    def _makers(self, channels: bool) -> dict[str, Callable[[], list[Source]]]:
        from ingest.sources.hf_papers import HfPapers
        from ingest.sources.lab_feeds import LabFeeds
        from ingest.sources.recorded import Recorded

        settings = self.settings
        return {
            "arxiv": lambda: [self.arxiv(), *(self._lists() if channels else [])],
            "hf": lambda: [HfPapers(settings.hf_url, self.guard)],
            "pwc": lambda: [self.pwc()],
            "labs": lambda: [LabFeeds(self.lab_feeds(), self.guard)],
            "recorded": lambda: [Recorded()],
            **{name: partial(self._added, one) for name, one in added().items()},
        }

    def _added(self, one: Added) -> list[Source]:
        return [one.make(self.guard)]

    def _lists(self) -> list[Source]:
        """Build arXiv's other channels: announcements first, since tomorrow they are gone."""
        from ingest.sources.arxiv_oai import ArxivOai
        from ingest.sources.arxiv_rss import ArxivRss

        settings = self.settings
        return [
            ArxivRss(settings.arxiv_rss_url, settings.categories, self.guard, self.clock),
            ArxivOai(settings.oai_url, settings.categories, self.guard, self._followed_since),
        ]

    def _followed_since(self) -> date:
        """Tell since when arXiv's changes matter: what is read for the first time today has all earlier ones in it."""
        from db.announced import followed_since
        from db.engine import reading

        with reading(self.sessions) as session:
            return followed_since(session) or self.clock().date()

    def _policy(self) -> Policy:
        from ingest.guard import Policy

        settings = self.settings
        return Policy(
            contact=settings.contact or "",
            version=program_version(),
            allow_private=frozenset(settings.allow_private_hosts),
            paces=(self._arxiv_pace(),),
        )

    def _arxiv_pace(self) -> Pace:
        """Pace arXiv: one rhythm over all its services (https://info.arxiv.org/help/api/tou.html), mirrors included."""
        from ingest.guard import Pace, place_of

        settings = self.settings
        urls = (f"{settings.arxiv_url}/api/query", settings.oai_url, settings.arxiv_rss_url)
        places = [place_of(url) for url in urls if not _is_arxiv(urlsplit(url).hostname or "")]
        return Pace(ARXIV, settings.arxiv_delay_seconds, (ARXIV, *places))

    def _data_dir(self) -> Path:
        folder = self.settings.data_dir.resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as problem:
            raise ConfigError(
                f"The data folder {folder} cannot be made: {problem.strerror}", "Set SHIRUBE_DATA_DIR"
            ) from problem
        return folder


def _is_arxiv(host: str) -> bool:
    return host == ARXIV or host.endswith(f".{ARXIV}")
