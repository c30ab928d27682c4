"""The dumps of the old Papers with Code: fields, hostile shapes, files that break; a second import changes nothing."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from core.record import Author, CodeLink, PaperRecord
from ingest.source import EntryError
from ingest.sources import pwc_archive
from ingest.sources.pwc_archive import ENDED, Kind

PAPER: dict[str, Any] = {
    "paper_url": "https://paperswithcode.com/paper/brass-herons",
    "arxiv_id": "1805.07499",
    "nips_id": None,
    "openreview_id": None,
    "title": "Brass\n herons",
    "abstract": "Herons of brass\nwade.",
    "short_abstract": None,
    "url_abs": "http://arxiv.org/abs/1805.07499v1",
    "url_pdf": "http://arxiv.org/pdf/1805.07499v1.pdf",
    "proceeding": "Heronry 2018 6",
    "authors": ["Ada Moorhen", "Bo Coot"],
    "tasks": ["Wading", "Standing on One Leg"],
    "date": "2018-06-19",
    "conference": "heronry-2018-6",
    "reproduces_paper": None,
    "methods": [{"name": "Adam", "full_name": "Adam", "introduced_year": 2000, "main_collection": {"area": "General"}}],
}
LINK: dict[str, Any] = {
    "paper_url": "https://paperswithcode.com/paper/brass-herons",
    "paper_title": "Brass herons",
    "paper_arxiv_id": "1805.07499",
    "paper_url_abs": "http://arxiv.org/abs/1805.07499v1",
    "paper_url_pdf": "http://arxiv.org/pdf/1805.07499v1.pdf",
    "repo_url": "https://github.com/moorhen/brass.git",
    "is_official": True,
    "mentioned_in_paper": True,
    "mentioned_in_github": False,
    "framework": "tf",
}
MARKS = '[]{},:"\\ \n0aé'


def written(path: Path, values: Any, indent: int | None = 2) -> str:
    raw = json.dumps(values, indent=indent).encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return str(path)


def read(path: str, kind: Kind = "pwc-papers") -> tuple[list[Any], str]:
    """Give the entries that can be had of a file, and what is wrong with it."""
    found: list[Any] = []
    try:
        for entry in pwc_archive.entries(path, kind):
            found.append(entry.content)
    except UsageError as problem:
        return found, problem.message
    return found, ""


def test_every_field_of_a_paper(tmp_path: Path) -> None:
    assert read(written(tmp_path / "papers.json.gz", [PAPER])) == (
        [
            PaperRecord(
                source="pwc-archive",
                id="1805.07499",
                kind="paper",
                title="Brass herons",
                as_of=ENDED,
                arxiv_id="1805.07499",
                abstract="Herons of brass wade.",
                authors=(Author("Ada Moorhen"), Author("Bo Coot")),
                journal_ref="Heronry 2018",
                tasks=("Wading", "Standing on One Leg"),
            )
        ],
        "",
    )


def test_every_field_of_a_link(tmp_path: Path) -> None:
    (record,), _ = read(written(tmp_path / "links.json", [LINK]), "pwc-links")
    code = CodeLink("https://github.com/moorhen/brass", True)
    assert record == PaperRecord("pwc-archive", "1805.07499", "paper", "", ENDED, arxiv_id="1805.07499", code=(code,))


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"arxiv_id": None}, "1805.07499"),
        ({"arxiv_id": "1805.07499v2"}, "1805.07499"),
        ({"arxiv_id": "", "url_abs": None}, "1805.07499"),
        ({"arxiv_id": "math.GT/0309136"}, "math/0309136"),
        ({"arxiv_id": None, "url_abs": "https://example.org/herons", "url_pdf": None}, None),
        ({"arxiv_id": None, "url_abs": None, "url_pdf": 7, "title": None}, None),
        ({"arxiv_id": "herons", "url_abs": None, "url_pdf": None}, "arxiv_id is no arXiv id"),
        ({"arxiv_id": 1805.07, "url_abs": None, "url_pdf": None}, "arxiv_id is no arXiv id"),
        ({"title": None}, "no title"),
        ({"title": " \u202e"}, "no title"),
    ],
)
def test_which_paper_an_entry_is_about(tmp_path: Path, given: dict[str, Any], found: str | None) -> None:
    (content,), _ = read(written(tmp_path / "papers", [PAPER | given]))
    assert (content.reason if isinstance(content, EntryError) else content and content.id) == found


@pytest.mark.parametrize("url", [None, "", 7, "javascript:alert(1)", "https://user@example.org/code", "git@host:a/b"])
def test_a_link_that_leads_nowhere_is_broken(tmp_path: Path, url: Any) -> None:
    (content,), _ = read(written(tmp_path / "links", [LINK | {"repo_url": url}]), "pwc-links")
    assert (content.reason, content.item_id) == ("no address of a repository", "1805.07499")
    assert json.loads(content.raw)["paper_title"] == "Brass herons"


@pytest.mark.parametrize(("official", "kept"), [(True, True), (False, False), (None, None), ("yes", None), (1, None)])
def test_official_is_said_or_not(tmp_path: Path, official: Any, kept: bool | None) -> None:
    (content,), _ = read(written(tmp_path / "links", [LINK | {"is_official": official}]), "pwc-links")
    assert content.code == (CodeLink("https://github.com/moorhen/brass", kept),)


@pytest.mark.parametrize(
    ("raw", "wrong", "count"),
    [
        (b"", "holds no JSON array", 0),
        (b'{"arxiv_id": "1805.07499"}\n', "holds no JSON array", 0),
        (b"<html>Moved</html>", "holds no JSON array", 0),
        (b" [ ] ", "", 0),
        (b"[{}, 1, null]", "", 3),
        (b"[{}, {}] {}", "goes on behind the end of its array", 2),
        (b"[{}, {}", "entry 2 is cut short or damaged", 1),
        (b"[{} {}]", "entry 1 is cut short or damaged", 1),
        (b"[{}, 12", "entry 2 is cut short or damaged", 1),
        (b"[{}, {,}]", "entry 2 is cut short or damaged", 1),
        (b"[{}, " + b"[" * 100_000 + b"]" * 100_000 + b"]", "entry 2 is nested too deeply", 1),
        (b'[{"a": ' + b"9" * 100_000 + b"}, {}]", "", 2),
        (b'[{"title": "\xff\\ud800", "arxiv_id": "1805.07499"}]', "", 1),
        (b"[" + b" " * 200_000 + b"{}" + b" " * 200_000 + b"]", "", 1),
    ],
)
def test_what_a_file_may_be_instead_of_a_dump(tmp_path: Path, raw: bytes, wrong: str, count: int) -> None:
    (tmp_path / "dump").write_bytes(raw)
    found, problem = read(str(tmp_path / "dump"))
    assert len(found) == count
    assert (problem.removeprefix(str(tmp_path / "dump")).lstrip(": ")) == wrong


def test_an_entry_that_never_ends_is_not_held_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pwc_archive, "LONGEST", 100_000)
    (tmp_path / "dump").write_bytes(b'[{}, {"title": "' + b"x" * 400_000 + b'"}, {}]')
    assert read(str(tmp_path / "dump"))[1].endswith("entry 2 is cut short or damaged")


@pytest.mark.parametrize(
    ("values", "kind", "other"), [([LINK], "pwc-papers", "links"), ([PAPER], "pwc-links", "papers")]
)
def test_the_other_dump_is_refused_at_once(tmp_path: Path, values: Any, kind: Kind, other: str) -> None:
    with pytest.raises(UsageError, match=f"shirube import pwc-{other}"):
        list(pwc_archive.entries(written(tmp_path / "dump", values), kind))


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1805.07499", "https://a.b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
papers = st.dictionaries(st.sampled_from([*PAPER]), anything).map(lambda given: {"abstract": ""} | given)
code = st.dictionaries(st.sampled_from([*LINK]), anything).map(lambda given: {"repo_url": ""} | given)


@settings(max_examples=150, deadline=None)
@given(st.lists(papers | st.just(PAPER)), st.sampled_from([None, 2]))
def test_whatever_stands_in_papers_each_entry_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], indent: int | None
) -> None:
    path = written(tmp_path_factory.mktemp("any") / "dump", values, indent)
    found, problem = read(path)
    assert (len(found), problem) == (len(values), "")
    for content, value in zip(found, values, strict=True):
        assert value != PAPER or isinstance(content, PaperRecord)
        assert isinstance(content, PaperRecord | EntryError) or not value.get("arxiv_id")


@settings(max_examples=150, deadline=None)
@given(st.lists(code | st.just(LINK)))
def test_whatever_stands_in_links_each_entry_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any]
) -> None:
    found, problem = read(written(tmp_path_factory.mktemp("any") / "dump", values), "pwc-links")
    assert (len(found), problem) == (len(values), "")
    for content, value in zip(found, values, strict=True):
        assert value != LINK or (isinstance(content, PaperRecord) and content.code)


@settings(max_examples=100, deadline=None)
@given(st.data(), st.integers(1, 40))
def test_a_file_cut_anywhere_gives_its_whole_entries_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, part: int
) -> None:
    values = [json.dumps(value) for value in ({"title": "é]}"}, LINK | {"repo_url": None}, {})]
    raw = f"[{', '.join(values)}]".encode()
    ends = [raw.index(value.encode()) + len(value.encode()) for value in values]
    cut = data.draw(st.integers(0, len(raw) - 1))
    path = tmp_path_factory.mktemp("cut") / "dump"
    path.write_bytes(raw[:cut])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pwc_archive, "_PART", part)
        found, problem = read(str(path))
    assert problem
    assert len(found) == sum(end < cut for end in ends)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=MARKS, max_size=60), st.integers(1, 7))
@example('[{"a":"\\"}],"},[]]', 1)
def test_what_is_an_array_is_as_the_standard_library_says(
    tmp_path_factory: pytest.TempPathFactory, text: str, part: int
) -> None:
    path = tmp_path_factory.mktemp("text") / "dump"
    path.write_text(text, encoding="utf-8")
    try:
        expected = json.loads(text)
    except ValueError:
        expected = None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pwc_archive, "_PART", part)
        found, problem = read(str(path))
    assert (problem == "") == isinstance(expected, list)
    assert problem or len(found) == len(expected)
