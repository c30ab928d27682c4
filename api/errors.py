"""Errors as answers: problem+json (RFC 9457) under /api/v1, a page everywhere else."""

import logging
from collections.abc import Callable

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import Match
from typing_extensions import TypedDict

from api.headers import request_id, route_of, secured
from core.errors import NotFoundError, RefusedError, ShirubeError, UsageError
from db.away import is_away
from digest.words import NBSP, Line, Voice, voice

log = logging.getLogger("shirube.api")
PROBLEM_TYPES = "tag:shirube,2026:problems/"  # RFC 9457 allows addresses that need not resolve; these never change
MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = "5"  # what a server of a database takes to start anew, about
PROBES = ("/healthz", "/readyz", "/metrics")  # asked by programs, by whatever name they have

# Status -> (kind, title). The kind is the stable end of `type`; /docs lists them all.
PROBLEMS = {
    400: ("bad-request", "The request cannot be read"),
    401: ("unauthorized", "The request needs a key that works"),
    403: ("forbidden", "The request is not allowed"),
    404: ("not-found", "Nothing is stored under this address"),
    405: ("method-not-allowed", "This address does not take this method"),
    408: ("timeout", "The request took too long to arrive"),
    409: ("refused", "The rules forbid this"),
    410: ("gone", "What was here is gone for good"),
    413: ("too-large", "The request is too large"),
    415: ("media-type", "The body is of another media type than asked for"),
    421: ("misdirected", "The request is for another host"),
    422: ("invalid", "The request cannot be meant as written"),
    429: ("too-many", "There were too many requests"),
    500: ("internal", "The server failed"),
    503: ("unavailable", "The server cannot answer now"),
}


class _ProblemRequired(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    instance: str
    request_id: str


class FaultJson(TypedDict):
    """A parameter or a field, and what is wrong with it."""

    parameter: str
    detail: str


class ProblemJson(_ProblemRequired, total=False):
    """An error as RFC 9457 has it. `type` never changes; `advice` says what to do, `links` lead to what may help.

    `errors` name the parameters or fields that are wrong; `request_id` finds the request in the log.
    """

    advice: str
    errors: list[FaultJson]
    links: dict[str, str]


Words = Callable[[Voice], Line]


class Problem(Exception):
    """An error answer with links to what may help: `links` maps a relation to a path of the site."""

    def __init__(self, status: int, detail: str, advice: str = "", links: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.advice = advice
        self.links = links or {}
        self.errors: list[FaultJson] = []
        self.headers: dict[str, str] = {}
        self.words: list[Words] = []  # the same as a person is told it, where one may meet it
        self.bare = status >= 500  # the page asks the database nothing: it may be what broke, or is to be spared


def for_readers(
    status: int, detail: Words, advice: Words | None = None, links: dict[str, str] | None = None
) -> Problem:
    """Make an error that a person may meet: its page says it in their language, programs are told in English."""
    words = [detail, *([advice] if advice else [])]
    english = [str(one(voice("en"))).removesuffix(".").replace(NBSP, " ") for one in words]
    problem = Problem(status, english[0], "".join(english[1:]), links)
    problem.words = words
    return problem


ErrorPage = Callable[[Request, Problem], str]


def install(app: FastAPI, page: ErrorPage) -> None:
    """Answer every error of the app; `page` writes the HTML form for addresses outside the API."""

    def answer(request: Request, error: Exception) -> Response:
        problem = as_problem(error)
        if problem.status == 405:
            problem.headers["Allow"] = ", ".join(_allowed(request))
        if problem.status >= 500:
            _log(request, error, problem)
        response = answer_of(request, problem, page)
        response.raw_headers = secured(response.raw_headers, request.scope)
        return response

    # What the database raises is answered further in than what nobody expected, which the server logs a second time.
    for kind in (HTTPException, RequestValidationError, ShirubeError, Problem, SQLAlchemyError, Exception):
        app.add_exception_handler(kind, answer)


def _log(request: Request, error: Exception, problem: Problem) -> None:
    """Log a failure with where it happened; one that was to be expected, or is of a database away, in one line."""
    told = {"route": route_of(request.scope), "method": request.method, "status": problem.status}
    told |= {"request_id": request_id(request.scope)}
    if error is problem or is_away(error):
        log.warning("request_failed", extra={**told, "reason": problem.detail})
    else:
        log.error("request_failed", exc_info=error, extra=told)


def answer_of(request: Request, problem: Problem, page: ErrorPage) -> Response:
    """Write a problem down as its address asks: as JSON or as a page."""
    response = json_answer(request, problem) if wants_json(request) else html_answer(request, problem, page)
    response.headers.update(problem.headers)
    return response


def as_problem(error: Exception) -> Problem:
    """Turn any exception into the error that is shown; an unexpected one shows nothing of itself."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return _validation(error)
    if isinstance(error, HTTPException):
        return _http(error)
    if isinstance(error, ShirubeError):
        return Problem(_status(error), error.message, error.advice)
    if is_away(error):
        return _away()
    return for_readers(
        500,
        lambda v: v.t("The request failed inside the server."),
        lambda v: v.t("Try again; the operator finds it by the request id."),
    )


def _away() -> Problem:
    """Say that the database does not answer, such as while its server starts anew."""
    problem = for_readers(
        503,
        lambda v: v.t("The database does not answer now."),
        lambda v: v.t("Try again in a few seconds."),
    )
    problem.headers["Retry-After"] = RETRY_SECONDS
    return problem


def _status(error: ShirubeError) -> int:
    for kind, status in ((NotFoundError, 404), (UsageError, 422), (RefusedError, 409)):
        if isinstance(error, kind):
            return status
    return 500


def _allowed(request: Request) -> list[str]:
    """List the methods that any route of the address takes; HEAD goes where GET does."""

    def taken(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)

    found = [method for method in ("GET", "POST", "PUT", "PATCH", "DELETE") if taken(method)]
    return [*found[:1], "HEAD", *found[1:]] if "GET" in found else found


def _validation(error: RequestValidationError) -> Problem:
    problem = for_readers(422, lambda v: v.t("Some parameters cannot be meant as written."))
    problem.errors = [
        {"parameter": ".".join(str(part) for part in one["loc"][1:]), "detail": str(one["msg"])}
        for one in error.errors()
    ]
    return problem


def _http(error: HTTPException) -> Problem:
    status = error.status_code if error.status_code in PROBLEMS else (400 if error.status_code < 500 else 503)
    problem = Problem(status, PROBLEMS[status][1])
    if status == 404:
        problem = for_readers(404, lambda v: v.t("Nothing is stored under this address."))
    problem.headers = dict(error.headers or {})
    return problem


def wants_json(request: Request) -> bool:
    """Tell whether an address belongs to the API, so that its errors are for machines."""
    return for_machines(request.url.path)


def for_machines(path: str) -> bool:
    """Tell whether errors under a path are problem documents and no pages."""
    return path == "/api" or path.startswith("/api/") or path in PROBES or path == "/mcp"


def json_answer(request: Request, problem: Problem) -> Response:
    """Write a problem as RFC 9457 has it, with the members `advice`, `errors`, `links` and `request_id` of our own."""
    kind, title = PROBLEMS[problem.status]
    body: ProblemJson = {
        "type": PROBLEM_TYPES + kind,
        "title": title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.url.path,
        "request_id": request_id(request.scope),
    }
    if problem.advice:
        body["advice"] = problem.advice
    if problem.errors:
        body["errors"] = problem.errors
    if problem.links:
        body["links"] = problem.links
    return Response(msgspec.json.encode(body), problem.status, media_type=MEDIA_TYPE)


def html_answer(request: Request, problem: Problem, page: ErrorPage) -> Response:
    """Write a problem as a page of the site."""
    return Response(page(request, problem), problem.status, media_type="text/html")
