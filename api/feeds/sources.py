"""What each feed lists, by its name in the address: topics/rag, labs/qwen, stages/5, digests, picks, search.

A source can tell its state by a query or two, so that a reader who has the feed already is told so without rendering.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import Select
from sqlalchemy.orm import Session

from api.errors import for_readers
from api.feeds.entries import corrected, issue_entry, item_entry
from api.feeds.model import Entry, Feed, tag_uri
from api.filters import Filters, to_filter
from api.missing import no_lab, no_stage, no_topic
from api.site import Site
from core.text import clean, text_hash
from db import feeds
from db import search as full_text
from db.feeds import State
from db.models import Item
from db.papers import SHOWN, PaperFilter
from digest.service import shown
from digest.words import Voice, voice
from ranking.search import lab_called
from ranking.service import searching
from roadmap.model import Text

ENTRIES = 50
PICKS = 100  # an issue prints 72 at most: the newest is in the feed whole
ISSUES = 12  # each with all it printed

Query = Callable[[Session], Select[Item]]


class Items:
    """Lists items that a query finds; `printed` dates them by the issue that printed them."""

    def __init__(self, query: Query, *, printed: bool = False) -> None:
        self._query, self._printed = query, printed

    def state(self, session: Session) -> State:
        """Name the state of the list."""
        tell = feeds.state_of_printed if self._printed else feeds.state
        return tell(session, self._query(session))

    def entries(self, site: Site, session: Session, lang: str) -> list[Entry]:
        """Read and write every entry, in the order of the query."""
        items = feeds.items(session, self._query(session))
        ids = [item.id for item in items]
        versions = feeds.newest_versions(session, ids)
        printed = feeds.printed_in(session, ids) if self._printed else {}
        return [item_entry(site, item, lang, versions.get(item.id), printed.get(item.id)) for item in items]


class Issues:
    """Lists the final issues, and no other: a draft still changes, a sample holds recorded papers."""

    def state(self, session: Session) -> State:
        """Name the state of the list."""
        found = feeds.final_issues(session, ISSUES)
        moments = [corrected(issue.published, issue.errata) for issue in found]
        return State(text_hash(repr(found)), max(moments, default=None))

    def entries(self, site: Site, session: Session, lang: str) -> list[Entry]:
        """Read and write every issue, newest first."""
        found = {issue.month: issue for issue in feeds.final_issues(session, ISSUES)}
        rows = feeds.issues(session, list(found))
        return [issue_entry(site, found[row.month], shown(row), lang) for row in rows]


Words = Callable[[Voice], str]


@dataclass(frozen=True, slots=True)
class Source:
    """One feed: its name, what it is called, the page that shows the same, what it lists, the query of its address."""

    name: str
    title: Words
    about: Words
    page: str  # a path of the site
    lists: Items | Issues
    query: str = ""


def topic(site: Site, key: str) -> Source:
    """Make the feed of a topic; raises Problem for a key the roadmap does not have."""
    found = site.roadmap.topics.get(key)
    if found is None:
        raise no_topic(key)
    lists = _filtered(site, PaperFilter(topic=key, min_fit=SHOWN, limit=ENTRIES))
    return Source(f"topics/{key}", _name(found.name), _name(found.description), site.links.topic(key), lists)


def lab(site: Site, key: str) -> Source:
    """Make the feed of a lab; raises Problem for a key the roadmap does not have."""
    found = site.roadmap.labs.get(key)
    if found is None:
        raise no_lab(key, site.roadmap)

    def about(v: Voice) -> str:
        return str(v.t("Papers and posts that evidence ties to %(lab)s", lab=v.name(found.name)))

    lists = _filtered(site, PaperFilter(lab=key, limit=ENTRIES))
    return Source(f"labs/{key}", _name(found.name), about, site.links.lab(key), lists)


def stage(site: Site, number: str) -> Source:
    """Make the feed of a stage; raises Problem for a number the road does not have."""
    found = next((one for one in site.roadmap.stages if str(one.number) == number), None)
    if found is None:
        raise no_stage(number, site.roadmap)

    def title(v: Voice) -> str:
        return str(v.t("Stage %(number)s, %(name)s", number=number, name=v.name(found.name)))

    lists = _filtered(site, PaperFilter(stage=found.number, min_fit=SHOWN, limit=ENTRIES))
    return Source(f"stages/{number}", title, _name(found.description), site.links.stage(found.number), lists)


def digests(site: Site) -> Source:
    """Make the feed of final issues."""
    return Source(
        "digests",
        lambda v: str(v.t("Monthly digests")),
        lambda v: str(v.t("Every monthly digest once it is final, with all its papers and why they were chosen")),
        site.links.archive(),
        Issues(),
    )


def picks(site: Site) -> Source:
    """Make the feed of papers that final issues printed."""
    return Source(
        "picks",
        lambda v: str(v.t("Papers chosen for the digests")),
        lambda v: str(v.t("Every paper that a monthly digest printed, with the reasons it was chosen")),
        site.links.archive(),
        Items(lambda _session: feeds.printed(PICKS), printed=True),
    )


def search(site: Site, words: str, filters: Filters) -> Source:
    """Make the feed of a search: what holds every word or goes by that name, within the filters, newest first.

    Of a name that is an author's or a lab's it lists what is by them, and no more. Raises Problem where nothing is
    asked for, and UsageError for a key the roadmap does not have. Meaning is not asked: the nearest papers always are
    some, so that each new one would be fed, however far it is.
    """
    said = clean(words)
    wanted = to_filter(filters, site.roadmap, limit=ENTRIES)
    if not said and wanted == PaperFilter(limit=ENTRIES):
        raise for_readers(
            422,
            lambda v: v.t("The feed of a search needs words or a filter."),
            lambda v: v.t("Give q=, or topic=, lab=, stage= or another."),
        )

    def query(session: Session) -> Select[Item]:
        return _found(site, session, said, wanted) if said else feeds.newest(wanted, _stages(site))

    address = filters.query(**({"q": said} if said else {}))
    return Source(
        "search",
        lambda v: str(v.t("Search: %(words)s", words=said or _plainly(filters))),
        lambda v: str(
            v.t("The newest papers and posts that hold every word of the search, or are by its author or lab")
        ),
        site.links.search(address),
        Items(query),
        address,
    )


def _found(site: Site, session: Session, said: str, wanted: PaperFilter) -> Select[Item]:
    """Make the query of a search by words: what is from the lab or the author they name, else what holds them all.

    A lab counts where the filters ask for no other; what goes by the name itself comes with all but a lab's.
    """
    asked = site.finder.understand(said)
    lab = lab_called(asked, site.roadmap)
    if lab and wanted.lab in (None, lab):
        return feeds.newest(replace(wanted, lab=lab), _stages(site))
    name = asked.named
    named = full_text.named(session, name.ids, name.doi, name.urls, name.title)
    written = searching.by_author(session, asked)
    return feeds.found(session, "" if written else asked.words, [*named, *written], wanted, _stages(site))


def everything(site: Site) -> list[Source]:
    """List every feed but those of searches: of the whole, then by stage, by topic, by lab."""
    return [
        digests(site),
        picks(site),
        *(stage(site, str(one.number)) for one in site.roadmap.stages),
        *(topic(site, key) for key in site.roadmap.topics),
        *(lab(site, key) for key in site.roadmap.labs),
    ]


def compose(site: Site, session: Session, source: Source, lang: str, suffix: str) -> Feed:
    """Read what a source lists and make the feed in a language; `suffix` is the format its own address names."""
    v = voice(lang)
    return Feed(
        id=tag_uri(site.options.tag_authority, f"feeds/{source.name}" + (f"?{source.query}" if source.query else "")),
        title=clean(f"{source.title(v)}: Shirube"),
        description=clean(source.about(v)),
        lang=lang,
        url=site.options.absolute(address(site, source, lang, suffix)),
        page=site.options.absolute(source.page),
        icon=site.options.absolute(f"{site.links.root}/static/mark.svg"),
        stylesheet=f"{site.links.root}/static/feed.css?v={site.files['feed.css'].version}",
        note=(
            str(v.t("This is a feed: give its address to a feed reader, and it tells you what is new.")),
            str(v.t("Read the page instead")),
        ),
        entries=tuple(source.lists.entries(site, session, lang)),
    )


def address(site: Site, source: Source, lang: str, suffix: str) -> str:
    """Give the address of a feed within the site; the first language of the site is not named in it."""
    named = [] if lang == site.options.languages[0] else [f"lang={lang}"]
    query = "&".join([*([source.query] if source.query else []), *named])
    return site.links.feed(source.name, suffix) + (f"?{query}" if query else "")


def _filtered(site: Site, wanted: PaperFilter) -> Items:
    return Items(lambda _session: feeds.newest(wanted, _stages(site)))


def _stages(site: Site) -> dict[int, tuple[str, ...]]:
    return {stage.number: stage.topics for stage in site.roadmap.stages}


def _name(text: Text) -> Words:
    return lambda v: v.name(text)


def _plainly(filters: Filters) -> str:
    given = filters.model_dump(mode="json", exclude_none=True)
    return ", ".join(f"{name} {value}" for name, value in given.items())
