"""Keys as texts: made, read, masked."""

import pytest

from core.apikeys import SCOPES, holds_key, make_key, read_key, without_keys


def test_a_key_reads_as_itself_and_no_two_are_alike() -> None:
    made = [make_key() for _ in range(50)]
    assert [read_key(one.text) for one in made] == made
    assert len({one.hash for one in made}) == len({one.prefix for one in made}) == 50


def test_a_key_holds_256_random_bits_and_its_repr_does_not_show_them() -> None:
    made = make_key()
    assert len(made.text) == len("shk_") + 8 + 1 + 43
    assert made.text not in repr(made)
    assert made.text[13:] not in made.hash


@pytest.mark.parametrize(
    "text", ["", "shk_", "shk_00000000_", "a" * 56, "shk_0000000g_" + "a" * 43, "shk_00000000_" + "é" * 43]
)
def test_another_text_is_no_key(text: str) -> None:
    assert read_key(text) is None
    assert not holds_key(text)


def test_a_key_with_more_around_it_is_no_key_but_is_found_and_masked() -> None:
    made = make_key()
    text = f"GET /?key={made.text}&x={made.text} HTTP/1.1"
    assert read_key(made.text + "\n") is None
    assert read_key(" " + made.text) is None
    assert holds_key(text)
    assert without_keys(text) == f"GET /?key=shk_{made.prefix}_(secret)&x=shk_{made.prefix}_(secret) HTTP/1.1"


def test_scopes_are_few_and_say_what_they_allow() -> None:
    assert set(SCOPES) == {"subscriptions:write", "feedback:write", "feedback:read"}
    assert all(SCOPES.values())
