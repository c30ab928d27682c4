"""html-validate (npm) over pages and mails: `make htmlvalidate` installs it; a test without it skips, saying so.

Rules that are off, and why: mail clients need inline styles, old attributes and conditional comments; a mail's room is
scarce, and HTML puts a tbody in by itself, while one old element does at each figure what a style says in three times
as many bytes; ids hold the dot of an arXiv id (contract: anchors are `#p-<id>`), which HTML allows; the doctype's
letters are a matter of taste.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
INSTALLED = ROOT / "build" / "html-validate" / "node_modules" / ".bin" / "html-validate"
PAGE = {"valid-id": ["error", {"relaxed": True}], "doctype-style": "off"}
NOBR = {"flow": True, "phrasing": True, "deprecated": True, "permittedContent": ["@phrasing"]}
ELEMENTS = ["html5", {"nobr": NOBR}]  # a mail may have it; a page that had it would be told
SHORT = {"prefer-tbody": "off", "deprecated": ["error", {"exclude": ["nobr"]}]}
MAIL = {**PAGE, **SHORT, "no-inline-style": "off", "no-deprecated-attr": "off", "no-conditional-comment": "off"}


def complaints(pages: Mapping[str, str], rules: Mapping[str, object], folder: Path) -> list[str]:
    """Check pages by name, as files in a folder; gives what is wrong: file, line, rule, message."""
    program = str(INSTALLED) if INSTALLED.exists() else shutil.which("html-validate")
    if program is None:
        pytest.skip("html-validate is not installed (make htmlvalidate): no page was checked by it")
    config = {"root": True, "extends": ["html-validate:recommended"], "elements": ELEMENTS, "rules": dict(rules)}
    (folder / ".htmlvalidate.json").write_text(json.dumps(config), encoding="utf-8")
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="utf-8")
    ended = subprocess.run(
        [program, "--formatter", "json", *pages], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )
    found = json.loads(ended.stdout)
    assert ended.returncode in (0, 1), ended.stderr
    assert bool(found) == bool(ended.returncode)
    return [
        f"{Path(file['filePath']).name}:{one['line']} {one['ruleId']}: {one['message']}"
        for file in found
        for one in file["messages"]
    ]
