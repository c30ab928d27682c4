"""One place for each addition: every row of CONTRIBUTING's table walked once, in a copy of the checkout.

Each addition touches the places that the table names; what follows by itself is asked of the program in the copy.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po, write_po

from ingest.sources import BUILT_IN, added
from tests import additions

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "core", "db", "digest", "ingest", "locales", "ranking", "roadmap", "shirube", "tests")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "golden", "seeds", "faults")
SETTINGS = {"SHIRUBE_DATA_DIR": "var", "NO_COLOR": "1", "COLUMNS": "200"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout with one addition of each kind."""
    folder = tmp_path_factory.mktemp("additions") / "checkout"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=LEFT_OUT)
    write(folder / "ingest/sources/nightjar.py", additions.SOURCE)
    write(folder / "digest/formats/outline.py", additions.FORMAT)
    write(folder / "roadmap/topics/puzzle-solving.toml", additions.TOPIC)
    stages = folder / "roadmap/stages.toml"
    write(stages, re.sub(r'(topics = \[\s*)"', r'\1"puzzle-solving", "', stages.read_text("utf-8"), count=1))
    write(folder / "roadmap/labs.toml", (folder / "roadmap/labs.toml").read_text("utf-8") + additions.LAB)
    worth = folder / "ranking/worth.py"
    write(worth, worth.read_text("utf-8") + additions.SIGNAL)
    add_language(folder, "de")
    return folder


def write(path: Path, text: str) -> None:
    """Write a file of the copy."""
    path.write_text(text, encoding="utf-8")


def add_language(folder: Path, lang: str) -> None:
    """Add a language as CONTRIBUTING says: a folder, `python -m locales.extract`, and somebody who fills it in."""
    place = folder / "locales" / lang / "LC_MESSAGES"
    place.mkdir(parents=True)
    run(folder, "-m", "locales.extract")
    for path in place.glob("*.po"):
        with path.open("rb") as source:
            catalogue = read_po(source, locale=lang)
        for message in catalogue:
            if message.id:
                count = catalogue.num_plurals if message.pluralizable else 0
                one = message.id if isinstance(message.id, str) else message.id[-1]
                message.string = (f"⟦{one}⟧",) * count if count else f"⟦{one}⟧"
        with path.open("wb") as out:
            write_po(out, catalogue)


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy: what is imported is the copy's, since its folder comes first."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("SHIRUBE_")} | SETTINGS
    ended = subprocess.run([sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def shirube(folder: Path, *words: str) -> str:
    """Run the program in the copy; gives what it prints."""
    return run(folder, "-m", "shirube", *words).stdout


def ask(folder: Path, question: str) -> dict[str, Any]:
    """Ask the program in the copy something."""
    found: dict[str, Any] = json.loads(run(folder, "-m", "tests.additions", question).stdout)
    return found


def test_a_source_is_one_module(copy: Path) -> None:
    pulled = json.loads(
        shirube(copy, "pull", "--source", "nightjar", "--since", "2026-10-01", "--until", "2026-10-31", "--json")
    )
    [summed] = pulled["sources"]
    assert (summed["source"], summed["new"], summed["windows_open"]) == ("nightjar", 2, 0)
    listed = [json.loads(line) for line in shirube(copy, "papers", "--format", "jsonl").splitlines()]
    assert {item["id"]: item["sources"] for item in listed} == {
        "2610.90001": ["nightjar"],
        "2610.90002": ["nightjar"],
    }
    jobs = {job["name"] for job in json.loads(shirube(copy, "jobs", "--json"))["jobs"]}
    assert "pull-nightjar" in jobs
    assert "nightjar" in shirube(copy, "pull", "--help")
    assert "nightjar" in shirube(copy, "status", "--month", "2026-10", "--json")


def test_a_topic_and_a_lab_bring_their_pages_feeds_and_choices(copy: Path) -> None:
    found = ask(copy, "routes")
    assert {path: status for path, status in found.items() if path.startswith("/") and status != 200} == {}
    assert (found["opml"], found["subscribe"]) == (2, 2)
    assert "38 topics" in shirube(copy, "roadmap", "check")


def test_a_format_is_one_module(copy: Path) -> None:
    assert "outline" in shirube(copy, "digest", "--help")
    assert ask(copy, "routes")["outline"] is True


def test_a_signal_is_one_function_and_one_line(copy: Path) -> None:
    found = ask(copy, "signal")
    assert found["shares"]["brief"] > 0
    assert found["score"] <= 1
    assert "A certain paper is a little likelier to be read" in found["about"]


def test_a_language_is_one_folder_of_catalogues(copy: Path) -> None:
    found = ask(copy, "language")
    assert found.pop("languages") == ["en", "de", "ja"]
    assert found.pop("command") == ["en", "de", "ja"]
    assert found.pop("feed") in (None, "de")
    assert all(found.values()), found
    assert "de" in shirube(copy, "digest", "--help")


def test_this_checkout_has_none_of_it() -> None:
    assert added() == {}
    there = {path.stem for path in (ROOT / "ingest/sources").glob("*.py")} - {"__init__"}
    assert there == BUILT_IN
