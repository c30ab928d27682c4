"""A list of feeds as OPML 2.0 (https://opml.org/spec2.opml), for a reader to take in at once."""

from collections.abc import Iterable, Sequence
from io import StringIO

from feedgenerator.django.utils.xmlutils import SimplerXMLGenerator

from api.feeds import atom
from api.feeds.sources import Source, address, everything, lab, stage, topic
from api.filters import known
from api.site import Site
from core.text import clean
from digest.words import Voice, voice

MEDIA_TYPE = "text/x-opml"


def chosen(site: Site, topics: Sequence[str], labs: Sequence[str], stages: Sequence[int]) -> list[Source]:
    """Find the feeds of a choice, each once, or all where nothing is chosen; raises UsageError for an unknown key."""
    for key in topics:
        known("topic", key, site.roadmap.topics)
    for key in labs:
        known("lab", key, site.roadmap.labs)
    for number in stages:
        known("stage", number, [one.number for one in site.roadmap.stages])
    picked = [stage(site, str(number)) for number in dict.fromkeys(stages)]
    picked += [topic(site, key) for key in dict.fromkeys(topics)]
    picked += [lab(site, key) for key in dict.fromkeys(labs)]
    return picked or everything(site)


def render(site: Site, sources: Iterable[Source], lang: str) -> bytes:
    """Write the list, grouped by what the feeds are of; each is named by its address as Atom."""
    v, out, listed = voice(lang), StringIO(), list(sources)
    handler = SimplerXMLGenerator(out, "utf-8", short_empty_elements=True)
    handler.startDocument()
    handler.startElement("opml", {"version": "2.0"})
    handler.startElement("head", {})
    handler.addQuickElement("title", str(v.t("Feeds of Shirube")))
    handler.addQuickElement("docs", "https://opml.org/spec2.opml")
    handler.endElement("head")
    handler.startElement("body", {})
    for heading, prefix in _groups(v):
        _group(handler, site, v, heading, [one for one in listed if one.name.partition("/")[0] in prefix])
    handler.endElement("body")
    handler.endElement("opml")
    return out.getvalue().encode()


def _groups(v: Voice) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (str(v.t("The whole road")), ("digests", "picks")),
        (str(v.t("Stages")), ("stages",)),
        (str(v.t("Topics")), ("topics",)),
        (str(v.t("Labs")), ("labs",)),
    ]


def _group(handler: SimplerXMLGenerator, site: Site, v: Voice, heading: str, sources: Sequence[Source]) -> None:
    if not sources:
        return
    handler.startElement("outline", {"text": heading, "title": heading})
    for source in sources:
        title = clean(source.title(v))
        feed = {
            "type": "rss",  # OPML's word for a feed of whatever format
            "text": title,
            "title": title,
            "description": clean(source.about(v)),
            "language": v.lang,
            "xmlUrl": site.options.absolute(address(site, source, v.lang, atom.SUFFIX)),
            "htmlUrl": site.options.absolute(source.page),
        }
        handler.addQuickElement("outline", None, feed)
    handler.endElement("outline")
