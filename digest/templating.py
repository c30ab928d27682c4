"""The Jinja environment of everything a digest is written with: escaped always, strict about what is missing."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from core.ids import anchor
from digest import front, maths, news, notices, sentences
from digest.words import Line, Voice, web

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
STYLESHEET = FOLDER / "static" / "style.css"


@cache
def environment() -> Environment:
    """Make the environment once; `autoescape` holds for every template whatever its name."""
    made = Environment(
        loader=loader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols"],
    )
    made.filters |= {"maths": maths.to_html, "plain": maths.to_text, "web": web, "anchor": anchor, "mail": mail}
    return made


def loader(folder: Path) -> FunctionLoader:
    """Read all templates of a folder at once, by their names.

    Those of an update put in place under a running service would fit neither its code nor the templates read before.
    """
    found = [path for path in sorted(folder.iterdir()) if path.is_file()]
    return FunctionLoader({path.name: (path.read_text(encoding="utf-8"), str(path), None) for path in found}.get)


def write(template: str, voice: Voice, **values: Any) -> str:
    """Fill a template: t, n, tc are the voice's sentences; the modules hold what is said of a digest."""
    spoken = {"v": voice, "t": voice.t, "n": voice.n, "tc": voice.tc}
    modules = {"front": front, "say": sentences, "news": news, "notices": notices}
    return environment().get_template(template).render(**spoken, **modules, **values)


def mail(value: object) -> Markup:
    """Write a line or a word as HTML for mail clients, which draw no MathML."""
    return value.mail() if isinstance(value, Line) else escape(value)


@cache
def stylesheet() -> str:
    """Read the one stylesheet of all pages."""
    return STYLESHEET.read_text(encoding="utf-8")
