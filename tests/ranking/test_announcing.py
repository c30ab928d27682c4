"""What announces: the sentence that makes what the title names, and what the authors' thing does."""

import pytest

from ranking.openers import without
from ranking.summary import extract


@pytest.mark.parametrize(
    "step",
    [
        "We then introduce BrassHeron, a heron that casts itself.",
        "Specifically, we present BrassHeron, a heron that casts itself.",
        "Building on this mould, we build a flock, named BrassHeron, of brass alone.",
        "We release BrassHeron, an open heron that casts itself anew.",
        "We instantiate our idea as BrassHeron, a heron that casts itself.",
    ],
)
def test_what_makes_what_the_title_names_is_taken_though_it_is_a_step(step: str) -> None:
    says = "To test our heron, we construct forty quiet ponds of tin."
    assert extract(f"{says} {step}", "BrassHeron: Casting without a Mould") == without(step)
    assert extract(f"{says} {step}", "Casting without a Mould") == says


@pytest.mark.parametrize(
    "about",
    [
        "Then, to train BrassHeron, we build forty quiet ponds of tin.",
        "We then introduce a pond of tin for BrassHeron.",
        "We then propose a method that outlives BrassHeron.",
        "We then introduce BrassHeronPond, a pond of tin.",
        "We release BrassHeron at https://heron.example for ponds.",
    ],
)
def test_what_is_made_for_what_the_title_names_is_a_step(about: str) -> None:
    says = "In this work, we study herons that cast themselves in quiet ponds."
    assert extract(f"{says} {about}", "BrassHeron: Casting without a Mould") == says


@pytest.mark.parametrize(
    "works",
    [
        "Our method, Brass Heron Casting (BHC), leverages what has long been known of iron.",
        "The proposed framework combines brass with iron and no tin.",
        "BrassHeron is the first heron that casts itself in ponds.",
        "BrassHeron (BH) directly addresses rust by casting brass.",
        "In this work, we view rust as an ally of brass herons.",
        "We instead treat rust as an ally that herons live with.",
    ],
)
def test_what_the_authors_thing_does_announces_where_nothing_else_does(works: str) -> None:
    title = "BrassHeron: Casting without a Mould"
    assert extract(f"Casting without a mould has long been difficult. {works}", title) == works
    says = "In this work, we study herons that cast themselves in quiet ponds."
    assert extract(f"{works} {says}", title) == says


def test_what_the_authors_thing_gains_announces_nothing() -> None:
    gains = "Our heron model outlives four of iron."
    assert extract(f"Casting has long been difficult. {gains}") == "Casting has long been difficult."
