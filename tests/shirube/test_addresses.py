"""The public address: one way of writing it, whatever an operator wrote."""

from urllib.parse import urlsplit

from hypothesis import example, given
from hypothesis import strategies as st

from shirube.addresses import public_address

HOSTS = st.text(alphabet="aZ9-.*ß日本é[:]@?#% \t/", max_size=20)


@given(
    st.text()
    | st.builds("{}{}{}".format, st.sampled_from(["http://", "HTTPS://"]), HOSTS, st.sampled_from(["", ":8", "/a/"]))
)
@example("https://[fe80::1%eth0]")
@example("https://papers.example:")
@example("https://*")
def test_an_address_that_is_taken_begins_links_that_mail_and_web_can_carry(text: str) -> None:
    try:
        taken = public_address(text)
    except ValueError:
        return
    parts = urlsplit(taken)
    assert taken.isascii()
    assert not taken.endswith("/")
    assert parts.scheme in ("http", "https")
    assert parts.hostname not in (None, "", "*")
    assert parts.netloc == parts.netloc.lower()
    assert (parts.username, parts.query, parts.fragment) == (None, "", "")
    assert parts.port is None or parts.port >= 0
    assert public_address(taken) == taken
