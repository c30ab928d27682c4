"""Settings: where they come from, what is refused and with which advice, what is never shown."""

import os
import re
from pathlib import Path

import pytest

from core.errors import ConfigError
from shirube.settings import Settings, load_settings, shown
from shirube.wiring import Wiring

SECRETS = ("database_url", "smtp_url", "secret_key", "webhook_url", "webhook_secret", "llm_key")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stand in an empty folder without any setting."""
    for name in [name for name in os.environ if name.startswith("SHIRUBE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_without_any_setting_the_defaults_hold() -> None:
    found = load_settings()
    assert (found.closing_day, found.arxiv_delay_seconds, found.log_format) == (5, 3.0, "console")
    assert found.arxiv_url == "https://export.arxiv.org"
    assert found.allow_private_hosts == ()
    assert "cs.CL" in found.categories


def test_the_environment_beats_the_file_and_the_file_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("shirube.toml").write_text(
        'closing_day = 9\ncontact = "a@example.org"\n[lab_feeds]\nqwen = "https://q.example/f"\n'
    )
    monkeypatch.setenv("SHIRUBE_CLOSING_DAY", "7")
    found = load_settings()
    assert (found.closing_day, found.contact) == (7, "a@example.org")
    assert found.lab_feeds == {"qwen": "https://q.example/f"}


@pytest.mark.parametrize("name", [*SECRETS, "contact"])
def test_a_setting_may_stand_in_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    Path("secret").write_text("smtp://user:pass@host\n")
    monkeypatch.setenv(f"SHIRUBE_{name.upper()}_FILE", "secret")
    value = getattr(load_settings(), name)
    assert (value if isinstance(value, str) else value.get_secret_value()) == "smtp://user:pass@host"


@pytest.mark.parametrize("name", [*SECRETS, "contact", "metrics_token"])
def test_what_an_editor_puts_around_a_value_in_a_file_is_no_part_of_it(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    Path("secret").write_bytes(b"\xef\xbb\xbf \tsmtp://user:pass@host \r\n\r\n")
    monkeypatch.setenv(f"SHIRUBE_{name.upper()}_FILE", "secret")
    value = getattr(load_settings(), name)
    assert (value if isinstance(value, str) else value.get_secret_value()) == "smtp://user:pass@host"


def test_keys_of_a_file_with_a_byte_order_mark_read_the_links_they_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text("the first key\r\nthe second key\r\n", encoding="utf-8-sig")
    monkeypatch.setenv("SHIRUBE_SECRET_KEY_FILE", "secret")
    assert Wiring(load_settings()).secret_keys() == ["the first key", "the second key"]


def test_a_settings_file_may_begin_with_a_byte_order_mark() -> None:
    Path("shirube.toml").write_text("closing_day = 9\r\n", encoding="utf-8-sig")
    assert load_settings().closing_day == 9
    Path("shirube.toml").write_text("closing_day = 31\r\n", encoding="utf-8-sig")
    assert refused().startswith(f"Settings are wrong: closing_day in {Path('shirube.toml').resolve()} should be")


def test_an_empty_file_named_for_a_setting_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text("\ufeff \n")
    monkeypatch.setenv("SHIRUBE_DATABASE_URL_FILE", "secret")
    with pytest.raises(ConfigError, match="SHIRUBE_DATABASE_URL_FILE names a file that holds nothing"):
        load_settings()


def test_the_variable_itself_beats_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text("of the file")
    monkeypatch.setenv("SHIRUBE_SECRET_KEY_FILE", "secret")
    monkeypatch.setenv("SHIRUBE_SECRET_KEY", "of the variable")
    key = load_settings().secret_key
    assert key is not None
    assert key.get_secret_value() == "of the variable"


def test_a_file_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIRUBE_SECRET_KEY_FILE", "nowhere")
    with pytest.raises(ConfigError, match="SHIRUBE_SECRET_KEY_FILE"):
        load_settings()


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_an_empty_variable_or_key_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Files of variables, as containers and services read them, hold lines such as `SHIRUBE_CONTACT=`."""
    default = load_settings()
    monkeypatch.setenv(f"SHIRUBE_{name.upper()}", "")
    monkeypatch.setenv(f"SHIRUBE_{name.upper()}_FILE", "")
    assert load_settings() == default
    Path("shirube.toml").write_text(f'{name} = ""\n')
    assert load_settings() == default


def test_an_empty_variable_leaves_the_setting_to_the_places_after_it(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text("of the secret file")
    Path("shirube.toml").write_text('contact = "of the file"\nclosing_day = 31\n')
    for name in ("CONTACT", "SECRET_KEY", "CLOSING_DAY"):
        monkeypatch.setenv(f"SHIRUBE_{name}", "")
    monkeypatch.setenv("SHIRUBE_SECRET_KEY_FILE", "secret")
    assert refused().startswith(f"Settings are wrong: closing_day in {Path('shirube.toml').resolve()} should be")
    monkeypatch.setenv("SHIRUBE_CLOSING_DAY", "7")
    found = load_settings()
    assert (found.contact, found.closing_day) == ("of the file", 7)
    assert Wiring(found).secret_keys() == ["of the secret file"]


def test_an_empty_key_that_is_no_setting_is_refused_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("shirube.toml").write_text('closing_dya = ""\n')
    assert "a key closing_dya, which is no setting" in refused()


def test_an_unknown_setting_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIRUBE_CLOSING_DYA", "7")
    with pytest.raises(ConfigError, match="SHIRUBE_CLOSING_DYA") as caught:
        load_settings()
    assert "docs/settings.md" in caught.value.advice


def refused() -> str:
    """What is said of wrong settings; the advice leads to a page, not to a command that fails alike."""
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "docs/settings.md" in caught.value.advice
    assert "Value error" not in caught.value.message
    assert "Input" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("name", [name for name in Settings.model_fields if name != "log_format"])
def test_every_setting_of_the_wrong_kind_is_told_in_words_with_an_example(name: str) -> None:
    Path("shirube.toml").write_text(f"{name} = 1979-05-27\n")
    said = refused()
    assert re.fullmatch(rf"Settings are wrong: {name} in \S+ should be [a-z' ]+, such as \S.*", said), said
    assert not re.search(r"None|Path|class", said)


def test_an_unknown_key_of_the_file_is_refused() -> None:
    Path("shirube.toml").write_text("closing_dya = 7\nshirube_contact = 'you@example.org'\n")
    said = refused()
    assert f"{Path('shirube.toml').resolve()} has a key closing_dya, which is no setting" in said
    assert "a key shirube_contact, which is no setting; here it is called contact" in said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("closing_day", "soon", " should be a whole number, such as 5"),
     ("closing_day", "31", " should be less than or equal to 28, such as 5"),
     ("log_format", "xml", " should be 'console' or 'json', such as console"),
     ("trusted_proxies", "127.0.0.1", ' is no JSON; write it as ["127.0.0.1", "10.0.0.0/8"]'),
     ("trusted_proxies", '["proxy"]', ": 'proxy' does not appear to be an IPv4 or IPv6 network"),
     ("lab_feeds", '["qwen"]', ' should be a table, such as {"qwen": "https://example.org/feed.xml"}'),
     ("rate_limits", '{"read": 5}', ' read should be a text, such as {"search": "30/minute"}'),
     ("metrics_token", "hush", ": holds 4 characters; give it at least 16"),
     ("llm_url", "https://host/v1", ": SHIRUBE_LLM_URL is set, so a model must be named; or leave both out")],
)  # fmt: skip
def test_a_wrong_value_is_told_by_its_place_with_an_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"SHIRUBE_{name.upper()}", value)
    place = "SHIRUBE_LLM_MODEL" if name == "llm_url" else f"SHIRUBE_{name.upper()}"
    assert refused() == f"Settings are wrong: {place}{said}"


def test_a_wrong_value_of_a_file_is_told_by_that_file(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("secret").write_text("hush")
    monkeypatch.setenv("SHIRUBE_METRICS_TOKEN_FILE", "secret")
    monkeypatch.setenv("SHIRUBE_CLOSING_DAY", "31")
    Path("shirube.toml").write_text("closing_day = 30\nallowed_hosts = 'x'\nrate_limits = ['x']\n")
    said = refused()
    assert "; SHIRUBE_METRICS_TOKEN_FILE: holds 4 characters" in said
    assert "SHIRUBE_CLOSING_DAY should be" in said
    file = Path("shirube.toml").resolve()
    assert f'allowed_hosts in {file} should be a list, such as ["papers.example"]' in said
    assert f'rate_limits in {file} should be a table, such as {{search = "30/minute"}}' in said
    assert "hush" not in said


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [("allowed_hosts", '["https://p.example"]', "'https://p.example' is no name of a host; write it as papers.example"),
     ("allowed_hosts", '["bücher.example"]', "'bücher.example' is no name of a host"),
     ("mail_from", "nobody", "@"),
     ("reply_to", "x", "Write it as name@example.org"),
     ("rate_limits", '{"nope": "x"}', "There is no limit on nope. Limits are on read"),
     ("rate_limits", '{"read": "many"}', "'many', cannot be read"),
     ("secret_key", " \n", "holds no key"),
     ("arxiv_delay_seconds", "inf", "should be a finite number, such as 3.0"),
     ("arxiv_delay_seconds", "nan", "should be"),
     ("smtp_url", "smtp://host:abc", ": is no address. Write smtp://user:password@host:587"),
     ("smtp_url", "smtp://host:99999", ": is no address."),
     ("smtp_url", "http://host", ": is no address."),
     ("smtp_url", "smtp://host?starttls=maybe", ": starttls is neither required nor never. Write smtp://"),
     ("smtp_url", "smtp://me:hush@host?starttls=never", ": would send a password in the clear. Use starttls=required"),
     ("base_url", "https://papers.example/a b", "is no http address; write https://host/path"),
     ("base_url", "https://papers.example/a?x=1", "'https://papers.example/a?x=1' has a ? or #; write https://host/path"),
     ("base_url", "https://papers.example/#top", "has a ? or #; write https://host/path"),
     ("base_url", "https://me:hush@papers.example", "holds a user before the host, which every reader would see"),
     ("base_url", "https://me:hush@[::1", "holds a user before the host, which every reader would see"),
     ("base_url", "https://[::1", "'https://[::1' is no http address; write https://host/path"),
     ("base_url", "https://:443", "is no http address; write https://host/path"),
     ("base_url", "https:///road", "is no http address; write https://host/path"),
     ("base_url", "https://papers.example:99999", "is no http address; write https://host/path"),
     ("base_url", "https://papers..example", "is no http address; write https://host/path"),
     ("base_url", "https://straße.example", "has letters of which a host is made in two ways; write it as xn--"),
     ("base_url", "https://papers.example/論文", "has letters in its path that mail cannot carry; write it in ASCII"),
     ("llm_url", "https://papers.example/v1\nx", "is no http address; write https://host/path"),
     ("embedding_model", " ", "is empty; leave it out, or name one, such as all-MiniLM-L6-v2")],
)  # fmt: skip
def test_what_no_part_of_the_program_could_use_is_refused_at_once(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"SHIRUBE_{name.upper()}", value)
    told = refused()
    assert told.startswith(f"Settings are wrong: SHIRUBE_{name.upper()}")
    assert said in told
    assert "hush" not in told


@pytest.mark.parametrize(
    ("key", "should"),
    [("closing_day", "a whole number, such as 5"), ("arxiv_delay_seconds", "a number, such as 3.0"),
     ("mail_pause_seconds", "a number, such as 1.0")],
)  # fmt: skip
@pytest.mark.parametrize("value", ["true", "false"])
def test_yes_and_no_are_no_numbers(key: str, should: str, value: str) -> None:
    Path("shirube.toml").write_text(f"{key} = {value}\n")
    assert refused() == f"Settings are wrong: {key} in {Path('shirube.toml').resolve()} should be {should}"


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [("allowed_hosts", '["*"]', ["*"]),
     ("allowed_hosts", '["papers.example", "127.0.0.1", "[::1]", "xn--bcher-kva.example.", "p.example:8000"]',
      ["papers.example", "127.0.0.1", "[::1]", "xn--bcher-kva.example.", "p.example:8000"]),
     ("mail_from", "Shirube <digest@road.example>", "Shirube <digest@road.example>"),
     ("rate_limits", '{"bulk": ""}', {"bulk": ""}), ("base_url", "https://papers.example", "https://papers.example"),
     ("base_url", "http://127.0.0.1:8000/road/", "http://127.0.0.1:8000/road"),
     ("base_url", "HTTPS://Papers.Example/Road", "https://papers.example/Road"),
     ("base_url", "https://日本.example:8443/road", "https://xn--wgv71a.example:8443/road"),
     ("base_url", "http://[::1]:8000", "http://[::1]:8000"),
     ("pwc_url", "https://host/v1?key=x", "https://host/v1?key=x")],
)  # fmt: skip
def test_what_works_is_taken(monkeypatch: pytest.MonkeyPatch, name: str, value: str, taken: object) -> None:
    monkeypatch.setenv(f"SHIRUBE_{name.upper()}", value)
    found = getattr(load_settings(), name)
    assert (list(found) if isinstance(taken, list) else found) == taken


def test_all_wrong_values_are_listed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = {
        "SHIRUBE_CLOSING_DAY": "31",
        "SHIRUBE_ARXIV_URL": "export.arxiv.org",
        "SHIRUBE_CATEGORIES": "cs.CL 42",
        "SHIRUBE_ARXIV_DELAY_SECONDS": "-1",
        "SHIRUBE_LOG_FORMAT": "xml",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert all(name in caught.value.message for name in wrong)


@pytest.mark.parametrize("name", ["SHIRUBE_LAB_FEEDS", "SHIRUBE_ALLOW_PRIVATE_HOSTS"])
def test_lists_that_are_no_json_are_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "qwen: https://q.example")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert "JSON" in str(caught.value)


def test_a_toml_file_that_is_none_is_refused() -> None:
    Path("shirube.toml").write_text("closing_day = = 7")
    assert refused() == f"{Path('shirube.toml').resolve()} is no TOML: Invalid value (at line 1, column 15)"


@pytest.mark.parametrize("said", [PermissionError(13, "Permission denied", "shirube.toml"), IsADirectoryError(21, "x")])
def test_a_settings_file_that_this_user_may_not_read_is_named_with_its_folder(
    monkeypatch: pytest.MonkeyPatch, said: OSError
) -> None:
    def closed(self: object, path: Path) -> None:
        raise said

    monkeypatch.setattr("shirube.settings.SettingsFile._read_file", closed)
    Path("shirube.toml").write_text("closing_day = 9\n")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert caught.value.message == f"{Path('shirube.toml').resolve()} cannot be read: {said.strerror}"
    assert "another folder" in caught.value.advice


@pytest.mark.parametrize("variable", ["", "SHIRUBE_CONTACT_FILE"])
def test_a_file_that_is_no_text_is_named(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    Path("secret" if variable else "shirube.toml").write_bytes(b"contact = '\xff'")
    if variable:
        monkeypatch.setenv(variable, "secret")
    with pytest.raises(ConfigError, match=variable or "shirube.toml is no text in UTF-8"):
        load_settings()


@pytest.mark.parametrize("text", ["cs.CL stat.ML", "cs.CL,stat.ML", " cs.CL,  stat.ML ", "cs.CL\nstat.ML"])
def test_categories_are_parted_by_spaces_and_commas(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SHIRUBE_CATEGORIES", text)
    assert load_settings().categories == ("cs.CL", "stat.ML")


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SECRETS:
        monkeypatch.setenv(f"SHIRUBE_{name.upper()}", "smtp://me:hush@hush.db")
    settings = load_settings()
    lines = shown(settings)
    assert {name: lines[f"SHIRUBE_{name.upper()}"] for name in SECRETS} == dict.fromkeys(SECRETS, "******")
    assert "hush" not in repr(settings) + str(lines)
    assert len(lines) == len(Settings.model_fields)


def test_a_wrong_secret_is_not_quoted_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIRUBE_CLOSING_DAY", "hush")
    monkeypatch.setenv("SHIRUBE_LLM_URL", "hush")
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert caught.value.__cause__ is None
    assert "SHIRUBE_CLOSING_DAY" in caught.value.message


def test_addresses_lose_their_last_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIRUBE_BASE_URL", "https://road.example/")
    assert load_settings().base_url == "https://road.example"
