"""Trials of the sources: one small real request to each, and what its answer or its silence means."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from statistics import median

from core.clock import Clock
from core.errors import SourceError
from ingest.address import parsed, site
from ingest.body import is_html
from ingest.http import Answer, Check
from ingest.sources import added, arxiv_page, arxiv_raw, arxiv_rss, hf_papers, lab_feeds, pwc_api
from shirube.telling import NAMES
from shirube.wiring import Wiring

SKEW = 300.0  # seconds; certificates and days are judged wrongly by a clock that is further off
_ANY = range(100, 600)
_REFUSED = frozenset({401, 403, 407, 451})
_PRINCIPAL = ("SHIRUBE_ARXIV_URL", "SHIRUBE_HF_URL", "SHIRUBE_PWC_URL")  # each by another operator
_NEW = {"Cache-Control": "no-cache"}  # an answer of this moment, where caches stand between (RFC 9111, 5.2.1.4)
_WAIT = "Wait: what is missing is asked for again by the next pull"


@dataclass(frozen=True, slots=True)
class Trial:
    """One request: its name for people, the address, the setting it comes from, and what is due."""

    name: str
    url: str
    setting: str
    check: Check
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Name the machine that is asked."""
        return parsed(self.url, None).host


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial; an empty `fix` means that all is well. `behind`: seconds by which this clock is late."""

    trial: Trial
    found: str
    fix: str = ""
    behind: float | None = None


def made(wiring: Wiring, machine: Clock) -> list[Outcome]:
    """Try every source once, at the pace and with the checks of any other request, in the order of the sources."""
    return _all(trials(wiring), wiring, machine)


def trials(wiring: Wiring) -> list[Trial]:
    """List the trials: arXiv's three services, Daily Papers, Papers with Code, and each lab's feed."""
    settings = wiring.settings
    category = settings.categories[0]
    one = {"search_query": f"cat:{category}", "start": "0", "max_results": "1"}
    api, rss = f"{settings.arxiv_url.rstrip('/')}/api/query", f"{settings.arxiv_rss_url.rstrip('/')}/{category}"
    hf, pwc = f"{settings.hf_url.rstrip('/')}/api/daily_papers", f"{settings.pwc_url.rstrip('/')}/papers/"
    others = [(name, url) for name, urls in wiring.addresses().items() if name in added() for url in urls]
    return [
        Trial("arXiv's API", api, "SHIRUBE_ARXIV_URL", arxiv_page.page_check(0), one),
        Trial("arXiv's changes", settings.oai_url, "SHIRUBE_OAI_URL", arxiv_raw.identify_check, {"verb": "Identify"}),
        Trial("arXiv's announcements", rss, "SHIRUBE_ARXIV_RSS_URL", arxiv_rss.feed_check),
        Trial(NAMES["hf"], hf, "SHIRUBE_HF_URL", hf_papers.list_check, {"limit": "1"}),
        Trial(NAMES["pwc"], pwc, "SHIRUBE_PWC_URL", pwc_api.results_check, {"page_size": "1"}),
        *(
            Trial(f"{wiring.roadmap.labs[lab].name.en}'s feed", url, "SHIRUBE_LAB_FEEDS", lab_feeds.feed_check)
            for lab, url in wiring.lab_feeds().items()
        ),
        *(Trial(added()[name].title, url, f"its module ({name})", added()[name].check) for name, url in others),
    ]


def principal(wiring: Wiring) -> list[Trial]:
    """List one trial for each of the sources that different operators run."""
    return [trial for trial in trials(wiring) if trial.setting in _PRINCIPAL]


def hours(wiring: Wiring, machine: Clock) -> list[tuple[str, float]]:
    """Ask these for the hour; gives hosts with the seconds by which this machine's clock is behind (below 0: ahead)."""
    outcomes = _all(principal(wiring), wiring, machine)
    return [(one.trial.host, one.behind) for one in outcomes if one.behind is not None]


def behind(outcomes: Sequence[Outcome]) -> float | None:
    """Tell by how many seconds this machine's clock is behind (below 0: ahead) the sources'; None: none told its hour.

    The middle one counts, since a server's clock may be wrong too.
    """
    told = [one.behind for one in outcomes if one.behind is not None]
    return median(told) if told else None


def _all(wanted: Sequence[Trial], wiring: Wiring, machine: Clock) -> list[Outcome]:
    wiring.guard  # noqa: B018 - built once, before several threads ask for it
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda trial: _tried(trial, wiring, machine), wanted))


def _tried(trial: Trial, wiring: Wiring, machine: Clock) -> Outcome:
    try:
        answer = wiring.guard.get(trial.url, trial.params, expect=_ANY, headers=_NEW, once=True)
        late = _behind(answer, machine)
        found, fix = _judged(trial, answer)
        return Outcome(trial, found, fix, late)
    except SourceError as problem:
        fix = problem.advice or f"Check the address in {trial.setting}"
        if problem.unreachable:
            fix = f"Check the network, which is asked without a proxy, and the address in {trial.setting}"
        return Outcome(trial, problem.message, fix)


def _judged(trial: Trial, answer: Answer) -> tuple[str, str]:
    """Say what an answer is, and how to mend it; nothing to mend where it is what is due."""
    place = site(answer.url)
    if answer.status != 200:
        return _by_status(trial, answer, f"{place} answers with status {answer.status}")
    if is_html(answer.body):
        found = f"{place} answers with a web page where data is due"
        return found, (
            f"Open {trial.url} in a browser: a network that wants a login first, maintenance, "
            f"or a wrong address in {trial.setting}"
        )
    reason = trial.check(answer)
    if reason:
        return f"{place} answers, but {reason}", f"Check the address in {trial.setting}; else the service has changed"
    return f"{place} answers as it should", ""


def _by_status(trial: Trial, answer: Answer, found: str) -> tuple[str, str]:
    status = answer.status
    wish = f", Retry-After: {answer.headers['retry-after']}" if "retry-after" in answer.headers else ""
    if status in _REFUSED:
        return f"{found}: it refuses", (
            "Set SHIRUBE_CONTACT, so that it is known who asks; the network may be barred there (a VPN, a data centre)"
        )
    if status == 429:
        return f"{found}: too many requests{wish}", f"{_WAIT}. See whether another program asks from the same address"
    if status >= 500:
        return f"{found}: it is not well itself{wish}", _WAIT
    return found, f"Check the address in {trial.setting}: {trial.url}"


def _behind(answer: Answer, machine: Clock) -> float | None:
    """Read the server's hour (RFC 9110, 6.6.1); one from a cache is older by its Age (RFC 9111, 5.1)."""
    here, age = machine(), answer.headers.get("age", "0")
    try:
        there = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, OverflowError):
        return None
    aged = float(age[:12]) if age.isascii() and age.isdigit() else 0.0
    return ((there if there.tzinfo else there.replace(tzinfo=UTC)) - here).total_seconds() + aged
