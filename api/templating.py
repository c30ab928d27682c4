"""Templates of the site: one environment a language, escaping always on, an unknown name an error."""

from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined
from jinja2.bccache import Bucket, BytecodeCache

from api.files import StaticFile
from api.links import SiteLinks
from api.options import AppOptions
from core.ids import anchor
from digest import maths
from digest.sentences import FULL
from digest.templating import loader
from digest.words import web
from locales.load import own_name, translations
from roadmap.model import Roadmap

FOLDER = Path(__file__).parent / "templates"


class Compiled(BytecodeCache):
    """Keeps what templates were compiled to: the languages and apps of a process differ in nothing that is compiled."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket whose template was compiled before; Jinja compares the sources."""
        if kept := self._kept.get(bucket.key):
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


class Templates:
    """Renders pages; what is the same on all of them is known to every template by name."""

    def __init__(self, options: AppOptions, links: SiteLinks, roadmap: Roadmap, files: dict[str, StaticFile]) -> None:
        texts = loader(FOLDER)
        environments = {lang: _environment(lang, texts, options, links, roadmap, files) for lang in options.languages}
        self._environments = environments

    def render(self, template: str, lang: str, **context: Any) -> str:
        """Fill in a template in a language; raises jinja2.UndefinedError for a name nobody gave."""
        return self._environments[lang].get_template(template).render(**context)


def _environment(
    lang: str,
    texts: BaseLoader,
    options: AppOptions,
    links: SiteLinks,
    roadmap: Roadmap,
    files: dict[str, StaticFile],
) -> Environment:
    environment = Environment(
        loader=texts,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        bytecode_cache=COMPILED,
    )
    environment.install_gettext_translations(translations(lang), newstyle=True)  # type: ignore[attr-defined]
    environment.globals |= {
        "lang": lang,
        "languages": {other: own_name(other) for other in options.languages},
        "links": links,
        "options": options,
        "roadmap": roadmap,
        "full": FULL,
        "asset": lambda name: f"{links.root}/static/{name}?v={files[name].version}",
    }
    environment.filters |= {"web": web, "anchor": anchor, "maths": maths.to_html}
    return environment
