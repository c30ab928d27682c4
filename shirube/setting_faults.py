"""What is wrong with settings, in words: where each one stands, what it should be, and an example."""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import SettingsError

from core.errors import ConfigError

PREFIX = "SHIRUBE_"
FILE = "shirube.toml"
ADVICE = "Each setting and its form: docs/settings.md"
Fields = Mapping[str, FieldInfo]
# What pydantic says in its own words (https://docs.pydantic.dev/latest/errors/validation_errors/), by the error's kind.
_SHOULD = {
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "string_type": "a text",
    "path_type": "a path",
    "tuple_type": "a list",
    "dict_type": "a table",
}


def wrong_values(problem: ValidationError, fields: Fields) -> ConfigError:
    """Tell of every wrong value at once; none is repeated that may be secret."""
    told = [
        _told(error["type"], error["loc"], error["msg"], error.get("ctx", {}), fields) for error in problem.errors()
    ]
    return ConfigError("Settings are wrong: " + "; ".join(told), ADVICE)


def unreadable(problem: ValueError, fields: Fields) -> ConfigError:
    """Tell of what could not be read at all: the file, or JSON in a variable; what SecretFiles said stays as it is."""
    if isinstance(problem.__cause__, ConfigError):
        return problem.__cause__
    if isinstance(problem, tomllib.TOMLDecodeError):
        return ConfigError(f"{_file()} is no TOML: {problem}", ADVICE)
    if isinstance(problem, UnicodeDecodeError):
        return ConfigError(f"{_file()} is no text in UTF-8", ADVICE)
    named = re.search(r'field "(\w+)"', str(problem)) if isinstance(problem, SettingsError) else None
    if named is None:
        return ConfigError(f"Settings cannot be read: {problem}", ADVICE)
    example = _example(fields[named[1]], in_file=False)
    return ConfigError(f"Settings are wrong: {_place(named[1])} is no JSON; write it as {example}", ADVICE)


def closed(problem: OSError) -> ConfigError:
    """Tell of the settings' file where this user may not read it, as in another user's folder."""
    advice = "Start the program in another folder, or let this user read the file; it is looked for where one stands"
    return ConfigError(f"{_file()} cannot be read: {problem.strerror}", advice)


def _told(kind: str, loc: tuple[int | str, ...], said: str, context: Mapping[str, Any], fields: Fields) -> str:
    name = str(loc[0])
    if kind == "extra_forbidden":
        return f"{_file()} has a key {name}, which is no setting{_meant(name, fields)}"
    if kind == "value_error":
        return f"{_place(name)}: {context['error']}"
    should = f"should be {_SHOULD[kind]}" if kind in _SHOULD else said.removeprefix("Input ")
    within = "".join(f"{part} " for part in loc[1:] if isinstance(part, str))
    example = _example(fields[name], in_file=not _in_environment(name) and name in _keys())
    return f"{_place(name)} {within}{should}, such as {example}"


def _meant(key: str, fields: Fields) -> str:
    """Say how a key is called in the file that was written as in the environment."""
    bare = key.lower().removeprefix(PREFIX.lower())
    return f"; here it is called {bare}" if bare != key and bare in fields else ""


def _place(name: str) -> str:
    """Say where the value of a setting stands: in a variable, in the file that one names, or in the settings' file."""
    variable = f"{PREFIX}{name.upper()}"
    if not os.environ.get(variable) and os.environ.get(f"{variable}_FILE"):
        return f"{variable}_FILE"
    return f"{name} in {_file()}" if not _in_environment(name) and name in _keys() else variable


def _in_environment(name: str) -> bool:
    variable = f"{PREFIX}{name.upper()}"
    return bool(os.environ.get(variable) or os.environ.get(f"{variable}_FILE"))


def _keys() -> set[str]:
    """List the keys of the file, which was read a moment ago."""
    return set(tomllib.loads(Path(FILE).read_text("utf-8-sig"))) if Path(FILE).is_file() else set()


def _file() -> Path:
    return Path(FILE).resolve()


def _example(field: FieldInfo, *, in_file: bool) -> str:
    """Write a value that would do: JSON in the environment, TOML in the file."""
    value = field.examples[0] if field.examples else field.default
    if isinstance(value, dict) and in_file:
        return "{" + ", ".join(f"{key} = {json.dumps(one)}" for key, one in value.items()) + "}"
    return json.dumps(value) if isinstance(value, dict | list) else str(value)
