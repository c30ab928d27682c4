"""What the web door is told when it is opened: addresses, version, languages. Nothing is read from the environment."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from api.schedule import Planned
from digest.service import Caps
from locales.load import LANGUAGES


@dataclass(frozen=True, slots=True)
class AppOptions:
    """Settings of the web app, as values.

    `tag_authority` is part of every feed entry's id (RFC 4151): it must never change, or readers see all papers anew.
    That is why it is not the host of `base_url`, which changes when a site moves.
    """

    base_url: str = "http://127.0.0.1:8000"  # absolute links are made from it, never from a Host header
    version: str = "0"
    languages: tuple[str, ...] = LANGUAGES  # the first is the fallback
    tag_authority: str = "shirube"
    secret_keys: tuple[str, ...] = field(default=(), repr=False)  # of the links in mails; oldest first, the last signs
    trusted_proxies: tuple[str, ...] = ()  # addresses or networks whose X-Forwarded-For is believed
    closing_day: int = 5  # of the next month: when an issue closes and is mailed
    caps: Caps = field(default_factory=Caps)  # on sign-ups
    limits: tuple[tuple[str, str], ...] = ()  # kind of request and how many of it (api.limits); none: no limits
    hosts: tuple[str, ...] = ()  # names the site answers to; none: to every name
    contact: str | None = None  # the address of who runs the service, shown on /about
    metrics_token: str | None = field(default=None, repr=False)  # who reads /metrics must show it
    jobs: tuple[Planned, ...] = ()  # what runs by itself where a worker does; none: nothing is said of it
    static: bool = False  # the answers become plain files: what needs a server behind it is left out of pages

    @property
    def root(self) -> str:
        """Give the path the site lives under, without a slash at its end: "" for a site of its own."""
        return urlsplit(self.base_url).path.rstrip("/")

    @property
    def is_public(self) -> bool:
        """Tell whether the site has a name that others may know, and so perhaps a reverse proxy in front of it."""
        host = urlsplit(self.base_url).hostname or ""
        return host != "localhost" and not host.replace(".", "").isdigit() and ":" not in host

    @property
    def secure(self) -> bool:
        """Tell whether the site is reached over TLS, so that cookies may insist on it."""
        return urlsplit(self.base_url).scheme == "https"

    def absolute(self, path: str) -> str:
        """Make a full address of a path of the site; the path already begins with `root`."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}{path}"
