"""What a Prometheus reads at /metrics: the store in numbers, and how requests were answered; never who asked for what.

The text form: https://prometheus.io/docs/instrumenting/exposition_formats/; names: .../docs/practices/naming/.
Each app has a registry of its own. Requests are told by route template, so that no address of a reader is a label.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from sqlalchemy.exc import SQLAlchemyError

from core.clock import Clock
from db.engine import Sessions, reading
from db.gauges import By, Gauges, gauges

_log = logging.getLogger("shirube.api")
FRESH = 15.0  # seconds for which the store is not counted again: the usual pause between two scrapes
SHARE = 20.0  # and at least so many times as long as counting took: a store of millions is counted less often
BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)  # seconds
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
Ticks = Callable[[], float]


class Metrics:
    """The registry of one app, with the counts of its requests."""

    def __init__(
        self, sessions: Sessions, version: str, model: str, clock: Clock, ticks: Ticks = time.monotonic
    ) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(Store(sessions, version, model, clock, ticks))
        ProcessCollector(registry=self.registry)
        self._answers = Counter(
            "shirube_http_requests", "Requests answered", ("route", "method", "status"), registry=self.registry
        )
        self._times = Histogram(
            "shirube_http_request_duration_seconds",
            "From a request's head to the end of its answer",
            ("route", "method"),
            registry=self.registry,
            buckets=BUCKETS,
        )
        self._series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one request; two dictionary look-ups and two additions."""
        key = route, method, status
        series = self._series.get(key)
        if series is None:
            word = method if method in _METHODS else "other"
            series = self._answers.labels(route, word, str(status)), self._times.labels(route, word)
            if word == method:  # what strangers make up as methods fills no memory
                self._series[key] = series
        series[0].inc()
        series[1].observe(seconds)

    def text(self, accept: str) -> tuple[bytes, str]:
        """Write everything in the form asked for by an Accept field; gives the text and its media type."""
        encode, media_type = choose_encoder(accept)
        return encode(self.registry), media_type


class Store:
    """The store in numbers, counted when asked for, and not again for a while.

    While the database does not answer, `shirube_database_up` is 0 and the rest of it is left out.
    """

    def __init__(self, sessions: Sessions, version: str, model: str, clock: Clock, ticks: Ticks) -> None:
        self._sessions, self._version, self._model = sessions, version, model
        self._clock, self._ticks = clock, ticks
        self._lock = threading.Lock()
        self._found: Gauges | None = None
        self._until = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: to register asks the database nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Give all families of the store."""
        yield _by("shirube_build_info", "The program and its model", ("version", "model"), {self._names(): 1})
        found = self._counted()
        yield _one("shirube_database_up", "Whether the database answers", found is not None)
        if found is not None:
            yield from families(found)

    def _names(self) -> tuple[str, str]:
        return self._version, self._model

    def _counted(self) -> Gauges | None:
        with self._lock:
            begun = self._ticks()
            if begun >= self._until:
                self._found = self._count()
                ended = self._ticks()
                self._until = ended + max(FRESH, SHARE * (ended - begun))
            return self._found

    def _count(self) -> Gauges | None:
        try:
            with reading(self._sessions) as session:
                return gauges(session, self._model, self._clock())
        except SQLAlchemyError as problem:
            _log.warning("the store could not be counted", extra={"error": type(problem).__name__})
            return None


def families(found: Gauges) -> Iterator[Metric]:
    """Write the numbers of a store as families of samples."""
    yield _one("shirube_items", "Papers and posts stored", found.items)
    yield _one("shirube_items_ranked", "Of them rated", found.ranked)
    yield _one("shirube_items_without_vector", "Of them waiting to be embedded", found.without_vector)
    yield _by("shirube_source_items", "Papers and posts that a source told of", ("source",), found.source_items)
    yield _by(
        "shirube_source_last_complete_timestamp_seconds",
        "When a source last answered in full",
        ("source",),
        found.last_complete,
    )
    yield _by("shirube_source_windows", "Stretches of days by state", ("source", "state"), found.windows)
    yield _by("shirube_source_unreadable", "Entries that could not be read", ("source",), found.unreadable)
    yield _by("shirube_job_runs", "Runs of the last 30 days", ("job", "state"), found.job_runs)
    yield _by("shirube_job_last_success_timestamp_seconds", "When a job last ended well", ("job",), found.job_success)
    yield _maybe("shirube_worker_last_sign_timestamp_seconds", "When a worker was last heard of", found.worker_sign)
    yield _by("shirube_mails", "Mails by state", ("state",), found.mails)
    yield _maybe("shirube_mail_oldest_waiting_timestamp_seconds", "Since when a mail waits", found.oldest_mail)
    yield _one("shirube_mail_held", "Whether all mail is held", found.held)
    yield _by("shirube_webhook_calls", "Calls of the webhook by state", ("state",), found.calls)
    yield _by("shirube_subscribers", "Subscribers by state", ("state",), found.subscribers)


def _one(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(name, meaning, value=float(value))


def _maybe(name: str, meaning: str, value: float | None) -> Metric:
    """Give a family without a sample where a thing never happened."""
    return GaugeMetricFamily(name, meaning) if value is None else _one(name, meaning, value)


def _by(name: str, meaning: str, labels: tuple[str, ...], values: By) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=labels)
    for label, value in values.items():
        family.add_metric(label, float(value))
    return family
