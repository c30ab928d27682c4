"""What a reading came to, as values: progress, results, failures, and the sums that must come out even. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ingest.batch import Tally
from ingest.source import Page, SourceResult, Window

NONE = Tally()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a window has been read; `expected` is the source's own total, where it gives one.

    `done` of the `due` windows of this pull were dealt with before it.
    """

    window: Window
    received: int
    expected: int | None
    done: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class WindowResult:
    """What reading one window came to; `asked` is False for a window left alone because its source does not answer.

    `counted`: it was closed, or found unchanged, by the source's total alone, without being read. `proven`: the source
    itself proved that nothing is missing, by its total or by saying that nothing changed; only then is "0 new" a fact.
    """

    window: Window
    closed: bool
    tally: Tally = field(default_factory=Tally)
    expected: int | None = None
    failure: str | None = None
    unreachable: bool = False
    advice: str = ""
    asked: bool = True
    counted: bool = False
    proven: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a reading failed, as a value; `expired`: the source no longer knows where it was to go on."""

    message: str
    advice: str = ""
    unreachable: bool = False
    expired: bool = False


@dataclass(frozen=True, slots=True)
class Sums:
    """What a reading added up to so far: distinct records, of which `stored` were new or changed, the others not."""

    received: int = 0
    stored: int = 0
    unchanged: int = 0

    def with_page(self, tally: Tally, again: int) -> "Sums":
        """Add a page of which `again` records came on an earlier one: they were counted there.

        A post that is stored as the paper it tells of is one record received and no change of its own: unchanged.
        """
        fresh = len(tally.ids) - again
        stored = min(tally.new + tally.changed, fresh)
        return Sums(self.received + fresh, self.stored + stored, self.unchanged + fresh - stored)


def breach(page: Page, tally: Tally) -> Failure | None:
    """Check that every entry of a page is accounted for: stored, unchanged, kept as an error, or a repetition.

    Two arXiv ids never become one item, so the items touched are as many as the ids, but for posts that joined one.
    """
    refused = {entry.item_id for entry in tally.refused}
    lost = {record.id for record in page.records} - tally.ids - refused
    touched = tally.new + tally.changed + tally.unchanged
    posts = len({record.id for record in page.records if record.arxiv_id is None})
    if not lost and len(tally.ids) - posts <= touched <= len(tally.ids):
        return None
    return Failure(
        f"count: of {len(page.records)} records of a page {tally.new + tally.changed} were stored, {tally.unchanged} "
        f"were unchanged and {len(tally.refused)} were refused, and the sum is wrong"
        + (f" ({', '.join(sorted(lost)[:3])} missing)" if lost else ""),
        "This is a fault in the program: please report it; the window is read again with the next pull",
    )


def uneven(sums: Sums) -> Failure | None:
    """Check the sum of a window: received = stored + unchanged."""
    if sums.received == sums.stored + sums.unchanged and min(sums.stored, sums.unchanged) >= 0:
        return None
    return Failure(
        f"count: {sums.received} records were received, but {sums.stored} stored and {sums.unchanged} unchanged",
        "This is a fault in the program: please report it; the window is read again with the next pull",
    )


def shortfall(arrived: int, expected: int | None, known: int = 0) -> Failure | None:
    """Judge whether all arrived; `known` entries were there before, and a source that now has none is not believed."""
    if expected == 0 and arrived == 0 and known:
        return Failure(
            f"doubtful: the source says it has nothing where {known} {_entries(known)} came before",
            "Nothing is removed; the window is read again with the next pull",
        )
    if expected is None or arrived == expected:
        return None
    return Failure(f"partial: {arrived} of {expected} entries arrived", "The window is read again with the next pull")


def failed(window: Window, failure: Failure, tally: Tally = NONE, expected: int | None = None) -> WindowResult:
    """Give the result of a window that stays open."""
    return WindowResult(window, False, tally, expected, failure.message, failure.unreachable, failure.advice)


def summed(names: Sequence[str], results: Iterable[WindowResult]) -> list[SourceResult]:
    """Sum up the windows of each source, in the order of `names`."""
    by_name = {name: SourceResult(name) for name in names}
    for result in results:
        by_name[result.window.source] = _added(by_name[result.window.source], result)
    return list(by_name.values())


def _entries(number: int) -> str:
    return "entry" if number == 1 else "entries"


def _added(total: SourceResult, result: WindowResult) -> SourceResult:
    """Add a window to its source's sum; the first failure is the one told."""
    first = total.failure is None and result.failure is not None
    answered = total.windows_closed or total.new or total.changed or total.unchanged
    return replace(
        total,
        new=total.new + result.tally.new,
        changed=total.changed + result.tally.changed,
        unchanged=total.unchanged + result.tally.unchanged,
        errors=total.errors + result.tally.errors,
        windows_closed=total.windows_closed + result.closed,
        windows_open=total.windows_open + (not result.closed),
        failure=result.failure if first else total.failure,
        advice=result.advice if first else total.advice,
        unreachable=total.unreachable or (result.unreachable and not answered),
    )
