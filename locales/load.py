"""Reads the catalogues: every `.po` file of a language is one part of its words."""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

FOLDER = Path(__file__).parent
FALLBACK = "en"  # what the messages in the code are written in
# The language of each catalogue, the fallback first; whatever offers a choice of languages offers these.
LANGUAGES = (FALLBACK, *sorted({path.parent.name for path in FOLDER.glob("*/LC_MESSAGES")} - {FALLBACK}))


def language(tag: str | None) -> str:
    """Choose the language to speak for a tag such as `ja-JP`; English where there is no catalogue for it."""
    short = (tag or "").partition("-")[0].lower()
    return short if short in LANGUAGES else FALLBACK


@cache
def own_name(lang: str) -> str:
    """Tell what a language calls itself: English, 日本語."""
    from babel import Locale

    return str(Locale.parse(lang).display_name).capitalize()


@cache
def translations(lang: str) -> gettext.NullTranslations:
    """Give the words of a language, all its catalogues joined; a message it lacks stays as written in English."""
    words: gettext.NullTranslations = gettext.NullTranslations()
    for path in sorted((FOLDER / language(lang) / "LC_MESSAGES").glob("*.po")):
        part = _read(path, language(lang))
        part.add_fallback(words)
        words = part
    return words


def _read(path: Path, lang: str) -> gettext.GNUTranslations:
    from babel.messages.mofile import write_mo  # here, since the command line asks for nothing but the languages
    from babel.messages.pofile import read_po

    with path.open("rb") as source:
        catalogue = read_po(source, locale=lang, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)
