"""What a reader posts: forms and JSON, from pages of this site alone."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec
from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from api.errors import Problem, for_readers
from api.site import site_of

MOST_FIELDS = 500
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
Value = TypeVar("Value")


async def read_form(request: Request) -> Mapping[str, Sequence[str]]:
    """Read a form that a page of this site posted: field -> the texts given."""
    own_site(request)
    body = await _body(request, FORM)
    try:
        return parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as problem:  # UnicodeDecodeError is one
        raise for_readers(
            400,
            lambda v: v.t("The form cannot be read."),
            lambda v: v.t("Send it from the page, or as UTF-8 percent-encoded."),
        ) from problem


def own_site(request: Request) -> None:
    """Refuse what another site makes a reader's browser post: the reader did not mean it.

    Browsers say where a request comes from (https://www.w3.org/TR/fetch-metadata/); older ones, and those that came
    without TLS, name the page's origin, which is `null` for pages behind a signed link, since those tell nobody where
    they are. Programs say neither.
    """
    fetched, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    base = urlsplit(site_of(request).options.base_url)
    own = {None, f"{base.scheme}://{base.netloc}"} | ({"null"} if request.url.path.startswith("/s/") else set())
    foreign = fetched not in ("same-origin", "none") if fetched else origin not in own
    if foreign:
        raise for_readers(
            403,
            lambda v: v.t("This came from a page of another site."),
            lambda v: v.t("Open the page here and press its button."),
        )


async def read_json(request: Request, kind: type[Value]) -> Value:
    """Read a JSON body of a known shape; raises Problem that says what is wrong with it."""
    body = await _body(request, JSON)
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as problem:
        raise Problem(422, f"The body has another shape than asked for: {problem}") from problem
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Problem(400, f"The body is no JSON: {problem}") from problem


async def _body(request: Request, media_type: str) -> bytes:
    given = re.split(r"[;\s]", request.headers.get("content-type", ""))[0].lower()
    if given != media_type:
        raise Problem(415, f"The body is not {media_type}", f"Send it with Content-Type: {media_type}")
    try:
        return await request.body()  # bounded by api.bodies
    except ClientDisconnect as problem:
        raise Problem(400, "The connection ended before the body did") from problem


def body_schema(kind: type[Any], required: bool = True) -> dict[str, Any]:
    """Describe a JSON body for the OpenAPI document."""
    schema = msgspec.json.schema(kind)
    inner = schema["$defs"][kind.__name__]
    return {"requestBody": {"required": required, "content": {JSON: {"schema": inner}}}}


Form = Annotated[Mapping[str, Sequence[str]], Depends(read_form)]
