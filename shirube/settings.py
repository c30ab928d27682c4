"""Settings: environment SHIRUBE_*, then shirube.toml, then the defaults; every secret also as SHIRUBE_*_FILE."""

import json
import os
import re
import tomllib
from importlib.resources.abc import Traversable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from core.errors import ConfigError
from shirube.addresses import HOST, public_address
from shirube.setting_faults import ADVICE, FILE, PREFIX, closed, unreadable, wrong_values

_URL = re.compile(r"https?://[^/?#\s]+([/?#]\S*)?")
# Read by tests or by tools around the program, not settings of it.
_FOREIGN = {"SHIRUBE_TEST_POSTGRES_URL"}
SHORTEST_TOKEN = 16  # characters


class Settings(BaseSettings):
    """Everything an operator may set; names and defaults are part of the contract (docs/settings)."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, toml_file=FILE, extra="forbid", frozen=True
    )

    data_dir: Path = Path("var")
    database_url: SecretStr | None = Field(None, examples=["postgresql://shirube@localhost/shirube"])
    base_url: str | None = Field(None, examples=["https://papers.example"])
    contact: str | None = Field(None, examples=["you@example.org"])
    categories: Annotated[tuple[str, ...], NoDecode] = (
        *("cs.AI", "cs.CL", "cs.CV", "cs.LG", "cs.MA", "cs.NE", "cs.RO", "cs.SD", "cs.IR"),
        *("stat.ML", "eess.AS", "math.OC"),
    )
    closing_day: int = Field(5, ge=1, le=28)
    roadmap_dir: Path | None = Field(None, examples=["roads/mine"])
    arxiv_url: str = "https://export.arxiv.org"
    oai_url: str = "https://oaipmh.arxiv.org/oai"
    arxiv_rss_url: str = "https://rss.arxiv.org/rss"
    hf_url: str = "https://huggingface.co"
    pwc_url: str = "https://paperswithcode.co/api/v1"
    lab_feeds: dict[str, str] = Field(default_factory=dict, examples=[{"qwen": "https://example.org/feed.xml"}])
    arxiv_delay_seconds: float = Field(3.0, ge=0, allow_inf_nan=False)
    allow_private_hosts: tuple[str, ...] = Field((), examples=[["127.0.0.1:8080"]])
    trusted_proxies: tuple[str, ...] = Field((), examples=[["127.0.0.1", "10.0.0.0/8"]])
    allowed_hosts: tuple[str, ...] = Field((), examples=[["papers.example"]])
    rate_limits: dict[str, str] = Field(default_factory=dict, examples=[{"search": "30/minute"}])
    embedding_model: str = "all-MiniLM-L6-v2"
    smtp_url: SecretStr | None = Field(None, examples=["smtps://mail.example.org"])
    mail_from: str | None = Field(None, examples=["digest@example.org"])
    reply_to: str | None = Field(None, examples=["you@example.org"])
    mail_pause_seconds: float = Field(1.0, ge=0, le=60, allow_inf_nan=False)
    mail_unknown: Literal["resend", "hold"] = "resend"
    secret_key: SecretStr | None = Field(None, examples=["a key of your own"])
    webhook_url: SecretStr | None = Field(None, examples=["https://hooks.example.org/shirube"])
    webhook_secret: SecretStr | None = Field(None, examples=["whsec_..."])
    llm_url: str | None = Field(None, examples=["http://localhost:11434/v1"])
    llm_model: str | None = Field(None, validate_default=True, examples=["llama3.1"])
    llm_key: SecretStr | None = Field(None, examples=["the key of that service"])
    metrics_token: SecretStr | None = Field(None, examples=["at least 16 characters"])
    log_format: Literal["console", "json"] = "console"

    @model_validator(mode="before")
    @classmethod
    def _without_empty(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take an empty text for a setting that was left out, in the file as in the environment."""
        return {name: value for name, value in given.items() if value != "" or name not in cls.model_fields}

    @field_validator("categories", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return split_names(value) if isinstance(value, str) else value

    @field_validator("categories")
    @classmethod
    def _known_form(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_categories(value)

    @field_validator("closing_day", "arxiv_delay_seconds", "mail_pause_seconds", mode="before")
    @classmethod
    def _no_yes_or_no(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse what TOML calls a boolean, which Python takes for 1 or 0."""
        if isinstance(value, bool):
            raise PydanticKnownError("int_type" if info.field_name == "closing_day" else "float_type")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ip_network(network, strict=False)  # a ValueError that names the one that is none
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _names_of_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name != "*" and not HOST.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a host; write it as papers.example")
        return value

    @field_validator("rate_limits")
    @classmethod
    def _limits(cls, value: dict[str, str]) -> dict[str, str]:
        if value:
            from api.limits import read_rules

            try:
                read_rules(value)
            except ConfigError as problem:
                raise ValueError(str(problem)) from problem
        return value

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from digest.delivery.smtp import parse_smtp_url

            try:
                parse_smtp_url(value.get_secret_value())
            except ConfigError as problem:
                said = problem.message.removeprefix("SHIRUBE_SMTP_URL").lstrip(": ")  # its place is told before it
                raise ValueError(f"{said}. {problem.advice}") from problem
        return value

    @field_validator("mail_from", "reply_to")
    @classmethod
    def _mail_address(cls, value: str | None) -> str | None:
        if value is not None:
            from digest.delivery.address import sending_address

            try:
                sending_address(value)
            except ValueError as problem:
                raise ValueError(f"is no mail address: {problem}") from problem
        return value

    @field_validator("secret_key")
    @classmethod
    def _some_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().strip():
            raise ValueError("holds no key; put it back from a backup, or leave it out: then one is made and kept")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _long_enough(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value) < SHORTEST_TOKEN:
            raise ValueError(f"holds {len(value)} characters; give it at least {SHORTEST_TOKEN}")
        return value

    @field_validator("embedding_model")
    @classmethod
    def _named(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("is empty; leave it out, or name one, such as all-MiniLM-L6-v2")
        return value

    @field_validator("arxiv_url", "oai_url", "arxiv_rss_url", "hf_url", "pwc_url", "llm_url")
    @classmethod
    def _plain_url(cls, value: str | None) -> str | None:
        if value is not None and not _URL.fullmatch(value):
            raise ValueError(f"{value!r} is no http address; write https://host/path")
        return value.rstrip("/") if value else value

    @field_validator("base_url")
    @classmethod
    def _begins_addresses(cls, value: str | None) -> str | None:
        return public_address(value) if value is not None else None

    @field_validator("llm_model")
    @classmethod
    def _named_where_asked(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value and info.data.get("llm_url"):
            raise ValueError("SHIRUBE_LLM_URL is set, so a model must be named; or leave both out")
        return value

    @property
    def database(self) -> str:
        """Give the database's URL: the one set, else SQLite in the data folder."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.data_dir / 'shirube.db').resolve()}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the places a setting may come from; an environment variable beats a file."""
        return init_settings, env_settings, SecretFiles(settings_cls), SettingsFile(settings_cls)


class SecretFiles(EnvSettingsSource):
    """Reads SHIRUBE_X_FILE: the setting X is what the file named there holds, as container platforms mount secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Give the content of the file named for one setting, without what editors put around it."""
        name = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(name)
        if not path:  # an empty variable counts as not set
            return None, field_name, False
        value = _content(name, path)
        if not value:
            raise ConfigError(f"{name} names a file that holds nothing", "Put the value back into it")
        return value, field_name, False


class SettingsFile(TomlConfigSettingsSource):
    """Reads shirube.toml, which may begin with a byte order mark, as Windows' editors write one."""

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        return tomllib.loads(file_path.read_bytes().decode("utf-8-sig"))


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig").strip()
    except OSError as problem:
        raise ConfigError(
            f"{name} names a file that cannot be read: {problem.strerror}", "Check path and rights"
        ) from problem
    except UnicodeDecodeError as problem:
        raise ConfigError(f"{name} names a file that is no text in UTF-8", "Check its path") from problem


def split_names(text: str) -> tuple[str, ...]:
    """Split names written with spaces or commas between them."""
    return tuple(re.split(r"[\s,]+", text.strip()))


def check_categories(names: tuple[str, ...]) -> tuple[str, ...]:
    """Give arXiv categories back; raises ValueError that names the first that cannot be one."""
    for name in names:
        if not re.fullmatch(r"[a-z-]+(\.[A-Za-z-]+)?", name):
            raise ValueError(f"{name!r} is no arXiv category; write them as cs.CL stat.ML")
    return names


def load_settings(**given: Any) -> Settings:
    """Read the settings; raises ConfigError that lists every wrong one and what would be right."""
    _refuse_unknown()
    try:
        return Settings(**given)
    except ValidationError as problem:
        raise wrong_values(problem, Settings.model_fields) from None
    except OSError as problem:
        raise closed(problem) from problem
    except ValueError as problem:  # unreadable TOML, JSON in a list setting, or an error of SecretFiles in a wrapping
        raise unreadable(problem, Settings.model_fields) from None


def shown(settings: Settings) -> dict[str, str]:
    """List every setting as text, secrets masked."""
    return {f"{PREFIX}{name.upper()}": _as_text(value) for name, value in settings}


def _as_text(value: Any) -> str:
    if isinstance(value, SecretStr):
        return "******"
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    return "" if value is None else str(value)


def _refuse_unknown() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known}
    strange = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known | _FOREIGN)
    if strange:
        raise ConfigError(f"Unknown setting {', '.join(strange)}", ADVICE)
