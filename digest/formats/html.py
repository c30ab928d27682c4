"""The digest as HTML: the fragment that pages embed, and one self-contained file that opens from disk."""

from typing import Any

from markupsafe import Markup

from digest import charts, front, notices, sentences
from digest.links import Links
from digest.model import Digest, Entry
from digest.quotes import told
from digest.reasons import FILE, Said, names_in, say_all
from digest.templating import stylesheet, write
from digest.words import Line, Voice, voice
from locales.load import LANGUAGES, own_name

MEDIA_TYPE = "text/html"
SUFFIX = "html"


def render(digest: Digest, lang: str, stem: str | None = None) -> str:
    """Write the issue as one file: stylesheet within, no script, nothing loaded, links to papers and works only.

    `stem` names the file without language and suffix, the month where it is None: there the other language is linked.
    """
    return write(
        "page.html.j2",
        voice(lang),
        **_common(digest, voice(lang), FILE),
        css=Markup(stylesheet()),  # noqa: S704 - our own file
        languages=_languages(stem or digest.month),
        fragment=Markup(fragment(digest, lang)),  # noqa: S704 - escaped by its template
    )


def fragment(digest: Digest, lang: str, links: Links = FILE) -> str:
    """Write the content of `<main>`; `links` decides what has a page."""
    v = voice(lang)
    return write("fragment.html.j2", v, **_common(digest, v, links), **_front(digest, v, links))


def signpost(digest: Digest, lang: str, links: Links = FILE) -> str:
    """Write the navigation of the eight stages, for the header of a page that shows the issue."""
    v = voice(lang)
    return write("signpost.html.j2", v, **_common(digest, v, links))


def file_name(stem: str, lang: str) -> str:
    """Name the file of an issue: 2026-10.html, 2026-10.ja.html."""
    return f"{stem}.{SUFFIX}" if lang == "en" else f"{stem}.{lang}.{SUFFIX}"


def _languages(stem: str) -> list[tuple[str, str, str]]:
    """List every language as (code, its own name, sibling file)."""
    return [(code, own_name(code), file_name(stem, code)) for code in LANGUAGES]


def _common(digest: Digest, v: Voice, links: Links) -> dict[str, Any]:
    english = Markup(' lang="en"') if v.english else Markup("")
    return {"d": digest, "links": links, "lang_en": english, "total": digest.road}


def _front(digest: Digest, v: Voice, links: Links) -> dict[str, Any]:
    names = names_in(digest)
    chart = charts.bars([(s.number, s.counted, s.chosen) for s in digest.stages])

    def why(entry: Entry) -> list[Said]:
        return say_all(told(entry), v.lang, names, links)

    def short(entry: Entry) -> Line:
        return sentences.reason(v, entry, names)

    return {
        "names": names,
        "banners": notices.banners(v, digest, links),
        "hour": front.hour_entries(digest),
        "printed": digest.entries,
        "twins": {entry.number: links.entry(entry.id) for entry in digest.entries.values()},
        "chart": chart,
        "chart_height": f"{charts.height(chart):g}",
        "earlier": links.issue(digest.previous) if digest.previous else None,
        "later": links.issue(digest.next) if digest.next else None,
        "stages_label": _stages_label(digest, v),
        "why": why,
        "brief": short,
    }


def _stages_label(digest: Digest, v: Voice) -> str:
    numbers = [stage.number for stage in digest.stages]
    if len(numbers) == 1:
        return str(v.t("Stage %(stage)s", stage=numbers[0]))
    return str(v.t("Stages %(first)s to %(last)s", first=numbers[0], last=numbers[-1])) if numbers else ""
