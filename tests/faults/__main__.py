"""`make faults`: what shows every row of docs/reliability.md, the long tests included, summed up row by row.

Arguments are passed on to pytest.
"""

import sys
from collections import defaultdict
from collections.abc import Sequence

import pytest

from tests.faults.rows import Row, rows

ALWAYS = ("-m", "", "-q", "-n", "2", "--dist", "worksteal")


class Summary:
    """Hears of every test and says at the end how each row stands, and the figures that tests told."""

    def __init__(self, wanted: Sequence[Row]) -> None:
        """Take the rows to sum up."""
        self._wanted = wanted
        self._ran: dict[str, list[pytest.TestReport]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a test ended, or that it could not begin."""
        if report.when == "call" or report.outcome != "passed":
            self._ran[report.nodeid.partition("[")[0]].append(report)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print a line for each row, and the figures."""
        terminalreporter.section("faults (docs/reliability.md)")
        for row in self._wanted:
            terminalreporter.line(self._line(row))
        reports = [report for several in self._ran.values() for report in several]
        for name, value in (told for report in reports for told in report.user_properties):
            terminalreporter.line(f"{name}: {value}")

    @property
    def missed(self) -> list[str]:
        """Name the tests that a row promises and nobody heard of."""
        return [name for row in self._wanted for name in row.tests if name not in self._ran]

    def _line(self, row: Row) -> str:
        reports = [report for name in row.tests for report in self._ran.get(name, ())]
        outcomes = [report.outcome for report in reports]
        absent = [name for name in row.tests if name not in self._ran]
        failed, skipped, seconds = outcomes.count("failed"), outcomes.count("skipped"), sum(r.duration for r in reports)
        verdict = (
            "FAILED" if failed else "not run" if absent else "in part" if skipped else "ok" if row.tests else "later"
        )
        more = f", {skipped} skipped" if skipped else ""
        return f"{row.number:2}  {verdict:7}  {outcomes.count('passed'):3} passed{more}, {seconds:5.0f} s  {row.fault}"


def main(arguments: Sequence[str]) -> int:
    """Run, and give pytest's exit code, or 1 where a test that a row promises was not run and nobody chose so (-k)."""
    wanted = rows()
    elsewhere = dict.fromkeys(name for row in wanted for name in row.tests if not name.startswith("tests/faults/"))
    summary = Summary(wanted)
    code = int(pytest.main([*ALWAYS, "tests/faults", *elsewhere, *arguments], plugins=[summary]))
    return code or int(bool(summary.missed) and "-k" not in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
