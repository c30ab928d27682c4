"""What is typed at the sign-up page: one plain address or a clear refusal, and answers that are never lost."""

import smtplib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.delivery import Sent
from digest.delivery.smtp import SmtpDelivery
from digest.letters import Letter, write_letter
from digest.subscriptions import AddressError, Wrong, hashes, normalise
from digest.wishes import read_answers
from roadmap.model import Roadmap
from tests.digest.mail import NOW, SENDER, message
from tests.digest.test_smtp import serving

HOSTILE = [
    ("", Wrong.MISSING),
    ("   ", Wrong.MISSING),
    ("reader@example.org\r\nBcc: all@example.org", Wrong.CONTROL),
    ("reader@example.org>\r\nRCPT TO:<x@example.org", Wrong.CONTROL),
    ("reader@example.org\r\n", Wrong.CONTROL),
    ("reader@example.org\x00", Wrong.CONTROL),
    ("reader%0aBcc:x@example.org", Wrong.CONTROL),
    ("reader@exam\u2028ple.org", Wrong.CONTROL),
    ("r" * 320 + "@example.org", Wrong.LONG),
    ("a@example.org, b@example.org", Wrong.SEVERAL),
    ("a@example.org;b@example.org", Wrong.SEVERAL),
    ("Reader <reader@example.org>", Wrong.SEVERAL),
    ("a@b@example.org", Wrong.SEVERAL),
    ('"a b"@example.org', Wrong.QUOTED),
    ("a\\b@example.org", Wrong.QUOTED),
    ("reader.example.org", Wrong.NO_AT),
    ("読者@example.org", Wrong.FOREIGN),
    ("r" * 65 + "@example.org", Wrong.LONG),
    ("reader@localhost", Wrong.FORM),
    ("reader@[127.0.0.1]", Wrong.FORM),
    (".reader@example.org", Wrong.FORM),
    ("reader@example..org", Wrong.FORM),
    ("a b@example.org", Wrong.FORM),
    ("=?utf-8?q?x?=@example.org", Wrong.FORM),
    ("=?iso-2022-jp?b?GyRC?=@example.org", Wrong.FORM),
]


@pytest.mark.parametrize(("text", "wrong"), HOSTILE)
def test_what_is_no_address_is_refused_and_named(text: str, wrong: Wrong, roadmap: Roadmap) -> None:
    with pytest.raises(AddressError) as caught:
        normalise(text)
    assert caught.value.wrong is wrong
    assert len(caught.value.message) < 500
    answers = read_answers({"email": [text], "lang": ["ja"]}, roadmap)
    assert [fault.field for fault in answers.faults] == ["email"]
    assert (answers.address, answers.wanted.email) == (None, "")


_ATOMS = st.lists(st.sampled_from(["=?", "?=", "?", "=", "utf-8", "q", "b", "x", "_", ".", "'", "#"]), max_size=12)


@given(
    st.text(max_size=400)
    | st.from_regex(r"[a-z.+\r\n\x00,;<>\"%@ ]{1,40}@example\.org", fullmatch=True)
    | _ATOMS.map(lambda parts: "".join(parts) + "@example.org")
)
def test_what_is_taken_is_one_plain_address(text: str) -> None:
    try:
        address = normalise(text)
    except AddressError:
        return
    assert address.email.isascii()
    assert address.email.isprintable()
    assert len(address.email) <= 254
    assert not set(address.email) & set(' ,;<>"\\')
    assert address.email.count("@") == 1
    assert normalise(address.email).key == address.key == address.key.casefold()
    assert f"To: {address.email}\r\n".encode() in message(recipient=address.email).as_bytes()


def test_host_names_may_be_international() -> None:
    assert normalise("reader@例え.jp").email == "reader@xn--r8jz45g.jp"


def test_variants_share_a_mailbox_and_are_not_one_person() -> None:
    variants = ["reader@example.org", "Rea.Der@example.org", "reader+shirube@EXAMPLE.org", "r.e.ader+x+y@example.org"]
    assert {normalise(one).mailbox for one in variants} == {"reader@example.org"}
    assert len({normalise(one).key for one in variants}) == 4
    assert normalise("reader@example.com").mailbox != normalise("reader@example.org").mailbox


def test_a_hash_depends_on_use_and_key() -> None:
    first = hashes(["old", "new"], "place", "192.0.2.1")
    assert len({*first, *hashes(["old", "new"], "mailbox", "192.0.2.1")}) == 4
    assert hashes(["old"], "place", "192.0.2.1") == first[1:]


ACCEPTED_BUT_ODD = ["reader+o'neil@example.org", "a=b!c#d$e&f*g/h?i^j_k`l{m|n}o~p@example.org", "reader@例え.jp"]


@pytest.mark.parametrize("text", ACCEPTED_BUT_ODD)
def test_an_odd_address_is_one_recipient_on_the_wire(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[bytes] = []
    plain = smtplib.SMTP.send

    def listening(self: smtplib.SMTP, content: Any) -> None:
        said.append(content if isinstance(content, bytes) else content.encode())
        plain(self, content)

    monkeypatch.setattr(smtplib.SMTP, "send", listening)
    email = normalise(text).email
    letter = Letter("confirm", email, "ja", "https://road.example/s/x/confirm?lang=ja", "signup.a@shirube.example.org")
    with serving() as (url, handler):
        delivery = SmtpDelivery(url, timeout=5)
        assert delivery.deliver(write_letter(letter, SENDER, NOW), email, lambda: None) == Sent()
        delivery.close()
    commands = b"".join(said).partition(b"Subject:")[0].lower()
    assert commands.count(b"rcpt to:") == 1
    assert handler.envelopes[0].rcpt_tos == [email]
    head = handler.envelopes[0].content.partition(b"\r\n\r\n")[0]
    assert sorted(line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))) == [
        *(b"Auto-Submitted", b"Content-Type", b"Date", b"From", b"MIME-Version"),
        *(b"Message-ID", b"Reply-To", b"Subject", b"To"),
    ]


# The form


def test_a_form_filled_in_well_is_what_was_meant(roadmap: Roadmap) -> None:
    lab, topic = next(iter(roadmap.labs)), next(iter(roadmap.topics))
    given = {"email": ["r@example.org"], "lang": ["ja"], "stages": ["5", "3", "5"], "minutes": ["30"]}
    answers = read_answers({**given, "labs": [lab], "topics": [topic, topic]}, roadmap)
    assert answers.faults == ()
    wanted = answers.wanted
    assert (wanted.email, wanted.lang, wanted.stages, wanted.minutes) == ("r@example.org", "ja", (3, 5), 30)
    assert (wanted.labs, wanted.topics) == ((lab,), (topic,))


def test_nothing_chosen_is_everything_in_the_first_language(roadmap: Roadmap) -> None:
    answers = read_answers({"email": ["r@example.org"], "minutes": [""]}, roadmap)
    assert answers.faults == ()
    assert (answers.wanted.lang, answers.wanted.stages, answers.wanted.minutes) == ("en", (), None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("stages", text) for text in ("9", "0", "-1", "x", "5\r\nX: y", "5 OR 1=1", "٥")),
        *(("minutes", text) for text in ("31", "-30", "9" * 400, "NaN")),
        *(("lang", text) for text in ("xx", "", "en\r\nBcc: x")),
        *(("topics", text) for text in ("", "<script>", "rag\x00")),
        ("labs", "nobody"),
    ],
)
def test_a_wrong_answer_is_named_and_every_answer_is_kept(field: str, value: str, roadmap: Roadmap) -> None:
    given = {"email": ["r@example.org"], "stages": ["5"], "lang": ["ja"], "minutes": ["90"], field: [value]}
    answers = read_answers(given, roadmap)
    assert [fault.field for fault in answers.faults] == [field]
    assert answers.fault(field) is not None
    assert {name: list(texts) for name, texts in answers.given.items()} == given
    assert answers.has(field, value)
    assert answers.text("email") == "r@example.org"


def test_several_addresses_in_one_form_are_refused(roadmap: Roadmap) -> None:
    answers = read_answers({"email": ["a@example.org", "b@example.org"]}, roadmap)
    assert [fault.field for fault in answers.faults] == ["email"]


def test_a_reading_time_the_operator_gave_may_stay(roadmap: Roadmap) -> None:
    given = {"lang": ["en"], "minutes": ["45"]}
    assert read_answers(given, roadmap, with_address=False, keep=45).wanted.minutes == 45
    assert read_answers(given, roadmap, with_address=False).faults[0].field == "minutes"
