"""One place for each addition: every row of CONTRIBUTING's table walked once, in a copy of the checkout.

Each addition touches the places that its row names and no other; the tests that its row calls proof are run in the
copy, and what follows by itself is asked of the program there.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po, write_po

from ingest.sources import BUILT_IN
from tests import additions
from tests.upstream import Upstream

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("api", "core", "db", "digest", "docs", "ingest", "locales", "ranking", "roadmap", "shirube", "tests")
FILES = ("CHANGELOG.md", "CONTRIBUTING.md", "Makefile", "README.md", "SECURITY.md", "pyproject.toml")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "faults", "browser", "screenshots")
SETTINGS = {"SHIRUBE_DATA_DIR": "var", "NO_COLOR": "1", "COLUMNS": "200"}
ROW = re.compile(r"^\| (an? [^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)?)`")


def table() -> dict[str, tuple[list[str], list[str]]]:
    """Read the rows of CONTRIBUTING's table that are walked: what is added -> patterns of places, tests of proof."""
    rows = ROW.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    return {
        what: ([re.sub(r"<\w+>", "*", place) for place in re.findall(r"`(\w+/[^`]+)`", write)], TEST.findall(proof))
        for what, write, proof in rows
        if what in ADDITIONS
    }


@pytest.fixture(scope="module")
def up() -> Iterator[Upstream]:
    """The stand-in that the added source reads."""
    with Upstream(months=("2026-10",)) as running:
        yield running


@pytest.fixture(scope="module")
def touched() -> dict[str, set[str]]:
    """The files that each addition wrote."""
    return {}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, up: Upstream, touched: dict[str, set[str]]) -> Path:
    """A copy of the checkout with one addition of each kind, whose generated words are then written anew."""
    folder = tmp_path_factory.mktemp("additions") / "checkout"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=LEFT_OUT)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    for what, add in ADDITIONS.items():
        before = state(folder)
        add(folder, up)
        touched[what] = {path for path, stamp in state(folder).items() if before.get(path) != stamp}
    run(folder, "-m", "tests.shirube.golden", "formats")
    run(folder, "-m", "tests.test_docs")
    return folder


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Tell when each file was written last, and its size."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return {str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.stat().st_size) for path in files}


def write(path: Path, text: str) -> None:
    """Write a file of the copy."""
    path.write_text(text, encoding="utf-8")


def append(path: Path, text: str) -> None:
    """Write behind what a file of the copy holds."""
    write(path, path.read_text("utf-8") + text)


def add_source(folder: Path, up: Upstream) -> None:
    """Add a source that reads a list of the stand-in, and its builder for the contract."""
    text = additions.SOURCE.replace("https://nightjar.example", up.url)
    write(folder / "ingest/sources/nightjar.py", text)
    contract = folder / "tests/ingest/test_sources.py"
    write(contract, contract.read_text("utf-8").replace("NETWORK = [", f"{additions.BUILDER}\nNETWORK = [", 1))


def add_lab(folder: Path, _up: Upstream) -> None:
    """Add a lab."""
    append(folder / "roadmap/labs.toml", additions.LAB)


def add_topic(folder: Path, _up: Upstream) -> None:
    """Add a topic to the last stage, with a work to read."""
    write(folder / "roadmap/topics/puzzle-solving.toml", additions.TOPIC)
    stages = folder / "roadmap/stages.toml"
    head, opening, rest = stages.read_text("utf-8").rpartition("topics = [")
    write(stages, f'{head}{opening}{rest.rpartition("]")[0].rstrip().rstrip(",")}, "puzzle-solving"]\n')
    append(folder / "roadmap/canon.toml", additions.WORK)


def add_format(folder: Path, _up: Upstream) -> None:
    """Add a format."""
    write(folder / "digest/formats/outline.py", additions.FORMAT)


def add_signal(folder: Path, _up: Upstream) -> None:
    """Add a signal of worth."""
    append(folder / "ranking/worth.py", additions.SIGNAL)


def add_language(folder: Path, _up: Upstream, lang: str = "de") -> None:
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


ADDITIONS: dict[str, Callable[[Path, Upstream], None]] = {
    "a source": add_source,
    "a lab, or its feed": add_lab,
    "a topic": add_topic,
    "an output format": add_format,
    "a signal of worth": add_signal,
    "a language": add_language,
}


def run(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the copy: what is imported is the copy's, since its folder comes first."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("SHIRUBE_", "PYTEST_"))} | SETTINGS
    env |= settings
    ended = subprocess.run([sys.executable, *words], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def shirube(folder: Path, *words: str, **settings: str) -> str:
    """Run the program in the copy; gives what it prints."""
    return run(folder, "-m", "shirube", *words, **settings).stdout


@pytest.fixture(scope="module")
def asked(copy: Path) -> dict[str, Any]:
    """Ask the program in the copy, in one process, what it says of each addition."""
    found: dict[str, Any] = json.loads(run(copy, "-m", "tests.additions").stdout)
    return found


@pytest.mark.parametrize("what", ADDITIONS)
def test_an_addition_touches_only_the_places_that_its_row_names(
    copy: Path, touched: dict[str, set[str]], what: str
) -> None:
    places, proof = table()[what]
    assert touched[what]
    assert {path for path in touched[what] if not any(fnmatch(path, place) for place in places)} == set()
    assert {place for place in places if not any(fnmatch(path, place) for path in touched[what])} == set()
    assert proof
    assert copy.is_dir()


def test_what_the_table_calls_proof_passes_with_all_of_it(copy: Path) -> None:
    proofs = dict.fromkeys(test for _, proof in table().values() for test in proof)
    said = run(copy, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--tb=short", *proofs).stdout
    for found in (r"\[Nightjar\] PASSED", r"\[de\] PASSED", r"golden_month\[2026-06\] PASSED"):
        assert re.search(found, said), said


def test_a_source_is_one_module(copy: Path, up: Upstream) -> None:
    days = ("--since", "2026-10-05", "--until", "2026-10-09")
    allowed = up.environment()["SHIRUBE_ALLOW_PRIVATE_HOSTS"]
    pulled = json.loads(
        shirube(copy, "pull", "--source", "nightjar", *days, "--json", SHIRUBE_ALLOW_PRIVATE_HOSTS=allowed)
    )
    [summed] = pulled["sources"]
    assert (summed["source"], summed["windows_closed"], summed["windows_open"]) == ("nightjar", 5, 0)
    assert summed["new"] > 0
    listed = [
        json.loads(line)
        for line in shirube(copy, "papers", "--min-fit", "0", "--limit", "500", "--format", "jsonl").splitlines()
    ]
    assert [item["sources"] for item in listed] == [["nightjar"]] * summed["new"]
    jobs = {job["name"] for job in json.loads(shirube(copy, "jobs", "--json"))["jobs"]}
    assert "pull-nightjar" in jobs
    assert "nightjar" in shirube(copy, "pull", "--help")
    assert "nightjar" in shirube(copy, "status", "--month", "2026-10", "--json")
    assert "`pull-nightjar`" in (copy / "docs/operate.md").read_text("utf-8")


def test_a_topic_and_a_lab_bring_their_pages_feeds_and_choices(copy: Path, asked: dict[str, Any]) -> None:
    found = asked["routes"]
    assert {path: status for path, status in found.items() if path.startswith("/") and status != 200} == {}
    assert (found["opml"], found["subscribe"]) == (2, 2)
    assert "38 topics" in shirube(copy, "roadmap", "check")


def test_a_format_is_one_module(copy: Path, asked: dict[str, Any]) -> None:
    assert "outline" in shirube(copy, "digest", "--help")
    assert asked["routes"]["outline"] is True


def test_a_signal_is_one_function_and_one_line(asked: dict[str, Any]) -> None:
    found = asked["signal"]
    assert found["shares"]["brief"] > 0
    assert found["score"] <= 1
    assert "A certain paper is a little likelier to be read" in found["about"]


def test_a_language_is_one_folder_of_catalogues(copy: Path, asked: dict[str, Any]) -> None:
    found = asked["language"]
    assert found.pop("languages") == ["en", "de", "ja"]
    assert found.pop("command") == ["en", "de", "ja"]
    assert found.pop("feed") in (None, "de")
    assert all(found.values()), found
    assert "de" in shirube(copy, "digest", "--help")


def test_the_modules_called_built_in_are_there() -> None:
    assert {path.stem for path in (ROOT / "ingest/sources").glob("*.py")} >= BUILT_IN
