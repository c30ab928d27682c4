"""axe-core (npm) over a page: `make axe` installs it; what needs it skips without, saying so."""

from functools import cache
from pathlib import Path

import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
INSTALLED = ROOT / "build" / "axe-core" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = ["color-contrast"]  # all that another colour scheme can break
_RUN = """rules => axe.run({runOnly: rules, resultTypes: ["violations"]}).then(found => found.violations.flatMap(
  rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 200)}: ${node.failureSummary}`)))"""


@cache
def source() -> str:
    """Read the program, or skip and say what to do."""
    if not INSTALLED.exists():
        pytest.skip("axe-core is not installed (make axe): the rules of WCAG were not tried")
    return INSTALLED.read_text(encoding="utf-8")


def violations(page: Page, rules: list[str] = RULES) -> list[str]:
    """Try the rules of WCAG 2.2 AA, or those named, on a page; gives what breaks them: rule, element, why."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(source())  # by the debugger: the page's own policy lets no foreign script in
    found: list[str] = page.evaluate(_RUN, rules)
    return found
