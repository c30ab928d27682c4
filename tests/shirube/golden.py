"""Golden files: two whole months in every format and language. `python -m tests.shirube.golden` writes them anew.

`python -m tests.shirube.golden formats` makes no month and writes those that are there again, and the schema.

The stand-in's October is ranked by words alone, the recorded June by the packaged model and its weights: a change of
ranking changes the second. Pages are kept as their fragment, so that a change of the stylesheet changes none. What a
month holds (`*.json`) and how it is written (the other files) are compared apart, so that the cause of a change is
plain.
"""

import json
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from digest.formats import email, formats, html
from digest.formats.json import from_json
from digest.model import Digest
from digest.press import message_parts
from digest.schema import schema
from locales import LANGUAGES
from shirube.wiring import Wiring
from tests.shirube.command import CLOSED, DRAFT, Bench, run
from tests.upstream import Upstream

FOLDER = Path(__file__).parent / "golden"
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "digest.schema.json"
STAND_IN, RECORDED = "2026-10", "2026-06"
MONTHS = (STAND_IN, RECORDED)
BASE = "https://shirube.example"
NOWHERE = "http://127.0.0.1:9"  # the discard port: nothing listens there
TOLERANCE = 0.02  # of a fit or a worth: processors and their arithmetic differ


def reader() -> email.Reader:
    """Give a reader of stages 5 and 7 whose mail is kept."""
    return email.Reader(
        stages=(5, 7),
        here=5,
        base_url=BASE,
        preferences_url=f"{BASE}/s/TOKEN/preferences?lang=en",
        unsubscribe_url=f"{BASE}/s/TOKEN/unsubscribe?lang=en",
        address="r•••@example.org",
        confirmed=date(2026, 3, 12),
        feedback_url=f"{BASE}/s/TOKEN/feedback",
        minutes=240,
    )


def written(digest: Digest) -> Iterator[tuple[str, str]]:
    """Write a digest in every form but JSON: (file name, text)."""
    for lang in LANGUAGES:
        yield f"{digest.month}.{lang}.html", html.fragment(digest, lang)
        for name in sorted(set(formats()) - {"html", "json"}):
            yield f"{digest.month}.{lang}.{formats()[name].SUFFIX}", formats()[name].render(digest, lang)
        mail = message_parts(digest, lang, reader())
        head = f"{mail.subject}\n{mail.preheader}\n\n"
        yield f"{digest.month}.{lang}.mail.html", mail.html
        yield f"{digest.month}.{lang}.mail.txt", head + mail.text


def stored(month: str) -> Digest:
    """Read the golden digest of a month."""
    return from_json(json.loads((FOLDER / f"{month}.json").read_text(encoding="utf-8")))


def stand_in(up: Upstream, folder: Path) -> dict[str, Any]:
    """Make the final issue of the stand-in's October as JSON."""
    env = {**up.environment(), "SHIRUBE_DATA_DIR": str(folder)}
    run("digest", STAND_IN, env=env, now=DRAFT)
    return _said(run("digest", STAND_IN, "--format", "json", "--out", "-", env=env, now=CLOSED).out)


def recorded(folder: Path, wiring: Callable[..., Wiring]) -> dict[str, Any]:
    """Make the sample of the recorded June as JSON, as a machine without internet does."""
    urls = {f"SHIRUBE_{name}_URL": NOWHERE for name in ("ARXIV", "OAI", "ARXIV_RSS", "HF", "PWC")}
    feeds = {name: f"{NOWHERE}/{name}" for name in ("openai", "qwen", "google-deepmind")}
    env = {
        **urls,
        "SHIRUBE_DATA_DIR": str(folder),
        "SHIRUBE_LAB_FEEDS": json.dumps(feeds),
        "SHIRUBE_ALLOW_PRIVATE_HOSTS": '["127.0.0.1:9"]',
        "SHIRUBE_ARXIV_DELAY_SECONDS": "0",
    }
    return _said(run("digest", "--format", "json", "--out", "-", env=env, wiring=wiring).out)


class Packaged(Bench):
    """The packaged model and its weights, without pauses between tries."""

    embedder = Wiring.embedder
    ranker = Wiring.ranker


def _said(text: str) -> dict[str, Any]:
    return dict(json.loads(text))


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Name where two values differ; fractions may by TOLERANCE, hashes of inputs and the version at will."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one.keys() - {"inputs_hash", "inputs", "version"}:
            yield from differences(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{path}[{index}]")
    elif isinstance(one, float) and isinstance(other, float):
        if abs(one - other) > TOLERANCE:
            yield f"{path}: {one} is not {other}"
    elif one != other:
        yield f"{path}: {one!r} is not {other!r}"


def write() -> None:
    """Write every golden file and the schema anew."""
    SCHEMA.write_text(schema_text(), encoding="utf-8")
    FOLDER.mkdir(exist_ok=True)
    with Upstream() as up, TemporaryDirectory() as folder:
        _write(STAND_IN, stand_in(up, Path(folder) / "stand-in"))
        _write(RECORDED, recorded(Path(folder) / "recorded", Packaged))


def schema_text() -> str:
    """Write the schema as its file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _write(month: str, plain: dict[str, Any]) -> None:
    text = json.dumps(plain, ensure_ascii=False, indent=1) + "\n"
    (FOLDER / f"{month}.json").write_text(text, encoding="utf-8")
    for name, text in written(from_json(plain)):
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["formats"]:
        SCHEMA.write_text(schema_text(), encoding="utf-8")
        for one in MONTHS:
            _write(one, json.loads((FOLDER / f"{one}.json").read_text(encoding="utf-8")))
    else:
        write()
