"""Where a reader is on the road: one stage, chosen once, remembered in a cookie and nowhere else."""

from collections.abc import Mapping

from fastapi import Response

from api.errors import for_readers
from api.options import AppOptions
from core.text import clean
from roadmap.model import Roadmap

COOKIE = "place"
A_YEAR = 31_536_000  # seconds


def place_in(cookies: Mapping[str, str], roadmap: Roadmap) -> int | None:
    """Read a reader's stage from their cookies; None where none is chosen, or one that the road no longer has."""
    number = cookies.get(COOKIE, "")
    return next((stage.number for stage in roadmap.stages if str(stage.number) == number), None)


def asked_place(given: str, roadmap: Roadmap) -> int | None:
    """Read a choice of the form: the number of a stage, or "" for none; raises Problem 422 for anything else."""
    number = place_in({COOKIE: given}, roadmap)
    if given and number is None:
        name, last = clean(given[:20]), str(len(roadmap.stages))
        raise for_readers(
            422,
            lambda v: v.t("There is no stage %(number)s.", number=name),
            lambda v: v.t("Choose one of the %(last)s stages, or none.", last=last),
        )
    return number


def remember_place(response: Response, options: AppOptions, number: int | None) -> None:
    """Keep the choice for a year, or forget it; scripts and other sites never see it."""
    response.set_cookie(
        COOKIE,
        "" if number is None else str(number),
        max_age=0 if number is None else A_YEAR,
        path=f"{options.root}/",
        secure=options.secure,
        httponly=True,
        samesite="lax",
    )
