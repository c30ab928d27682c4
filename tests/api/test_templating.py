"""Templates of the site: all of one moment, whatever happens to their files while the service runs."""

import shutil
from pathlib import Path

import pytest

from api import templating
from api.files import static_files
from api.links import SiteLinks
from api.options import AppOptions
from api.templating import Templates
from digest import templating as digest_templating
from digest.words import voice
from roadmap.model import Roadmap


def test_a_file_that_changes_under_the_service_changes_no_page(
    roadmap: Roadmap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "templates"
    shutil.copytree(templating.FOLDER, folder)
    for name in ("first.html", "second.html"):
        (folder / name).write_text("{{ lang }} of old", encoding="utf-8")
    monkeypatch.setattr(templating, "FOLDER", folder)
    templates = Templates(AppOptions(), SiteLinks(""), roadmap, static_files())
    assert templates.render("first.html", "en") == "en of old"
    for name in ("first.html", "second.html"):
        (folder / name).write_text("{{ nobody_gave_this }}", encoding="utf-8")
    assert templates.render("first.html", "en") == "en of old"
    assert templates.render("second.html", "ja") == "ja of old", "read with the others, though nobody had asked for it"


def test_the_templates_of_the_digest_are_read_once_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "line.txt").write_text("of old", encoding="utf-8")
    monkeypatch.setattr(digest_templating, "TEMPLATES", tmp_path)
    digest_templating.environment.cache_clear()
    try:
        assert digest_templating.write("line.txt", voice("en")) == "of old"
        (tmp_path / "line.txt").write_text("of today", encoding="utf-8")
        assert digest_templating.write("line.txt", voice("en")) == "of old"
    finally:
        digest_templating.environment.cache_clear()
