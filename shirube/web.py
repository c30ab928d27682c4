"""The web app as it is wired: served to strangers, asked on this machine alone, or walked to become plain files."""

from dataclasses import replace
from functools import partial
from urllib.parse import urlsplit

from fastapi import FastAPI

from api.app import create_app
from api.finder import Finder
from api.limits import read_rules
from api.options import AppOptions
from api.post import Post
from api.schedule import Planned
from shirube.jobs import schedule
from shirube.names import program_version
from shirube.wiring import Wiring
from shirube.worker import slot_after


def make_web(wiring: Wiring, options: AppOptions, finder: Finder, post: Post | None = None) -> FastAPI:
    """Build the web app over the store; without a `post` nobody can sign up."""
    known = wiring.sessions, wiring.roadmap, wiring.clock
    return create_app(*known, options, post, finder, collecting=wiring.collecting())


def app_options(wiring: Wiring, base_url: str) -> AppOptions:
    """Give what the web app must be told; the configured base URL wins over the address it listens on."""
    settings = wiring.settings
    token = settings.metrics_token
    return AppOptions(
        base_url=settings.base_url or base_url,
        version=program_version(),
        secret_keys=tuple(wiring.secret_keys()),
        trusted_proxies=settings.trusted_proxies,
        contact=settings.contact,
        closing_day=settings.closing_day,
        metrics_token=token.get_secret_value() if token else None,
        jobs=_planned(),
    )


def served_options(wiring: Wiring, base_url: str) -> AppOptions:
    """Give what the web app must be told when strangers may reach it: limits, and the names it answers to.

    Without a base URL and without names it answers to every name: nobody said which is its own.
    """
    settings = wiring.settings
    own = urlsplit(settings.base_url or "").hostname
    hosts = (*((own,) if own else ()), *settings.allowed_hosts)
    return replace(app_options(wiring, base_url), limits=tuple(read_rules(settings.rate_limits).items()), hosts=hosts)


def static_options(wiring: Wiring, base_url: str) -> AppOptions:
    """Give what the web app must be told when its answers become plain files."""
    return AppOptions(
        base_url=base_url,
        version=program_version(),
        contact=wiring.settings.contact,
        closing_day=wiring.settings.closing_day,
        static=True,
    )


def _planned() -> tuple[Planned, ...]:
    """List the jobs that strangers may be told of."""
    return tuple(Planned(job.name, partial(slot_after, job)) for job in schedule() if job.told)
