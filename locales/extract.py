"""Finds every message of code and templates and keeps the catalogues in step: `python -m locales.extract [DOMAIN]...`.

Each domain is one `.po` file of every language. English catalogues are written whole; in the others new messages are
added empty, for a person to write, and messages no longer used are dropped.
"""

import ast
import sys
from collections.abc import Collection, Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from locales.load import FOLDER, LANGUAGES

ROOT = FOLDER.parent
DOMAINS = {"shirube": "digest", "api": "api"}  # catalogue -> package whose words it holds
KEYWORDS = {
    "t": None, "n": (1, 2), "tc": ((1, "c"), 2),
    "_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
METHODS = [("**.py", "locales.extract:calls"), ("**.j2", "jinja2"), ("**/templates/**.*", "jinja2")]

HEADER = """# Words of Shirube; written by people, kept in step with the code by `python -m locales.extract`.
msgid ""
msgstr ""
"Language: {lang}\\n"
"Plural-Forms: {plurals}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"

"""


def messages(package: Path, domain: str = "shirube") -> Catalog:
    """Collect the messages of a package's Python code and Jinja templates."""
    found = Catalog(locale="en", domain=domain, project="Shirube", fuzzy=False)
    options = {"**.j2": {"silent": "false"}, "**/templates/**.*": {"silent": "false"}}
    for path, _line, text, _comments, context in extract_from_dir(
        package, method_map=METHODS, options_map=options, keywords=KEYWORDS
    ):
        found.add(text, locations=[(f"{package.name}/{path}", 0)], context=context)
    return found


def calls(
    source: IO[bytes], keywords: Collection[str], tags: object, options: object
) -> Iterator[tuple[int, str, tuple[str | None, ...], list[str]]]:
    """Find calls such as `v.t("...")` in Python, nested ones too, as Babel's extractors give them."""
    del tags, options
    for node in ast.walk(ast.parse(source.read())):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        words = tuple(_literal(argument) for argument in node.args)
        if name in keywords and words and words[0] is not None:
            yield node.lineno, str(name), words, []


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def catalogue_path(lang: str, domain: str) -> Path:
    """Name the file of a language's catalogue."""
    return FOLDER / lang / "LC_MESSAGES" / f"{domain}.po"


def update(domains: Iterable[str]) -> None:
    """Write catalogues anew: English whole, the others with what is new left empty."""
    for domain in domains:
        package = DOMAINS[domain]
        for lang in LANGUAGES:
            catalogue = messages(ROOT / package, domain)
            if lang == "en":
                _speak_for_itself(catalogue)
            else:
                catalogue = _merged(lang, domain, catalogue)
            _write(catalogue_path(lang, domain), lang, catalogue)


def all_of(catalogue: Catalog) -> Iterable[Message]:
    """Walk the messages of a catalogue without its header."""
    return (message for message in catalogue if message.id)


def read(lang: str, domain: str) -> Catalog:
    """Read a catalogue; an empty one where there is none yet."""
    path = catalogue_path(lang, domain)
    if not path.exists():
        return Catalog(locale=lang, domain=domain, fuzzy=False)
    with path.open("rb") as source:
        return read_po(source, locale=lang, domain=domain)


def _speak_for_itself(catalogue: Catalog) -> None:
    for message in all_of(catalogue):
        message.string = message.id


def _merged(lang: str, domain: str, template: Catalog) -> Catalog:
    known = read(lang, domain)
    known.update(template, no_fuzzy_matching=True)
    known.obsolete.clear()
    return known


def _write(path: Path, lang: str, catalogue: Catalog) -> None:
    """Write a catalogue under a header that changes with nothing but the language: no dates, no names."""
    out = BytesIO()
    write_po(out, catalogue, width=118, omit_header=True, include_lineno=False)
    header = HEADER.format(lang=lang, plurals=Catalog(locale=lang).plural_forms)
    path.write_text(header + out.getvalue().decode("utf-8"), encoding="utf-8")


if __name__ == "__main__":
    update(sys.argv[1:] or DOMAINS)
