"""The forms a digest is given out in; a module here with MEDIA_TYPE, SUFFIX and render is found by itself."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def formats() -> dict[str, ModuleType]:
    """Find every output format by its module's name, sorted: `html`, `json`, `text` and whatever is added.

    A format offers `MEDIA_TYPE`, `SUFFIX` (without the dot) and `render(digest, lang) -> str`.
    """
    found = {info.name: import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)}
    return {name: module for name, module in sorted(found.items()) if hasattr(module, "render")}
