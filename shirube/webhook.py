"""The webhook as it is called: through the guarded client, with whatever goes wrong as a value."""

import time
from collections.abc import Mapping
from dataclasses import replace

import httpcore2

from core.errors import ConfigError, SourceError
from digest.delivery.webhook import Answered, Reply, Unreached, Webhook, parse_secret
from ingest.address import parsed, site
from ingest.guard import MEGABYTE, Deadline, GuardedBackend, Policy
from ingest.http import Guard
from ingest.turns import Turns

SECONDS = 20.0  # for one call, first byte to last; the specification advises 15 to 30
_STATUSES = range(200, 600)


def make_webhook(url: str, secret: str | None, policy: Policy, turns: Turns) -> Webhook:
    """Build the way to post notices; raises ConfigError where the secret is missing or none."""
    key = parse_secret(secret)
    guard = Guard(replace(policy, read_timeout=SECONDS, total_timeout=SECONDS, max_body=MEGABYTE), turns=turns)

    def post(body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            return Answered(guard.post(url, body, headers, expect=_STATUSES).status)
        except SourceError as problem:
            return Unreached(problem.message)

    return Webhook(post, key)


def knock(url: str, policy: Policy, timeout: float) -> None:
    """Open a connection to the receiver, as a call would, and send nothing; raises where it may not or cannot be.

    ConfigError for what is no address, which may hold a key and is not repeated; SourceError for one that is refused or
    away.
    """
    try:
        parts = parsed(url, None)
    except SourceError:
        raise ConfigError("SHIRUBE_WEBHOOK_URL is no address that may be called", "Write https://host/path") from None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        GuardedBackend(policy.allow_private, Deadline(time.monotonic)).connect_tcp(parts.host, port, timeout).close()
    except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as problem:
        advice = "See that the receiver runs and may be reached from here; else mend SHIRUBE_WEBHOOK_URL"
        raise SourceError(f"{site(url)} cannot be reached: {problem}", advice, unreachable=True) from problem
