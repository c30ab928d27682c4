"""What readers are told of a topic, a lab or a stage that the road does not have, on pages and in feeds."""

from api.errors import Problem, for_readers
from core.text import clean
from roadmap.model import Roadmap

LONGEST = 100  # characters of a name that are repeated


def no_topic(key: str) -> Problem:
    """Make the error for a topic that the road does not have."""
    name = clean(key[:LONGEST])
    return for_readers(
        404,
        lambda v: v.t("There is no topic %(key)s.", key=name),
        lambda v: v.t("Each stage’s page lists its topics."),
    )


def no_lab(key: str, roadmap: Roadmap) -> Problem:
    """Make the error for a lab that the road does not follow."""
    name, labs = clean(key[:LONGEST]), list(roadmap.labs)
    return for_readers(
        404,
        lambda v: v.t("There is no lab %(key)s.", key=name),
        lambda v: v.t("The labs are %(labs)s.", labs=v.join(labs)),
    )


def no_stage(number: str, roadmap: Roadmap) -> Problem:
    """Make the error for a stage that the road does not have."""
    name, last = clean(number[:LONGEST]), str(len(roadmap.stages))
    return for_readers(
        404,
        lambda v: v.t("There is no stage %(number)s.", number=name),
        lambda v: v.t("The stages are 1 to %(last)s.", last=last),
    )
