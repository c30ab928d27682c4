"""Walks the web service in this process and writes every answer as a plain file that any web host serves."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from anyio.from_thread import start_blocking_portal
from httpx2 import ASGITransport, AsyncClient, Response

from core.errors import NotFoundError, RefusedError
from db import issues, papers
from db.engine import reading
from locales.load import LANGUAGES
from shirube import site_files, terminal
from shirube.files import sweep, write_whole
from shirube.site_files import Layout, Place
from shirube.web import make_web, static_options

if TYPE_CHECKING:
    from fastapi import FastAPI

    from roadmap.model import Roadmap
    from shirube.wiring import Wiring

MANIFEST = ".shirube-site.json"
LOCAL = "http://127.0.0.1:8000"
LEAST_KEPT = 0.9  # of the items and of the pages that the site had: below, something is wrong with what is stored
ADVICE = "Name another folder, or make room"


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What a published folder holds, kept in it: the issues by status, how many items were stored, each file's hash."""

    issues: dict[str, str]
    items: int
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Published:
    """What a run did: how many files the site has, and how many of them are new or other than before."""

    files: int
    written: int


@dataclass(slots=True)
class Walk:
    """What the web service answered, by place."""

    pages: dict[Place, str] = field(default_factory=dict)  # pages and feeds, before their links are rewritten
    files: dict[Place, bytes] = field(default_factory=dict)
    moved: dict[Place, Place] = field(default_factory=dict)

    @property
    def there(self) -> set[Place]:
        """Give all places that have a file."""
        return {*self.pages, *self.files, *self.moved}


def publish(wiring: Wiring, folder: Path) -> Published:
    """Write the whole site into a folder, file by file; what is there already and the same is not touched.

    Raises NotFoundError where no issue is stored, RefusedError where the folder holds other things, or a site that
    would be the poorer for it, or where a page fails: then the folder is left as it is.
    """
    layout = Layout(wiring.settings.base_url or LOCAL, LANGUAGES)
    known = _read_manifest(folder)
    with reading(wiring.sessions) as session:
        stood, items = issues.statuses(session), papers.count_all(session)
    if not stood:
        raise NotFoundError("No issue is stored, so there is no site", "Make one first: shirube digest")
    if known is not None:
        _refuse(lost(known, stood, items))
    web = _site(wiring, layout.base_url)
    # The portal has a thread and a loop of its own: whoever calls may have a loop running.
    with terminal.bar("Pages", left=False) as bar, start_blocking_portal() as portal:
        walk = portal.call(_walk, web, layout, _starts(wiring.roadmap, known), bar)
    content = written(layout, walk)
    fresh = Manifest(stood, items, {name: hashlib.sha256(body).hexdigest() for name, body in content.items()})
    _refuse(others(folder, known, fresh))
    _refuse(unfollowed(known, fresh) if known is not None else [])
    return put(folder, content, fresh, known)


def lost(known: Manifest, stood: Mapping[str, str], items: int) -> list[str]:
    """Say what a site would lose that is stored no longer; nothing where it would not."""
    gone = [month for month, status in known.issues.items() if status == "final" and stood.get(month) != "final"]
    found = [f"the final issue of {month} is not stored as final" for month in sorted(gone)]
    if items < known.items * LEAST_KEPT:
        found.append(f"{items:,} items are stored, and {known.items:,} were")
    return found


def unfollowed(known: Manifest, fresh: Manifest) -> list[str]:
    """Say where too many files of a site would have no successor."""
    kept = len(known.files.keys() & fresh.files.keys())
    missing = f"{len(known.files) - kept:,} of its {len(known.files):,} files would have no successor"
    return [missing] if kept < len(known.files) * LEAST_KEPT else []


def others(folder: Path, known: Manifest | None, fresh: Manifest) -> list[str]:
    """Say which files in the way are not of a site that was published there."""
    own = known.files if known is not None else {}
    found = [name for name in sorted(fresh.files) if name not in own and (folder / name).exists()]
    return [f"{', '.join(found[:3])} would be overwritten and is not of a published site"] if found else []


def written(layout: Layout, walk: Walk) -> dict[str, bytes]:
    """Write what was answered for its places: file name -> content, those that others link first."""
    there = walk.there
    files = {layout.file(place): body for place, body in walk.files.items()}
    for place in sorted(walk.pages, key=lambda place: (not place.is_paper, layout.file(place))):
        rewrite = site_files.page if place.is_page else site_files.feed
        files[layout.file(place)] = rewrite(layout, walk.pages[place], place, there).encode()
    for place, target in walk.moved.items():
        files[layout.file(place)] = _pointer(layout.relative(target, place)).encode()
    return files


def _site(wiring: Wiring, base_url: str) -> FastAPI:
    finder = wiring.finder(model=False)
    finder.refresh()
    return make_web(wiring, static_options(wiring, base_url), finder)


async def _walk(web: FastAPI, layout: Layout, starts: Sequence[Place], bar: terminal.Bar) -> Walk:
    """Ask for the start pages and all that they link.

    arXiv papers that the page of a paper links are not followed, and of what a feed names only posts are.
    """
    walk, queue = Walk(), deque(starts)
    asked = set(queue)
    transport = ASGITransport(app=web, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=layout.host) as client:
        while queue:
            place = queue.popleft()
            answer = await client.get(place.asked())
            for found in _take(layout, walk, place, answer):
                if found not in asked:
                    asked.add(found)
                    queue.append(found)
            bar(len(asked) - len(queue), len(asked))
    missing = [place.asked() for place in starts if place.path == "/" and place not in walk.pages]
    if missing:
        raise RefusedError(f"{missing[0]} has no page: nothing was published", "Run shirube doctor")
    return walk


def _take(layout: Layout, walk: Walk, place: Place, answer: Response) -> list[Place]:
    """Keep one answer, and give what it leads to; raises RefusedError where the service failed."""
    if answer.status_code >= 500:
        raise RefusedError(
            f"{place.asked()} failed with status {answer.status_code}: nothing was published", "See the log above"
        )
    if answer.is_redirect:
        target = layout.read(answer.headers["Location"], place)
        walk.moved |= {place: target} if target is not None else {}
        return [target] if target is not None else []
    if answer.status_code != 200:
        return []
    if not place.is_page and not place.path.startswith(("/feeds/", "/feeds.")):
        walk.files[place] = answer.content
        return []
    walk.pages[place] = answer.text
    follow = site_files.links if place.is_page else site_files.posts
    return [other for other in follow(layout, answer.text, place) if not (place.is_paper and other.is_arxiv)]


def _starts(roadmap: Roadmap, known: Manifest | None) -> list[Place]:
    """List where to begin: what no page may link, and the papers published before, since mails lead to them."""
    paths = [
        *("/", "/digests/latest", "/digests", "/status", "/about", "/feeds", "/feeds.opml"),
        *(f"/stages/{stage.number}" for stage in roadmap.stages),
        *(f"/topics/{key}" for key in roadmap.topics),
        *(f"/labs/{key}" for key in roadmap.labs),
        *_papers_of(known),
    ]
    return [Place(path, lang) for path in paths for lang in LANGUAGES]


def _papers_of(known: Manifest | None) -> list[str]:
    ending = f"/{site_files.INDEX}"
    names = known.files if known is not None else {}
    return [f"/{name.removesuffix(ending)}" for name in names if name.startswith("papers/") and name.endswith(ending)]


def _read_manifest(folder: Path) -> Manifest | None:
    file = folder / MANIFEST
    try:
        return msgspec.json.decode(file.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as problem:
        raise RefusedError(
            f"{file} cannot be read, so it is not known what {folder} holds", "Publish into an empty folder"
        ) from problem


def _refuse(reasons: list[str]) -> None:
    if reasons:
        raise RefusedError(
            f"The folder is left as it is: {'; '.join(reasons)}", "To begin anew, publish into an empty folder"
        )


def put(folder: Path, content: dict[str, bytes], fresh: Manifest, known: Manifest | None) -> Published:
    """Write what is not there as it should be, between two manifests: a run that is cut off is made good by the next.

    The first names all files as ours beside what the site was until now, the last says what it has become.
    """
    names = dict(sorted(((known.files if known is not None else {}) | fresh.files).items()))
    changed = [name for name in content if _hash_of(folder / name) != fresh.files[name]]
    if changed:
        was = known or Manifest({}, 0, {})
        _keep(folder, Manifest(was.issues, was.items, names))
    for name in changed:
        write_whole(folder / name, content[name], ADVICE)
    _keep(folder, Manifest(fresh.issues, fresh.items, names))
    sweep(folder / name for name in (*content, MANIFEST))
    return Published(len(names), len(changed))


def _keep(folder: Path, manifest: Manifest) -> None:
    write_whole(folder / MANIFEST, msgspec.json.encode(manifest), ADVICE)


def _hash_of(file: Path) -> str | None:
    """Give the hash of what a file holds; None where there is none."""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None


def _pointer(address: str) -> str:
    """Write a page that leads on to another."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Shirube</title>\n'
        f'<meta http-equiv="refresh" content="0; url={address}">\n</head>\n'
        f'<body>\n<p><a href="{address}">Shirube</a></p>\n</body>\n</html>\n'
    )
