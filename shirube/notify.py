"""Calls the webhook, where one is set: through the guarded client, with whatever goes wrong as a value."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from core.errors import SourceError
from digest import service as digests
from digest.delivery.webhook import Answered, Reply, Unreached, Webhook, parse_secret
from ingest.guard import MEGABYTE, Policy
from ingest.http import Guard
from ingest.turns import Turns

if TYPE_CHECKING:
    from shirube.wiring import Wiring

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


def notify(wiring: "Wiring") -> dict[str, int]:
    """Tell the program behind the webhook of issues published; gives the calls by how they ended, none where unset.

    Raises ConfigError where the webhook is set and its secret is not.
    """
    webhook = wiring.webhook
    return digests.announce_due(wiring.sessions, webhook, wiring.clock) if webhook else {}
