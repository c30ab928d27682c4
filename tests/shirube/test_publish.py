"""The site as files: everything linked is there, a second run changes nothing, a good site is never made poorer."""

import json
import posixpath
import re
from html import unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit

import feedparser
import pytest
from sqlalchemy import select

from db.engine import make_engine, make_sessions
from db.models import Issue, Item
from db.storing import delete_items
from shirube.publish import MANIFEST, Manifest, lost, others, unfollowed
from tests.shirube.command import CLOSED, run
from tests.shirube.conftest import Store

BASE = "https://road.example/sub"
BESIDE = 20  # papers stored that the issue does not name
ADDRESS = re.compile(r'<(?:link|a|script|img)\b[^>]*?\s(?:href|src)="([^"]*)"')


@pytest.fixture(scope="module")
def site(final: Store, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Path]:
    """A published folder, and the store it was made of, which tests may change after copying."""
    store = final.copied(tmp_path_factory.mktemp("published") / "var")
    _thin_out(store)
    folder = tmp_path_factory.mktemp("public") / "site"
    ended = run("publish", str(folder), env=_env(store), now=CLOSED)
    assert ended.code == 0, ended.err
    assert ended.out == f"{folder}\n"
    return store, folder


def _thin_out(store: Store) -> None:
    """Leave what the issue names, and some beside it: a paper more is six files more, of which no other sort comes."""
    engine = make_engine(f"sqlite:///{store.folder / 'shirube.db'}")
    with make_sessions(engine).begin() as session:
        named = json.dumps(session.scalars(select(Issue.digest)).all())
        unnamed = [id_ for id_ in session.scalars(select(Item.id).order_by(Item.id)) if f'"{id_}"' not in named]
        delete_items(session, unnamed[BESIDE:])
    engine.dispose()


def _env(store: Store) -> dict[str, str]:
    return {**store.env, "SHIRUBE_BASE_URL": BASE}


def _files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_every_page_of_the_contract_is_there_in_both_languages(site: tuple[Store, Path]) -> None:
    names = _files(site[1])
    for page in ("", "digests/", "digests/2026-10/", "digests/2026-10/30/", "digests/latest/"):
        for lang in ("", "ja/"):
            assert f"{lang}{page}index.html" in names
    assert "static/style.css" in names
    assert len([name for name in names if name.startswith("papers/")]) > 20


def test_every_link_within_the_site_leads_to_a_file(site: tuple[Store, Path]) -> None:
    files = _files(site[1])
    broken = []
    for name, content in files.items():
        if not name.endswith(".html"):
            continue
        for address in ADDRESS.findall(content.decode()):
            target = _target(unescape(address), name)
            if target is not None and target not in files:
                broken.append((name, address))
    assert broken == []


def _target(address: str, name: str) -> str | None:
    """Name the file an address leads to; None for one of another site or of this very page."""
    parts = urlsplit(address)
    if parts.netloc:
        inside = address.startswith(f"{BASE}/")
        return _file(parts.path.removeprefix("/sub/")) if inside else None
    if parts.scheme or not parts.path:
        return None
    return _file(posixpath.normpath(posixpath.join(posixpath.dirname(name), parts.path)) + "/" * address.endswith("/"))


def _file(path: str) -> str:
    path = unquote(path)
    whole = posixpath.splitext(path)[1] in (
        ".css",
        ".svg",
        ".atom",
        ".rss",
        ".json",
        ".opml",
        ".bib",
        ".ris",
        ".csv",
        ".md",
    )
    return path if whole else posixpath.join(path.removeprefix("./").rstrip("/"), "index.html").removeprefix("./")


@pytest.mark.parametrize("page", ["about/", "digests/2026-10/", "stages/5/", "labs/openai/", "status/", "feeds/"])
def test_each_language_of_a_page_names_itself_the_others_and_the_first(site: tuple[Store, Path], page: str) -> None:
    for lang in ("", "ja/"):
        content = (site[1] / lang / page / "index.html").read_text()
        assert re.findall(r'<link rel="canonical" href="([^"]+)"', content) == [f"{BASE}/{lang}{page}"]
        assert re.findall(r'<link rel="alternate" hreflang="([^"]+)" href="([^"]+)"', content) == [
            ("en", f"{BASE}/{page}"),
            ("ja", f"{BASE}/ja/{page}"),
            ("x-default", f"{BASE}/{page}"),
        ]


def test_nothing_asks_for_a_server(site: tuple[Store, Path]) -> None:
    for name, content in _files(site[1]).items():
        if name.endswith(".html"):
            assert b"<form" not in content, name
            assert not re.search(rb"<a(?![^>]* href=)[ >]", content), name


def test_feeds_name_pages_that_are_there(site: tuple[Store, Path]) -> None:
    files = _files(site[1])
    feeds = {name: body.decode() for name, body in files.items() if name.endswith((".atom", ".rss", "picks.json"))}
    assert feeds
    for name, text in feeds.items():
        for address in re.findall(rf"{BASE}/[^\s\"'<>\\]*", text):
            assert _file(urlsplit(address).path.removeprefix("/sub/")) in files, (name, address)
        if not name.endswith(".json"):
            found = feedparser.parse(text)
            assert not found.bozo, (name, found.get("bozo_exception"))


def test_a_second_run_makes_good_what_was_cut_off_and_touches_nothing_else(site: tuple[Store, Path]) -> None:
    store, folder = site
    (folder / "CNAME").write_text("road.example")
    before, whole = _moments(folder), _files(folder)
    (folder / "index.html").unlink()
    (folder / "ja" / "index.html").write_text("half")
    ended = run("publish", str(folder), env=_env(store), now=CLOSED)
    assert ended.code == 0
    assert "2 of them new or changed" in ended.err
    assert _files(folder) == whole
    mended = {folder / MANIFEST, folder / "index.html", folder / "ja" / "index.html"}
    assert {file: moment for file, moment in _moments(folder).items() if file not in mended} == {
        file: moment for file, moment in before.items() if file not in mended
    }


def _moments(folder: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in folder.rglob("*") if file.is_file()}


def test_a_poorer_store_leaves_the_site_as_it_is(
    site: tuple[Store, Path], october: Store, tmp_path: Path, empty: dict[str, str]
) -> None:
    _, folder = site
    before = _files(folder)
    draft = run("publish", str(folder), env=_env(october.copied(tmp_path / "draft")), now=CLOSED)
    assert draft.code == 1
    assert "the final issue of 2026-10 is not stored as final" in draft.err
    nothing = run("publish", str(folder), env={**empty, "SHIRUBE_BASE_URL": BASE}, now=CLOSED)
    assert nothing.code == 1
    assert "No issue is stored" in nothing.err
    assert _files(folder) == before


def test_files_of_others_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("my own page")
    fresh = Manifest({}, 1, {"index.html": "hash", "ja/index.html": "hash"})
    assert "index.html would be overwritten" in others(tmp_path, None, fresh)[0]
    assert others(tmp_path, Manifest({}, 1, {"index.html": "old"}), fresh) == []


def test_a_page_that_fails_leaves_everything_as_it_is(
    site: tuple[Store, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.issues.listed", lambda session: 1 / 0)
    ended = run("publish", str(tmp_path / "new"), env=_env(site[0]), now=CLOSED)
    assert ended.code == 1
    assert "failed with status 500: nothing was published" in ended.err
    assert not (tmp_path / "new").exists()


def test_a_manifest_nobody_can_read_stops_it(site: tuple[Store, Path], tmp_path: Path) -> None:
    store, _ = site
    (tmp_path / MANIFEST).write_text("{")
    ended = run("publish", str(tmp_path), env=_env(store), now=CLOSED)
    assert ended.code == 1
    assert "cannot be read" in ended.err


@pytest.mark.parametrize(
    ("issues", "items", "files", "said"),
    [
        ({"2026-09": "final", "2026-10": "final"}, 100, 100, 0),
        ({"2026-09": "final", "2026-10": "final", "2026-11": "draft"}, 150, 120, 0),
        ({"2026-09": "final"}, 100, 100, 1),
        ({"2026-09": "final", "2026-10": "draft"}, 100, 100, 1),
        ({"2026-09": "final", "2026-10": "final"}, 80, 100, 1),
        ({"2026-09": "final", "2026-10": "final"}, 95, 95, 0),
        ({"2026-09": "final", "2026-10": "final"}, 100, 50, 1),
        ({}, 0, 0, 4),
    ],
)
def test_what_makes_a_site_poorer(issues: dict[str, str], items: int, files: int, said: int) -> None:
    known = Manifest({"2026-09": "final", "2026-10": "final"}, 100, {f"{n}": "hash" for n in range(100)})
    fresh = Manifest(issues, items, {f"{n}": "other" for n in range(files)})
    assert len([*lost(known, issues, items), *unfollowed(known, fresh)]) == said


def test_the_manifest_names_issues_and_files(site: tuple[Store, Path]) -> None:
    manifest = json.loads((site[1] / MANIFEST).read_text())
    assert manifest["issues"] == {"2026-10": "final"}
    assert set(manifest["files"]) == _files(site[1]).keys() - {MANIFEST, "CNAME"}
