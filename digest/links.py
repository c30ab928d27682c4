"""Where things named in a digest can be found: nowhere in a file on disk, on its pages in the web service."""

import re

from core.ids import anchor

_HUB = re.compile(
    r"https?://(?:www\.)?(?:github\.com|gitlab\.com|huggingface\.co(?:/spaces|/datasets)?)/([\w.-]+)/[\w.-]"
)


class Links:
    """The addresses of a self-contained file: anchors only. A web service overrides what it has pages for.

    Every method gives a URL, or None where there is nothing to link to.
    """

    here: int | None = None  # the reader's stage, marked "You are here"
    status: str | None = None  # the page about sources, day by day
    permalink: str | None = None  # the address of this issue
    archive: str | None = None  # the list of all issues
    minutes: int | None = None  # the reading time this page is shrunk to
    whole: str | None = None  # this issue with every stage in full; set where the stages other than `here` are folded
    folded: str | None = None  # this issue with the stages other than `here` folded; set where they could be
    place: str | None = None  # where a reader chooses another stage

    def topic(self, key: str) -> str | None:
        """Link a topic's page."""
        del key
        return None

    def stage(self, number: int) -> str | None:
        """Link a stage's page, with its reading list."""
        del number
        return None

    def lab(self, key: str) -> str | None:
        """Link a lab's page."""
        del key
        return None

    def paper(self, item_id: str) -> str | None:
        """Link an item's own page; None: titles lead to where the item was published."""
        del item_id
        return None

    def entry(self, item_id: str) -> str:
        """Link an entry of this very issue."""
        return self.within(anchor(item_id))

    def within(self, name: str) -> str:
        """Link an anchor of this very issue, such as `missed`."""
        return f"#{name}"

    def issue(self, month: str) -> str | None:
        """Link the issue of another month."""
        del month
        return None

    def budgets(self) -> tuple[tuple[int | None, str], ...]:
        """List other reading times as (minutes, URL); None stands for everything."""
        return ()

    def exports(self) -> tuple[tuple[str, str], ...]:
        """List other forms of this issue as (name, URL), such as ("BibTeX", "/digests/2026-10.bib")."""
        return ()


def owner_of(url: str) -> str:
    """Give the account whose repository an address on one of the large hubs is, "" for any other address."""
    found = _HUB.match(url)
    return found[1] if found else ""
