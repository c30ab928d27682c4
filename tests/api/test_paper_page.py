"""The page of one paper: evidence, versions, references, and the tags that reference managers read."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.paper_more import abstract_of
from db.engine import Sessions
from db.models import Rating, Version
from roadmap.model import Roadmap
from tests.api.factory import ABSTRACT, SENTENCE, TOPIC, add_item, fill, make_issue
from tests.digest.citing.works import item

JULY = datetime(2026, 7, 8, 9, tzinfo=UTC)
IDS = ["2606.00001", "math/0309136", "qwen:a-post"]


def metas(page: str, name: str) -> list[str]:
    """Read the tags of a name, in order."""
    return [unescape(found) for found in re.findall(rf'<meta (?:name|property)="{name}" content="([^"]*)">', page)]


def test_reference_managers_find_everything_in_tags(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    # The tags are those that Google Scholar's guide for webmasters names, and that Zotero's translator for embedded
    # metadata reads. No translator is run here: that its button works rests on these tags.
    with sessions.begin() as session:
        add_item(
            session,
            roadmap,
            "2606.00001",
            title='Herons of $O(n^2)$ & "more"',
            authors=[{"name": name, "affiliation": None} for name in ('Zo\\"{e} Avocet', "Ivo Plover", "Reed Team")],
            doi="10.1000/reed.1",
        )
    page = client.get("/papers/2606.00001").text
    expected = {
        "citation_title": ['Herons of O(n²) & "more"'],
        "citation_author": ["Zoë Avocet", "Ivo Plover", "Reed Team"],
        "citation_publication_date": ["2026/06/02"],
        "citation_arxiv_id": ["2606.00001"],
        "citation_doi": ["10.1000/reed.1"],
        "citation_pdf_url": ["https://arxiv.org/pdf/2606.00001"],
        "citation_publisher": ["arXiv"],
        "og:title": ['Herons of O(n²) & "more"'],
        "og:type": ["article"],
        "og:url": ["https://road.example/papers/2606.00001"],
    }
    assert {name: metas(page, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("item_id", "given", "dates"),
    [("math/0309136", {"submitted": None, "month": "2003-09"}, ["2003/09"]), ("qwen:a-post", {}, [])],
)
def test_a_date_is_told_as_far_as_it_is_known(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, item_id: str, given: dict[str, Any], dates: list[str]
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, item_id, **given)
    assert metas(client.get(f"/papers/{item_id}").text, "citation_publication_date") == dates


@pytest.mark.parametrize("item_id", IDS)
def test_a_page_leads_to_its_languages_and_files(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, item_id: str
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, item_id)
    for address in {item_id, item_id.replace("/", "%2F").replace(":", "%3A")}:
        page = client.get(f"/papers/{address}").text
        assert f'rel="canonical" href="https://road.example/papers/{item_id}"' in page
        for lang in ("en", "ja"):
            assert f'hreflang="{lang}" href="https://road.example/papers/{item_id}?lang={lang}"' in page
        for suffix in ("bib", "ris", "csl.json", "md"):
            assert f'href="/papers/{item_id}.{suffix}"' in page
            assert client.get(f"/papers/{item_id}.{suffix}").status_code == 200
        bibtex = unescape(page.partition("<pre")[2].partition("<code>")[2].partition("</code>")[0])
        assert bibtex == client.get(f"/papers/{item_id}.bib").text


def test_a_ready_reference_stands_on_the_page(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    page = client.get("/papers/2606.00001").text
    assert (
        "Ada Moorhen and Ivo Plover. A clockwork heron, part 2606.00001. arXiv:2606.00001 [cs.LG], 2026. "
        "https://arxiv.org/abs/2606.00001" in page
    )


def test_each_topic_and_lab_has_its_words_and_a_way_to_doubt_it(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        add_item(
            session, roadmap, "2606.00001", topics={TOPIC: 0.8, "rag": 0.61, "linear-algebra": 0.2}, labs={"qwen": 0.9}
        )
    page = client.get("/papers/2606.00001").text
    filed = page.partition('id="filed"')[2].partition("</section>")[0]
    assert re.findall(r'href="/topics/([a-z-]+)"', filed) == [TOPIC, "rag"]
    assert "Fit 0.61 of 1" in filed
    assert '<q lang="en">…\u00a0when the router forgets them</q>' in filed
    doubts = [unescape(one) for one in re.findall(r'href="(/report\?[^"]*)"', page)]
    assert sorted(doubts) == [
        "/report?item=2606.00001&verb=wrong-lab&lab=qwen",
        f"/report?item=2606.00001&verb=wrong-topic&topic={TOPIC}",
        "/report?item=2606.00001&verb=wrong-topic&topic=rag",
    ]
    assert {client.get(one).status_code for one in doubts} == {200}


def test_versions_are_dated_and_lead_to_arxiv(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", version=2)
        for number, day in ((1, 2), (2, 19)):
            session.add(Version(item_id="2606.00001", number=number, created=datetime(2026, 6, day, tzinfo=UTC)))
    page = client.get("/papers/2606.00001").text
    assert "revised 19\u00a0Jun\u00a02026 (v2)" in page
    assert 'href="https://arxiv.org/abs/2606.00001v1"' in page
    assert page.index("abs/2606.00001v1") < page.index("abs/2606.00001v2")


def test_the_place_in_a_final_issue_is_linked(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    fill(sessions, roadmap, 1)
    before = client.get("/papers/2606.00001").text
    assert "no closed issue so far" in before
    assert "Chosen because" not in before
    make_issue(sessions, roadmap, "2026-06", JULY)
    after = client.get("/papers/2606.00001").text
    assert 'href="/digests/2026-06#p-2606.00001"' in after
    assert "Chosen because" in after


def test_bars_are_as_long_as_the_shares_they_stand_for(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", worth=0.5)
        rating = session.scalars(select(Rating)).one()
        rating.reasons = [{**rating.reasons[0], "share": 0.05}]
    page = client.get("/papers/2606.00001").text
    assert re.findall(r'<rect width="(\d+)%"', page) == ["10", "90"]


def test_a_withdrawn_paper_is_marked_wherever_it_is_named(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", withdrawn=True, topics={}, worth=None)
    page = client.get("/papers/2606.00001").text
    assert "It was withdrawn, so nothing was weighed." in page
    assert page.index('class="note bad"') < page.index("<h1")
    assert "Withdrawn. https://arxiv.org/abs/2606.00001" in page
    assert "note = {Withdrawn}" in page


def test_shares_add_up_to_the_worth(client: TestClient, sessions: Sessions, roadmap: Roadmap) -> None:
    with sessions.begin() as session:
        add_item(session, roadmap, "2606.00001", worth=0.86)
    page = client.get("/papers/2606.00001").text
    table = page.partition('<table class="data">')[2].partition("</table>")[0]
    shares = [float(share) for share in re.findall(r'<td class="n">([0-9.]+)</td>', table)]
    assert round(sum(shares), 2) == 0.86


def test_sentences_quoted_above_are_marked_in_the_abstract(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1)
    assert f"<mark>{SENTENCE}</mark>" in client.get("/papers/2606.00001").text


@pytest.mark.parametrize(
    "summary", [None, {"text": "Nowhere in it.", "kind": "extractive"}, {"text": SENTENCE, "kind": "machine"}]
)
def test_nothing_is_marked_that_was_not_taken_word_for_word(summary: dict[str, str] | None) -> None:
    html, marked = abstract_of(item(abstract=ABSTRACT, rating=Rating(summary=summary)))
    assert (str(html), marked) == (ABSTRACT, False)


def test_a_sentence_is_marked_where_the_title_gave_a_macro_its_name() -> None:
    abstract, title = r"It rusts. We cast \method{}, a heron of brass. \method\ wades.", "BrassHeron: A Heron"
    text = "We cast BrassHeron, a heron of brass. BrassHeron wades."
    rating = Rating(summary={"text": text, "kind": "extractive"})
    html, marked = abstract_of(item(title=title, abstract=abstract, rating=rating))
    assert marked
    assert str(html) == rf"It rusts. <mark>{abstract.removeprefix('It rusts. ')}</mark>"


def test_several_sentences_are_marked_each_with_its_maths() -> None:
    rating = Rating(summary={"text": "A is $x$. C <b> is 3.", "kind": "extractive"})
    html, marked = abstract_of(item(abstract="A is $x$. B is 2. C <b> is 3. D.", rating=rating))
    assert marked
    assert re.findall(r"<mark>(.*?)</mark>", str(html))[1] == "C &lt;b&gt; is 3."
    assert "<math" in str(html).partition("</mark>")[0]


def test_a_sentence_without_its_opener_is_marked_from_where_it_is_quoted() -> None:
    rating = Rating(summary={"text": "… we cast B. It stands.", "kind": "extractive"})
    html, _ = abstract_of(
        item(abstract="A rusts. To address this gap, we cast B. It has legs. It stands.", rating=rating)
    )
    assert re.findall(r"<mark>(.*?)</mark>", str(html)) == ["we cast B.", "It stands."]


@pytest.mark.parametrize("query", ["?lang=ja", "?lang=ja&similar=newest", "?similar=newest", ""])
def test_another_form_of_an_id_leads_on_in_the_language_and_order_asked_for(
    client: TestClient, sessions: Sessions, roadmap: Roadmap, query: str
) -> None:
    fill(sessions, roadmap, 1)
    answer = client.get(f"/papers/2606.00001v2{query}")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/papers/2606.00001{query}")


def test_a_name_with_accents_in_latex_is_written_alike_wherever_people_read_it(
    client: TestClient, sessions: Sessions, roadmap: Roadmap
) -> None:
    fill(sessions, roadmap, 1, authors=[{"name": r"Tolul\d{o}pe \'Avocet", "affiliation": None}])
    make_issue(sessions, roadmap, "2026-06", JULY)
    feeds = (f"/feeds/topics/{TOPIC}.atom", f"/feeds/topics/{TOPIC}.json")
    for address in ("/papers/2606.00001", "/search?q=clockwork", "/digests/2026-06", "/digests/2026-06.md", *feeds):
        page = client.get(address).text.replace("\u00a0", " ").replace("&#160;", " ")
        assert "Tolulọpe Ávocet" in page, address
        assert "Tolul\\" not in page, address
