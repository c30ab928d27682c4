"""Code repositories named in texts: one spelling for each, so that two sources that mean the same say the same."""

import re

from core.record import CodeLink

_LINK = re.compile(
    r"(?<![\w.@-])(?:https?://)?(?:www\.)?(?P<host>github\.com|gitlab\.com|huggingface\.co|hf\.co)"
    r"/(?P<path>[A-Za-z0-9][\w.\-/]*)",
    re.IGNORECASE | re.ASCII,
)
HOSTS = ("github.com", "gitlab.com", "huggingface.co", "hf.co")  # in small letters: a text without them names nothing
_NAME = re.compile(r"[\w.\-]+", re.ASCII)
# First steps of a path that are pages of the site and no owner of anything.
_SITE_PAGES = {
    "github.com": {"about", "apps", "blog", "collections", "customer-stories", "enterprise", "explore", "features",
                   "issues", "login", "marketplace", "orgs", "pricing", "pulls", "search", "settings", "sponsors",
                   "topics", "trending", "users"},
    "gitlab.com": {"explore", "help", "users", "groups", "search", "projects"},
    "huggingface.co": {"api", "blog", "chat", "collections", "docs", "join", "learn", "login", "models",
                       "organizations", "papers", "posts", "pricing", "settings", "tasks"},
}  # fmt: skip


def repository(url: str) -> str | None:
    """Reduce an address to its repository on GitHub, GitLab or Hugging Face; None when it names none."""
    match = _LINK.match(url.strip())
    return _spelled(match) if match else None


def alike(url: str) -> str:
    """Give what two spellings of a repository's address share: on these sites upper and lower case tell nothing."""
    return url.casefold() if repository(url) == url else url


def code_links(*texts: str | None) -> tuple[CodeLink, ...]:
    """List the repositories that texts name, each once, in order; whether one is official nobody said."""
    found: dict[str, str] = {}
    for text in texts:
        # In LaTeX an underscore is written \_.
        for match in _LINK.finditer((text or "").replace("\\_", "_")):
            if url := _spelled(match):
                found.setdefault(url.casefold(), url)
    return tuple(CodeLink(url) for url in found.values())


def _spelled(match: re.Match[str]) -> str | None:
    host = match["host"].lower().replace("hf.co", "huggingface.co")
    parts = match["path"].split("/")
    kind = [parts.pop(0)] if host == "huggingface.co" and parts[0] in ("datasets", "spaces") else []
    if len(parts) < 2 or parts[0].lower() in _SITE_PAGES[host]:
        return None
    owner, name = parts[0].rstrip("."), parts[1].rstrip(".-").removesuffix(".git")
    if not name or name.startswith(".") or not _NAME.fullmatch(name) or not owner:
        return None
    return "/".join([f"https://{host}", *kind, owner, name])
