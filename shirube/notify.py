"""Calls the webhook, where one is set, for every issue that it was not told of yet."""

from digest import service as digests
from shirube.wiring import Wiring


def notify(wiring: Wiring) -> dict[str, int]:
    """Tell the program behind the webhook of issues published; gives the calls by how they ended, none where unset.

    Raises ConfigError where the webhook is set and its secret is not.
    """
    webhook = wiring.webhook
    return digests.announce_due(wiring.sessions, webhook, wiring.clock) if webhook else {}
