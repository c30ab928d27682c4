"""The stand-in for the real sources keeps their shapes, its windows and pages, and its scripted faults."""

from __future__ import annotations

import io
import json
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import feedparser
import pytest
from arxiv._feed import parse
from lxml import etree

from tests.upstream import Upstream, catalogue
from tests.upstream.labs import LABS
from tests.upstream.rss import announced_on
from tests.upstream.seeds import topics

SEPTEMBER = "submittedDate:[202609010000 TO 202609302359]"
BOTH = "(cat:cs.CL OR cat:cs.LG)"
OAI = {"o": "http://www.openarchives.org/OAI/2.0/", "r": "http://arxiv.org/OAI/arXivRaw/"}
NEW_PAPER = {
    "id", "authors", "publishedAt", "submittedOnDailyAt", "title", "submittedOnDailyBy", "summary", "upvotes",
    "discussionId",
}  # fmt: skip
NEW_PAPER_SOMETIMES = {
    "projectPage", "githubRepo", "githubRepoAddedBy", "githubStars", "ai_summary", "ai_keywords", "ai_summary_model",
    "organization",
}  # fmt: skip
NEW_ITEM = {
    "paper", "publishedAt", "title", "summary", "thumbnail", "numComments", "submittedBy", "isAuthorParticipating",
}  # fmt: skip
OLD_ITEM = {"paper", "publishedAt", "title", "mediaUrl", "numComments"}
OLD_PAPER = {"id", "authors", "publishedAt", "title", "summary", "upvotes"}
USER = {"_id", "avatarUrl", "isPro", "fullname", "user", "type", "name"}
SUBMITTER = {
    "_id", "avatarUrl", "fullname", "name", "type", "isPro", "isHf", "isHfAdmin", "isMod", "followerCount",
    "isUserFollowing",
}  # fmt: skip
CODE_LIST = {
    "id", "arxiv_id", "title", "authors", "published", "citation_count", "url_abs", "has_official_implementation",
    "code_repository_count", "organizations",
}  # fmt: skip
CODE_DETAIL = CODE_LIST | {
    "abstract", "tldr", "repositories", "project_pages", "hf_models", "hf_datasets", "hf_spaces", "tasks", "methods",
    "predecessor_papers", "successor_papers",
}  # fmt: skip


@pytest.fixture
def up() -> Iterator[Upstream]:
    """A fresh world on a free port."""
    with Upstream() as upstream:
        yield upstream


def get(up: Upstream, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of a request, whatever the status."""
    request = urllib.request.Request(up.url + path, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), dict(error.headers)


def search(up: Upstream, **query: Any) -> bytes:
    """The body of an arXiv query."""
    status, body, _ = get(up, f"/api/query?{urlencode(query)}")
    assert status == 200
    return body


def data(up: Upstream, path: str) -> Any:
    """The parsed body of a JSON answer."""
    status, body, _ = get(up, path)
    assert status == 200, body
    return json.loads(body)


# The catalogue


def test_catalogue_is_the_same_every_time() -> None:
    assert [vars(paper) for paper in catalogue()] == [vars(paper) for paper in catalogue()]


def test_catalogue_covers_every_topic_and_lab_and_nothing_twice() -> None:
    papers = list(catalogue())
    assert len({paper.arxiv_id for paper in papers}) == len({paper.title for paper in papers}) == len(papers) > 320
    counts = Counter(paper.topic for paper in papers)
    assert len(topics()) == 37
    assert all(counts[topic] >= 6 for topic in topics())
    assert counts[None] >= 40
    assert {lab.key for lab in LABS} <= {paper.lab for paper in papers}
    assert all(paper.evidence for paper in papers if paper.lab)


def test_catalogue_shares_of_votes_and_code() -> None:
    papers = list(catalogue())
    votes = [paper.daily.upvotes for paper in papers if paper.daily]
    assert 0.25 < len(votes) / len(papers) < 0.45
    assert min(votes) >= 1
    assert max(votes) <= 301
    assert 0.25 < sum(paper.repo is not None for paper in papers) / len(papers) < 0.45


def test_catalogue_follows_the_months_and_ids_the_submission() -> None:
    papers = list(catalogue(("2026-06", "2026-07")))
    assert {paper.arxiv_id[:4] for paper in papers} == {"2606", "2607", "2608"}
    ordinary = [paper for paper in papers if paper.mark != "last-minute-next-id"]
    assert all(paper.arxiv_id[:4] == paper.submitted.strftime("%y%m") for paper in ordinary)
    june = [paper.submitted for paper in ordinary if paper.arxiv_id.startswith("2606")]
    assert june == sorted(june)


def test_catalogue_has_the_awkward_papers() -> None:
    world = catalogue()
    assert len(world.marked("crowd")[0].authors) == 300
    assert world.marked("withdrawn")[0].withdrawn
    assert "\u202e" in world.marked("bidi")[0].title
    assert "<script>" in world.marked("markup")[0].title
    assert "]]>" in world.marked("markup")[0].title
    assert world.marked("last-minute")[0].submitted == datetime(2026, 9, 30, 23, 59, tzinfo=UTC)
    assert world.marked("last-minute-next-id")[0].arxiv_id.startswith("2610.")
    assert all(paper.lab is None for paper in world.marked("bystander"))
    assert {paper.version for paper in world} == {1, 2, 3}


# arXiv


def test_query_is_read_by_the_arxiv_package(up: Upstream) -> None:
    found = parse(search(up, search_query=f"{BOTH} AND {SEPTEMBER}", max_results=2000))
    assert not found.malformed
    assert found.header.total_results == len(found.results) > 100
    expected = [
        paper
        for paper in up.catalogue
        if {"cs.CL", "cs.LG"} & set(paper.categories) and paper.submitted.month == 9
    ]  # fmt: skip
    assert {result.get_short_id() for result in found.results} == {f"{p.arxiv_id}v{p.version}" for p in expected}
    by_id = {result.get_short_id().split("v")[0]: result for result in found.results}
    for paper in expected:
        result = by_id[paper.arxiv_id]
        assert (result.title, result.summary) == (" ".join(paper.title.split()), paper.abstract)
        assert (result.published, result.updated) == (paper.submitted, paper.updated)
        assert (result.primary_category, result.categories) == (paper.categories[0], paper.categories)
        assert [author.name for author in result.authors] == [author.name for author in paper.authors]
        assert (result.comment, result.doi, result.journal_ref) == (paper.comment, paper.doi, paper.journal_ref)


def test_query_gives_affiliations_where_known(up: Upstream) -> None:
    paper = next(paper for paper in up.catalogue if "affiliation" in paper.evidence)
    result = parse(search(up, id_list=paper.arxiv_id)).results[0]
    assert [author.affiliation for author in result.authors] == [[author.affiliation] for author in paper.authors]


def test_entry_has_the_elements_of_arxiv_in_order(up: Upstream) -> None:
    paper = next(paper for paper in up.catalogue if paper.doi and paper.comment and len(paper.authors) == 1)
    root = etree.fromstring(search(up, id_list=paper.arxiv_id))
    names = [etree.QName(child).localname for child in root[-1] if etree.QName(child).localname != "category"]
    assert names == [
        "id", "title", "updated", "link", "link", "summary", "published", "comment", "primary_category",
        "journal_ref", "author", "doi", "link",
    ]  # fmt: skip
    head = [etree.QName(child).localname for child in root][:7]
    assert head == ["id", "title", "updated", "link", "itemsPerPage", "totalResults", "startIndex"]


def test_query_pages_meet_without_gap_or_overlap(up: Upstream) -> None:
    query = {"search_query": f"{BOTH} AND {SEPTEMBER}", "sortBy": "submittedDate", "sortOrder": "ascending"}
    pages = [parse(search(up, **query, start=start, max_results=60)) for start in range(0, 300, 60)]
    ids = [result.get_short_id() for page in pages for result in page.results]
    assert len(ids) == len(set(ids)) == pages[0].header.total_results
    published = [result.published for page in pages for result in page.results]
    assert published == sorted(published)
    assert not pages[-1].results


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("[202609302359 TO 202609302359]", {"last-minute", "last-minute-next-id"}),
        ("[202610010000 TO 202610012359]", set()),
    ],
)
def test_query_window_is_by_the_minute(up: Upstream, window: str, expected: set[str]) -> None:
    found = parse(search(up, search_query=f"cat:cs.LG AND submittedDate:{window}", max_results=100))
    marks = {up.catalogue.papers[result.get_short_id().split("v")[0]].mark for result in found.results}
    assert marks - {None} == expected


def test_missing_id_is_an_empty_page_and_malformed_id_an_error(up: Upstream) -> None:
    assert parse(search(up, id_list="2609.99999")).header.total_results == 0
    status, body, _ = get(up, "/api/query?id_list=abc")
    assert status == 400
    assert b"<id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id>" in body
    assert b"<title>Error</title>" in body
    assert get(up, "/api/query?search_query=cat:cs.LG+AND")[0] == 400
    assert get(up, "/api/query?search_query=cat:cs.LG&start=-1")[0] == 400


def test_old_version_can_be_asked_for(up: Upstream) -> None:
    paper = next(paper for paper in up.catalogue if paper.version == 3)
    result = parse(search(up, id_list=f"{paper.arxiv_id}v2")).results[0]
    assert (result.get_short_id(), result.updated) == (f"{paper.arxiv_id}v2", paper.versions[1])


# OAI-PMH and RSS


def records(up: Upstream, **query: str) -> tuple[list[Any], int]:
    """All records of a list and how many pages it took."""
    path, found, pages = f"/oai?{urlencode({'verb': 'ListRecords', **query})}", [], 0
    while True:
        root = etree.fromstring(get(up, path)[1])
        found += root.findall(".//o:record", OAI)
        pages += 1
        token = root.findtext(".//o:resumptionToken", namespaces=OAI)
        if not token:
            return found, pages
        path = f"/oai?verb=ListRecords&resumptionToken={quote(token, safe='')}"


@pytest.mark.parametrize("prefix", ["arXiv", "arXivRaw", "oai_dc"])
def test_oai_pages_through_a_set(up: Upstream, prefix: str) -> None:
    up.catalogue.oai_page = 50
    found, pages = records(up, set="cs:cs:LG", metadataPrefix=prefix)
    expected = [paper for paper in up.catalogue if "cs.LG" in paper.categories]
    assert len(found) == len(expected)
    assert pages == -(-len(expected) // 50)


def test_oai_selects_by_last_change_and_has_the_history(up: Upstream) -> None:
    paper = next(paper for paper in up.catalogue if paper.version == 3)
    day = paper.updated.date().isoformat()
    found, _ = records(up, **{"metadataPrefix": "arXivRaw", "from": day, "until": day})
    record = next(item for item in found if item.findtext(".//r:id", namespaces=OAI) == paper.arxiv_id)
    versions = [item.get("version") for item in record.findall(".//r:version", OAI)]
    assert versions == ["v1", "v2", "v3"]
    assert record.findtext(".//o:datestamp", namespaces=OAI) == day


def test_oai_tells_deleted_records_and_bad_tokens(up: Upstream) -> None:
    gone = next(paper for paper in up.catalogue if paper.topic)
    up.catalogue.delete(gone.arxiv_id)
    found, _ = records(up, **{"metadataPrefix": "arXiv", "from": up.catalogue.today.isoformat()})
    assert [item.find("o:header", OAI).get("status") for item in found].count("deleted") == 1
    assert up.catalogue.find(gone.arxiv_id) is None
    assert b'code="badResumptionToken"' in get(up, "/oai?verb=ListRecords&resumptionToken=6460044%7C1001")[1]
    assert b'code="noRecordsMatch"' in get(up, "/oai?verb=ListRecords&metadataPrefix=arXiv&from=2031-01-01")[1]


def test_rss_announces_the_day(up: Upstream) -> None:
    kinds: Counter[str] = Counter()
    for day in (date(2026, 10, 1) + timedelta(days=turn) for turn in range(31)):
        up.catalogue.today = day
        feed = feedparser.parse(io.BytesIO(get(up, "/rss/cs.CL+cs.LG")[1]))
        assert not feed.bozo
        assert not (feed.entries and day.weekday() >= 5)
        kinds.update(entry.arxiv_announce_type for entry in feed.entries)
    assert set(kinds) == {"new", "cross", "replace", "replace-cross"}


def test_announcement_waits_for_the_weekend_to_pass() -> None:
    friday_evening = datetime(2026, 10, 2, 19, 0, tzinfo=UTC)
    assert announced_on(friday_evening) == date(2026, 10, 6)
    assert announced_on(friday_evening - timedelta(hours=2)) == date(2026, 10, 5)


# Hugging Face and Papers with Code


def test_daily_papers_have_the_new_keys(up: Upstream) -> None:
    for item in data(up, "/api/daily_papers?month=2026-10&limit=100"):
        assert set(item) - {"organization"} == NEW_ITEM
        assert set(item["paper"]) - NEW_PAPER_SOMETIMES == NEW_PAPER
        assert set(item["submittedBy"]) == SUBMITTER
        assert set(item["paper"]["submittedOnDailyBy"]) == USER
        assert item.get("organization") == item["paper"].get("organization")


def test_daily_papers_have_the_old_keys_before_2025() -> None:
    with Upstream(months=("2024-05", "2024-06")) as up:
        items = data(up, "/api/daily_papers?month=2024-05&limit=100")
        assert items
        assert all(set(item) == OLD_ITEM and set(item["paper"]) == OLD_PAPER for item in items)


def test_daily_papers_by_day_week_month_and_page(up: Upstream) -> None:
    month = data(up, "/api/daily_papers?month=2026-09&limit=100")
    days = [f"2026-09-{day:02}" for day in range(1, 31)]
    by_day = {day: data(up, f"/api/daily_papers?date={day}") for day in days}
    assert sum(map(len, by_day.values())) == len(month) > 30
    assert all(not by_day[day] for day in days if date.fromisoformat(day).weekday() >= 5)
    week = data(up, "/api/daily_papers?week=2026-W38")
    assert len(week) == sum(len(by_day[f"2026-09-{day:02}"]) for day in range(14, 21))
    assert data(up, "/api/daily_papers?month=2026-09&limit=10&p=1") == month[10:20]
    assert get(up, "/api/daily_papers?date=2026-09-31")[0] == 400


def test_votes_grow_and_unknown_papers_are_not_found(up: Upstream) -> None:
    paper = next(paper for paper in up.catalogue if paper.daily)
    before = data(up, f"/api/papers/{paper.arxiv_id}")["upvotes"]
    assert up.catalogue.bump(paper.arxiv_id, 40) == before + 40
    assert data(up, f"/api/papers/{paper.arxiv_id}")["upvotes"] == before + 40
    assert get(up, "/api/papers/2609.99999")[0] == 404


def test_papers_with_code_lists_and_details(up: Upstream) -> None:
    page = data(up, "/api/v1/papers/?start_date=2026-09-01&end_date=2026-09-30&page_size=50")
    assert set(page) == {"count", "next_page", "results", "applied_filters"}
    assert page["applied_filters"] == {"start_date": "2026-09-01", "end_date": "2026-09-30"}
    assert page["next_page"] == 2
    assert all(set(item) == CODE_LIST and item["published"].startswith("2026-09") for item in page["results"])
    full = data(up, "/api/v1/papers/?include_resources=true")["results"]
    assert all(set(item) == CODE_DETAIL for item in full)
    one = full[0]["arxiv_id"]
    assert data(up, f"/api/v1/papers/{one}?include_resources=true") == full[0]
    assert get(up, "/api/v1/papers/2609.99999")[0] == 404


def test_papers_with_code_organizations_and_search(up: Upstream) -> None:
    names = {item["name"] for item in data(up, "/api/v1/organizations/?page_size=50")["results"]}
    assert {"OpenAI", "DeepSeek", "Qwen", "Anthropic", "DeepMind", "Meta AI"} <= names
    found = data(up, "/api/v1/papers/search?q=retrieval-augmented&page_size=50")
    assert all("retrieval-augmented" in item["title"].lower() + up.catalogue.papers[item["arxiv_id"]].abstract.lower()
               for item in found["results"])  # fmt: skip
    assert data(up, "/api/v1/tasks/")["count"] >= 37
    assert len(data(up, "/api/v1/papers/recent?limit=7")["results"]) == 7


# The labs


@pytest.mark.parametrize("lab", ["openai", "google-deepmind", "qwen", "anthropic", "meta-fair"])
def test_lab_feeds_have_posts_with_and_without_a_paper(up: Upstream, lab: str) -> None:
    body = get(up, f"/feeds/{lab}.xml")[1]
    feed = feedparser.parse(io.BytesIO(body))
    assert not feed.bozo
    with_paper = [post for post in up.catalogue.posts if post.lab == lab and post.arxiv_id]
    assert 0 < len(with_paper) < len(feed.entries)
    assert all(f"arxiv.org/abs/{post.arxiv_id}".encode() in body for post in with_paper)


def test_deepseek_keeps_no_feed_and_a_held_paper_no_post(up: Upstream) -> None:
    assert get(up, "/feeds/deepseek.xml")[0] == 404
    post = next(post for post in up.catalogue.posts if post.lab == "qwen" and post.arxiv_id)
    assert post.arxiv_id
    up.catalogue.hold(post.arxiv_id)
    assert post.arxiv_id.encode() not in get(up, "/feeds/qwen.xml")[1]
    up.catalogue.release(post.arxiv_id)
    assert post.arxiv_id.encode() in get(up, "/feeds/qwen.xml")[1]


@pytest.mark.parametrize("path", ["/feeds/openai.xml", "/rss/cs.LG"])
def test_feeds_answer_conditional_requests(up: Upstream, path: str) -> None:
    _, _, headers = get(up, path)
    assert get(up, path, **{"If-None-Match": headers["ETag"]})[:2] == (304, b"")
    assert get(up, path, **{"If-Modified-Since": headers["Last-Modified"]})[0] == 304
    post = next(paper for paper in up.catalogue if paper.lab == "openai" and "feed" in paper.evidence)
    up.catalogue.hold(post.arxiv_id)
    assert get(up, path, **{"If-Modified-Since": headers["Last-Modified"]})[0] == 200
