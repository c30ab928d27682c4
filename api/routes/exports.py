"""Items as files to take along: one item, a filtered list, the items of an issue; and an issue as text."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from api import language
from api.exports import LISTS, ExportQuery, printed_ids, written
from api.issues import find_digest
from api.items import find_item
from api.replies import A_MINUTE, TO_ITS_ID, UNTAGGED, redirect
from api.site import TheSite
from core.ids import anchor
from db import papers
from db.engine import reading
from digest.citing.forms import BIBTEX, CSL, MARKDOWN, RIS, Form
from digest.formats import formats

router = APIRouter(tags=["exports"])
ALONE = (BIBTEX, RIS, CSL, MARKDOWN)
OF_ISSUES = tuple(form for form in LISTS if form is not MARKDOWN)  # its Markdown is that of the issue itself
TEXTS = tuple(name for name in formats() if name not in ("html", "json"))  # those have addresses of their own
HEADING = "Papers"
Lang = Annotated[language.Known | None, Query(description="Language of the words around the papers")]
EXAMPLES = {
    "jsonl": '{"id":"2606.00001","kind":"paper","title":"A clockwork heron"}\n',
    "bibtex": "@misc{moorhen-2606.00001,\n  title = {A clockwork heron},\n  author = {Moorhen, Ada},\n}\n",
    "ris": "TY  - UNPB\nTI  - A clockwork heron\nAU  - Moorhen, Ada\nER  - \n",
    "csl": '[{"id": "moorhen-2606.00001", "type": "article", "title": "A clockwork heron"}]',
    "csv": "id,submitted,title\n2606.00001,2026-06-02,A clockwork heron\n",
    "markdown": "## [A clockwork heron](<https://arxiv.org/abs/2606.00001>)\n",
    "text": "A clockwork heron\n",
}


def _whole_list(form: Form) -> Callable[..., Response]:
    def listed(site: TheSite, query: Annotated[ExportQuery, Query()]) -> Response:
        pieces = written(form, site, query, HEADING)
        headers = {"Cache-Control": A_MINUTE, **_file(f"papers.{form.suffix}")}
        return StreamingResponse(pieces, media_type=form.media_type, headers=headers)

    return listed


def _one(form: Form) -> Callable[..., Response]:
    def item(site: TheSite, item_id: str) -> Response:
        with reading(site.sessions) as session:
            found = find_item(session, item_id)
        if found.id != item_id:
            return redirect(site.links.paper_as(found.id, form.suffix), 308)
        name = f"{anchor(found.id).removeprefix('p-')}.{form.suffix}"
        return _reply(form.alone(found, site.roadmap), form.media_type, name)

    return item


def _of_issue(form: Form) -> Callable[..., Response]:
    def issue(site: TheSite, month: str) -> Response:
        with reading(site.sessions) as session:
            ids = printed_ids(find_digest(session, month))
            items = papers.by_ids(session, ids)
        text = "".join(form.pieces(items, site.roadmap, month))
        return _reply(text, form.media_type, f"{month}.{form.suffix}")

    return issue


def _as_text(name: str) -> Callable[..., Response]:
    written_by = formats()[name]

    def issue(request: Request, site: TheSite, month: str, lang: Lang = None) -> Response:
        chosen = lang or language.choose(request, site.options.languages)
        with reading(site.sessions) as session:
            digest = find_digest(session, month)
        reply = _reply(written_by.render(digest, chosen), written_by.MEDIA_TYPE, f"{month}.{written_by.SUFFIX}")
        reply.headers["Vary"] = "Accept-Language, Cookie"
        return reply

    return issue


def _reply(text: str, media_type: str, name: str) -> Response:
    return Response(text, media_type=media_type, headers={"Cache-Control": A_MINUTE, **_file(name)})


def _file(name: str) -> dict[str, str]:
    """Name the file a browser saves; our names are ASCII without quotes."""
    kept = "".join(char if char.isascii() and (char.isalnum() or char in ".-_") else "-" for char in name)
    return {"Content-Disposition": f'attachment; filename="{kept}"'}


def _add(
    path: str, call: Callable[..., Response], name: str, what: str, media_type: str, example: str, **more: Any
) -> None:
    """Register one address of one format, described with an example; `more` is what holds of it besides."""
    content: dict[str, Any] = {media_type: {"schema": {"type": "string"}, "example": example}}
    router.add_api_route(
        path,
        call,
        methods=["GET"],
        name=name,
        description=what,
        response_class=Response,
        responses={200: {"content": content, "description": "The file"}, **more.pop("responses", {})},
        **more,
    )


for _form in LISTS:
    _add(
        f"/api/v1/papers.{_form.suffix}",
        _whole_list(_form),
        f"papers_{_form.name}",
        f"Give a whole list of items as {_form.name}: the filters of the list, any length, without a cap.",
        _form.media_type,
        EXAMPLES[_form.name],
        openapi_extra=UNTAGGED,
    )
for _form in ALONE:
    _add(
        f"/papers/{{item_id:path}}.{_form.suffix}",
        _one(_form),
        f"paper_{_form.name}",
        f"Give one item as {_form.name}; another form of an arXiv id leads to it.",
        _form.media_type,
        EXAMPLES[_form.name],
        responses=TO_ITS_ID,
    )
for _form in OF_ISSUES:
    _add(
        f"/digests/{{month}}.{_form.suffix}",
        _of_issue(_form),
        f"digest_{_form.name}",
        f"Give the items that a month's issue (YYYY-MM) prints, in its order, as {_form.name}.",
        _form.media_type,
        EXAMPLES[_form.name],
    )
for _name in TEXTS:
    _add(
        f"/digests/{{month}}.{formats()[_name].SUFFIX}",
        _as_text(_name),
        f"digest_as_{_name}",
        f"Give a month's issue (YYYY-MM) itself as {_name}.",
        formats()[_name].MEDIA_TYPE,
        EXAMPLES.get(_name, ""),
    )
