"""Digests as pages and as mails are valid HTML, by html-validate."""

from pathlib import Path

from digest.formats import html
from digest.model import Digest
from digest.press import message_parts
from locales import LANGUAGES
from tests.digest import sample
from tests.html_validate import MAIL, PAGE, complaints
from tests.shirube import golden

DIGESTS: dict[str, Digest] = {
    "stand-in": golden.stored(golden.STAND_IN),
    "recorded": golden.stored(golden.RECORDED),
    "everything": sample.digest(banners=sample.every_banner()),
    "catch-up": sample.catch_up(),
    "empty": sample.digest(stages=(), hour=(), labs=(), late=(), late_more=0, topmost=None),
}


def test_the_checker_finds_what_is_wrong(tmp_path: Path) -> None:
    wrong = "<!DOCTYPE html><html><head><title>x</title></head><body><p><div></p></body></html>"
    assert any("p.html:1 close-order" in one for one in complaints({"p.html": wrong}, PAGE, tmp_path))


def test_pages_are_valid(tmp_path: Path) -> None:
    pages = {f"{name}.{lang}.html": html.render(one, lang) for name, one in DIGESTS.items() for lang in LANGUAGES}
    assert complaints(pages, PAGE, tmp_path) == []


def test_mails_are_valid(tmp_path: Path) -> None:
    reader = golden.reader()
    mails = {
        f"{name}.{lang}.html": message_parts(one, lang, reader).html
        for name, one in DIGESTS.items()
        if one.stages
        for lang in LANGUAGES
    }
    assert complaints(mails, MAIL, tmp_path) == []
