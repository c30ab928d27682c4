"""Believing: any order, repetition or batching of claims gives the same item, and rows hold all that is believed."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.record import Author, CodeLink, LabClaim, PaperRecord, Version
from ingest.believed import NEVER, Believed
from ingest.claims import RecordError, normal_doi, repository, web_address
from ingest.merge import believe, changed_fields, join, merge, month_for, submitted_from
from ingest.rows import from_note, from_row, to_note, to_row

NOW = datetime(2026, 7, 8, 9, 0, tzinfo=UTC)
ID = "2606.00042"


def record(source: str = "arxiv", **given: Any) -> PaperRecord:
    base: dict[str, Any] = {
        "id": ID,
        "arxiv_id": ID,
        "kind": "paper",
        "title": "Clockwork herons",
        "as_of": datetime(2026, 6, 3, tzinfo=UTC),
    }
    return PaperRecord(source=source, **(base | given))


def post(**given: Any) -> PaperRecord:
    base = {"id": "heronry:clockwork", "arxiv_id": None, "kind": "post", "url": "https://heronry.example/clockwork"}
    return record(**({"source": "labs"} | base | given))


def believed(*records: PaperRecord) -> Believed:
    found: Believed | None = None
    for claim in records:
        found = merge(found, claim, NOW)
    assert found is not None
    return found


moments = st.integers(0, 3).map(lambda days: datetime(2026, 6, 1, tzinfo=UTC) + timedelta(days=days))
days = st.none() | st.integers(1, 3).map(lambda day: date(2026, 6, day))
counts = st.none() | st.integers(-1, 4)
words = st.none() | st.sampled_from(["a heron", "Ä heron", "brass"])
links = st.builds(
    CodeLink,
    st.sampled_from(["https://github.com/a/b", "http://github.com/a/b.git/", "https://github.com/A/b"]),
    st.none() | st.booleans(),
    counts,
)
claims = st.builds(LabClaim, st.just("heronry"), st.just("feed"), st.sampled_from(["x", "y"]))
versions = st.builds(Version, st.integers(0, 3), moments)
items = st.builds(
    PaperRecord,
    source=st.sampled_from(["arxiv", "arxiv-snapshot", "hf", "pwc", "recorded", "labs", "elsewhere"]),
    id=st.just(ID),
    arxiv_id=st.just(ID),
    kind=st.just("paper"),
    title=st.sampled_from(["Clockwork herons", "Clockwork Herons", "On herons"]),
    as_of=moments,
    abstract=words,
    authors=st.sampled_from([(), (Author("Ada Moorhen"),), (Author("Ada Moorhen", "Heronry"),)]),
    categories=st.sampled_from([(), ("cs.LG",), ("cs.CL", "cs.LG")]),
    submitted=st.none() | moments,
    announced=days,
    version=counts,
    versions=st.lists(versions, max_size=3).map(tuple),
    withdrawn=st.none() | st.booleans(),
    doi=st.none() | st.just("10.1/heron"),
    votes=counts,
    discussion=counts,
    daily_date=days,
    tasks=st.sampled_from([(), ("wading",)]),
    code=st.lists(links, max_size=2).map(tuple),
    edition=st.integers(0, 2),
    labs=st.lists(claims, max_size=2).map(tuple),
)
notes = st.builds(
    PaperRecord,
    source=st.sampled_from(["arxiv", "pwc-archive"]),
    id=st.just(ID),
    arxiv_id=st.just(ID),
    kind=st.just("paper"),
    title=st.just(""),
    as_of=moments,
    withdrawn=st.sampled_from([None, True]),
    code=st.lists(links, min_size=1, max_size=2).map(tuple),
    votes=counts,
)
records = items | notes


@given(st.lists(records, min_size=1, max_size=5), st.data())
def test_order_repetition_and_batches_do_not_matter(given_records: list[PaperRecord], data: st.DataObject) -> None:
    expected = believed(*given_records)
    shuffled = data.draw(st.permutations(given_records + given_records[:2]))
    assert believed(*shuffled) == expected
    cut = data.draw(st.integers(1, len(shuffled)))
    batches = [batch for batch in (shuffled[:cut], shuffled[cut:]) if batch]
    assert reduce(join, [believed(*batch) for batch in reversed(batches)]) == expected


@given(st.lists(records, min_size=1, max_size=4))
def test_what_is_stored_is_what_is_believed(given_records: list[PaperRecord]) -> None:
    held = believed(*given_records)
    if held.is_note:
        assert json.loads(json.dumps(to_note(held))) == to_note(held)
        assert from_note(to_note(held)) == held
        return
    row = to_row(held, "2026-06", NOW)
    assert from_row(row) == held
    assert to_row(from_row(row), "2026-06", NOW) == row


@given(st.lists(records, min_size=1, max_size=4))
def test_hearing_it_all_again_changes_nothing(given_records: Sequence[PaperRecord]) -> None:
    held = believed(*given_records)
    again = reduce(lambda b, r: merge(b, r, NOW + timedelta(days=1)), given_records, held)
    assert changed_fields(held, again) == ()
    assert again == held


def test_arxiv_is_believed_for_the_title_however_late_others_speak() -> None:
    late = datetime(2026, 7, 1, tzinfo=UTC)
    held = believed(record(title="From arXiv"), record("hf", title="From HF", as_of=late), record("pwc", as_of=late))
    assert held.value("title") == "From arXiv"
    assert believed(record("labs", title="Ours!"), record("hf", title="From HF")).value("title") == "From HF"


def test_silence_is_not_absence() -> None:
    held = believed(record("hf", abstract="Herons wade."), record("arxiv", abstract=None))
    assert held.value("abstract") == "Herons wade."


def test_the_latest_votes_count_and_a_repetition_moves_no_value() -> None:
    monday, tuesday = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
    held = believed(record("hf", votes=9, as_of=tuesday), record("recorded", votes=4, as_of=monday))
    assert held.value("votes") == 9
    fewer = merge(held, record("hf", votes=8, as_of=NOW), NOW)
    assert (fewer.value("votes"), changed_fields(held, fewer)) == (8, ("votes",))
    again = merge(fewer, record("hf", votes=8, as_of=NOW + timedelta(hours=1)), NOW + timedelta(hours=1))
    assert changed_fields(fewer, again) == ()
    assert to_row(again, "2026-06", NOW)["votes_at"] == NOW + timedelta(hours=1)


def test_withdrawal_follows_the_latest_version() -> None:
    first = record(version=1, withdrawn=False, as_of=datetime(2026, 7, 1, tzinfo=UTC))
    second = record("arxiv-snapshot", version=2, withdrawn=True, as_of=datetime(2026, 6, 20, tzinfo=UTC))
    assert believed(first, second).value("withdrawn") is True
    assert believed(second, replace(first, version=3)).value("withdrawn") is False


def test_of_one_version_arxivs_newer_word_takes_a_withdrawal_back() -> None:
    guess = record(version=1, withdrawn=True, as_of=datetime(2026, 7, 1, tzinfo=UTC))
    later = replace(guess, withdrawn=False, as_of=datetime(2026, 7, 2, tzinfo=UTC))
    assert believed(guess, later).value("withdrawn") is False
    assert believed(later, replace(guess, as_of=NOW)).value("withdrawn") is True
    assert believed(guess, replace(later, as_of=guess.as_of)).value("withdrawn") is True  # of one moment: what is said
    assert believed(later, replace(guess, source="recorded", as_of=NOW)).value("withdrawn") is False


def test_a_repository_in_two_spellings_is_one() -> None:
    hf = record("hf", code=(CodeLink("https://github.com/HeronLab/Wade", None, 900),), as_of=NOW)
    pwc = record("pwc", code=(CodeLink("https://github.com/heronlab/wade", True, 950),), as_of=NOW)
    whole = believed(hf, pwc)
    assert whole == believed(pwc, hf)
    assert list(whole.code) == ["https://github.com/HeronLab/Wade"]
    (row,) = to_row(whole, "2026-06", NOW)["code"]
    assert (row["official"], row["stars"], row["source"]) == (True, 950, "pwc")
    assert sorted(told[1:] for told in whole.history) == [(next(iter(whole.code)), 900), (next(iter(whole.code)), 950)]
    assert believed(record("hf", code=(*hf.code, *pwc.code), as_of=NOW)).code.keys() == whole.code.keys()


def test_of_two_sources_counts_of_stars_the_catalogues_latest_stands() -> None:
    """Whichever was read last had the last word, so that the paper was changed at every pull."""
    days = [datetime(2026, 6, day, tzinfo=UTC) for day in (1, 2, 3, 4)]
    told = [("pwc", 118), ("hf", 120), ("pwc", 117), ("hf", 121)]
    read = [
        record(source, as_of=day, code=(CodeLink("https://github.com/a/b", None, stars),))
        for day, (source, stars) in zip(days, told, strict=True)
    ]
    held = believed(*read)
    assert held.value("stars https://github.com/a/b") == 117
    assert believed(read[1], read[3]).value("stars https://github.com/a/b") == 121
    assert changed_fields(held, merge(held, replace(read[3], as_of=NOW), NOW)) == ()


def test_elsewhere_the_case_of_an_address_may_tell() -> None:
    one, other = (record(code=(CodeLink(f"https://code.example/{name}"),)) for name in ("Wade", "wade"))
    assert len(believed(one, other).code) == 2


def test_the_date_of_the_first_version() -> None:
    hf = record("hf", submitted=datetime(2026, 6, 2, tzinfo=UTC))
    arxiv = record("arxiv", submitted=datetime(2026, 6, 1, tzinfo=UTC))
    pwc = record("pwc", submitted=datetime(2026, 5, 1, tzinfo=UTC))
    assert submitted_from(believed(pwc)) == "id"
    assert (submitted_from(believed(hf, pwc)), believed(hf, pwc).value("submitted").day) == ("hf", 2)
    assert (submitted_from(believed(hf, arxiv)), believed(hf, arxiv).value("submitted").day) == ("arxiv", 1)
    assert submitted_from(believed(post())) is None


def test_a_month_moves_only_while_neither_is_final() -> None:
    held = believed(record(submitted=datetime(2026, 5, 31, 23, 59, tzinfo=UTC)))
    assert month_for(held, None, ()) == "2026-05"
    assert month_for(held, "2026-06", ()) == "2026-05"
    assert month_for(held, "2026-06", {"2026-05"}) == "2026-06"
    assert month_for(held, "2026-06", {"2026-06"}) == "2026-06"


def test_code_is_united_by_repository() -> None:
    hf = record("hf", code=(CodeLink("http://www.github.com/a/b.git", None, 7),), as_of=NOW)
    pwc = record("pwc", code=(CodeLink("https://github.com/a/b/", True, 3), CodeLink("javascript:alert(1)")))
    row = to_row(believed(hf, pwc), "2026-06", NOW)
    assert [(code["url"], code["official"], code["stars"], code["source"]) for code in row["code"]] == [
        ("https://github.com/a/b", True, 3, "pwc")
    ]
    assert row["code"][0]["checked_at"] == NOW


def test_impossible_values_are_silence() -> None:
    held = believed(
        record(
            "hf",
            title="A\x00  heron\u202e",
            votes=-3,
            version=2**40,
            submitted=datetime(1970, 1, 1, tzinfo=UTC),
            daily_date=date(2031, 1, 1),
            project_url="javascript:alert(1)",
            as_of=datetime(2033, 1, 1, tzinfo=UTC),
        )
    )
    assert set(held.registers) == {"title"}
    assert held.registers["title"].value == "A heron"
    assert held.registers["title"].as_of == NOW


@pytest.mark.parametrize(
    "broken",
    [
        record(title=" \x00 "),
        record(title="", withdrawn=True, abstract="Herons wade."),
        record(title="", code=(CodeLink("https://github.com/a/b"),), version=2),
        post(title="", withdrawn=True),
        record(id="2606.00042v2", arxiv_id="2606.00042v2"),
        record(id="2613.00042", arxiv_id="2613.00042"),
        post(id="no-colon"),
        post(url="ftp://heronry.example"),
        post(url=None),
    ],
)
def test_a_record_that_names_no_item_is_refused(broken: PaperRecord) -> None:
    with pytest.raises(RecordError):
        believe(broken, NOW)


def test_a_paper_is_addressed_by_its_id_and_a_post_by_its_lab() -> None:
    assert (
        to_row(believed(record("hf", url="https://evil.example")), "2026-06", NOW)["url"]
        == f"https://arxiv.org/abs/{ID}"
    )
    assert to_row(believed(post()), "2026-06", NOW)["url"] == "https://heronry.example/clockwork"


def test_a_version_once_told_is_kept_with_its_earliest_moment() -> None:
    first, second, third = (datetime(2026, 6, day, 7, tzinfo=UTC) for day in (1, 9, 20))
    raw = record(version=3, versions=(Version(1, first), Version(2, third), Version(3, third)))
    dump = record("arxiv-snapshot", version=2, versions=(Version(2, second), Version(0, first), Version(4, NOW)))
    held = believed(raw, dump)
    assert held.versions == {1: first, 2: second, 3: third, 4: NOW}


def test_the_first_version_is_as_old_as_arxiv_says_the_paper_is() -> None:
    at = datetime(2026, 6, 1, 7, tzinfo=UTC)
    assert believed(record(submitted=at)).versions == {1: at}
    assert believed(record(submitted=at.replace(hour=0))).versions == {}  # a day is no moment
    assert believed(record("hf", submitted=at)).versions == {}


def test_numbers_that_grow_are_kept_with_the_first_time_they_were_read() -> None:
    days = [datetime(2026, 6, day, tzinfo=UTC) for day in (1, 2, 3)]
    link = CodeLink("https://github.com/a/b", None, 7)
    read = [record("hf", votes=votes, as_of=day, code=(link,)) for votes, day in zip((4, 9, 9), days, strict=True)]
    held = believed(*reversed(read), record("recorded", discussion=2, as_of=days[2]))
    assert held.history == {
        ("votes", "", 4): days[0],
        ("votes", "", 9): days[1],
        ("discussion", "", 2): days[2],
        ("stars", "https://github.com/a/b", 7): days[0],
    }
    assert held.value("votes") == 9


def deleted(day: int) -> PaperRecord:
    return record(title="", withdrawn=True, as_of=datetime(2026, 6, day, 23, 59, 59, tzinfo=UTC))


def test_a_deleted_paper_is_withdrawn_until_arxiv_speaks_of_it_again() -> None:
    before = record(version=1, withdrawn=False, as_of=datetime(2026, 6, 9, 12, tzinfo=UTC))
    gone = believed(before, deleted(9))
    assert (gone.withdrawn, gone.value("withdrawn")) == (True, False)
    assert from_row(to_row(gone, "2026-06", NOW)) == gone
    assert to_row(gone, "2026-06", NOW)["withdrawn"] is True
    assert "withdrawn" in changed_fields(believed(before), gone)
    assert merge(gone, record("hf", as_of=NOW), NOW).withdrawn
    assert not merge(gone, replace(before, as_of=datetime(2026, 6, 10, tzinfo=UTC)), NOW).withdrawn


def test_a_note_neither_lists_a_paper_nor_sees_it() -> None:
    note = believed(deleted(9))
    assert (note.is_note, note.first_seen, note.sources) == (True, NEVER, frozenset())
    whole = merge(note, record("hf"), NOW)
    assert (whole.is_note, whole.first_seen, whole.sources, whole.withdrawn) == (False, NOW, frozenset({"hf"}), True)


def test_addresses() -> None:
    assert web_address("https://a.example/x?y=1") == "https://a.example/x?y=1"
    bad = [
        "",
        "file:///etc/passwd",
        "https://",
        "https://a b",
        "https://u:p@a.example/",
        'https://a"onmouseover=',
        "http://[",
    ]
    assert [web_address(url) for url in bad] == [None] * len(bad)
    assert repository("https://github.com/") is None
    assert normal_doi("10.48550/arXiv.2606.00042") is None
    assert normal_doi("doi:10.1/Heron") == "10.1/heron"
