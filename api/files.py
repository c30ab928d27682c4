"""The few files pages load: the stylesheet and the mark, each known by the hash of its content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import digest

FOLDERS = (Path(digest.__file__).parent / "static", Path(__file__).parent / "static")
MEDIA_TYPES = {".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One file as it is served."""

    content: bytes
    media_type: str
    version: str


def static_files() -> dict[str, StaticFile]:
    """Read every stylesheet and drawing of the site, by name."""
    found = (path for folder in FOLDERS for path in sorted(folder.iterdir()) if path.suffix in MEDIA_TYPES)
    return {path.name: _read(path) for path in found}


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    return StaticFile(content, MEDIA_TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])
