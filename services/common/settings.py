"""Settings: one frozen dataclass per process, read once; the only place that looks at the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    S = TypeVar("S", bound=DataclassInstance)
else:
    S = TypeVar("S")

_PASSWORD = re.compile(r"(://[^/:@]*):[^@/]*@")
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


class BadSetting(Exception):
    """A setting cannot be used; the sentence names it."""


def load(cls: type[S], prefix: str, environ: Mapping[str, str] | None = None) -> S:
    """An instance of `cls` with each field from `<prefix>_<FIELD>` where that is set.

    Raises `BadSetting` for a value of the wrong type.
    """
    given = os.environ if environ is None else environ
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in fields(cls):
        name = f"{prefix}_{field.name}".upper()
        if name in given:
            values[field.name] = _convert(name, given[name], hints[field.name])
    return cls(**values)


def environment_of(settings: "DataclassInstance", prefix: str) -> dict[str, str]:
    """The variables that make `load` give these settings again, for starting another process."""
    pairs = ((f"{prefix}_{field.name}".upper(), getattr(settings, field.name)) for field in fields(settings))
    return {name: "" if value is None else str(value) for name, value in pairs}


def for_an_operator(settings: "DataclassInstance") -> dict[str, str]:
    """Settings that are not the default, as text: without passwords in addresses, and without names of accounts."""
    given = {field.name: getattr(settings, field.name) for field in fields(settings)}
    unlike = {field.name for field in fields(settings) if given[field.name] != field.default}
    return {name: _told(str(given[name])) for name in sorted(unlike) if not name.endswith("_user")}


def _told(value: str) -> str:
    # A sender may be a person.
    return "an address" if "@" in value and "://" not in value else _PASSWORD.sub(r"\1:***@", value)


def files_of(settings: "DataclassInstance") -> list[Path]:
    """Files that hold a secret alone, where they are set."""
    found = [getattr(settings, field.name) for field in fields(settings) if field.name.endswith("_file")]
    return [each for each in found if isinstance(each, Path)]


def inherited_environment() -> dict[str, str]:
    """What a child process is given: this process's own variables."""
    return dict(os.environ)


def put_in_environment(name: str, value: str) -> None:
    """For a library that takes a setting in no other way."""
    os.environ[name] = value


def _convert(name: str, text: str, kind: Any) -> Any:
    options = [option for option in get_args(kind) or (kind,) if option is not NoneType]
    if NoneType in get_args(kind) and not text:
        return None
    try:
        return _as(options[0], text)
    except ValueError as error:
        raise BadSetting(f"The setting {name} is {text!r}, which is not {options[0].__name__}.") from error


def _as(kind: Any, text: str) -> Any:
    if kind is bool:
        if text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        raise ValueError(text)
    return Path(text) if kind is Path else kind(text)
