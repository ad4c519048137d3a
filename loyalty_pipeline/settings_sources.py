"""Where settings come from, and what is said when one of them is wrong."""

import os
import re
import tomllib
from collections.abc import Iterator
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource
from pydantic_settings import SettingsError as UnreadableVariable

FILE_NAME = "loyalty.toml"
PREFIX = "LOYALTY_"
EXPECTATIONS = "expectations"
PATHS = ("source", "data_dir", EXPECTATIONS)
SECRETS = ("alert_webhook",)
SQLITE = "sqlite:///"
PASSWORD = re.compile(r"://[^/@]*:(?!\$\{[A-Za-z_][A-Za-z0-9_]*\}@)[^/@]+@")
"""An address with a password in so many letters."""
SECRET_OPTION = re.compile(
    r"([?&](?:[^=&]*password|passwd|pwd|sig|[^=&]*secret[^=&]*|[^=&]*token)=)(?!\$\{[A-Za-z_][A-Za-z0-9_]*\}(?:[&#]|$))[^&#]+",
    re.IGNORECASE,
)
"""The same after `?`: passwords, signatures, tokens. Names of files with keys are no secrets."""


class SettingsError(Exception):
    """A setting is wrong. The message says which, what was found where, and what was expected."""


def gathered(
    settings: type[BaseSettings], file: Path | None, overrides: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, str]]:
    """The values that somebody set, and for each who did: an argument, a variable or a file."""
    given = {name: value for name, value in overrides.items() if value is not None}
    environment = _environment(settings)
    found = file or _file_of((environment | given).get("source"), settings.model_fields["source"].default)
    from_file = _from_file(found) if found else {}
    origins = (
        dict.fromkeys(from_file, str(found))
        | {name: PREFIX + name.upper() for name in environment}
        | dict.fromkeys(given, "argument")
    )
    values = from_file | environment | given
    if EXPECTATIONS not in values:
        source = values.get("source", settings.model_fields["source"].default)
        values[EXPECTATIONS] = _expectations(found, source)
    return values, origins


def said_wrong(settings: type[BaseSettings], wrong: ValidationError, origins: dict[str, str]) -> str:
    """One line for each wrong setting: name, found value, origin, expectation."""
    lines = []
    for error in wrong.errors(include_url=False):
        names = [str(part) for part in error["loc"]]
        origin = origins.get(names[0], "argument")
        if error["type"] == "extra_forbidden":
            known = _siblings(settings, names)
            lines.append(f"{'.'.join(names)} ({origin}): no such setting{_nearest(names[-1], known)}")
        else:
            found = "***" if names[0] in SECRETS else _shown(error["input"])
            lines.append(f"{'.'.join(names)} = {found} ({origin}): {_expectation(error['msg'])}")
    return "\n".join(dict.fromkeys(lines))


def _environment(settings: type[BaseSettings]) -> dict[str, Any]:
    known = {PREFIX + name.upper() for name in settings.model_fields}
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and variable not in known:
            message = f"{variable} (environment): no such setting{_nearest(variable, known)}"
            raise SettingsError(message)
    try:
        return EnvSettingsSource(settings)()
    except UnreadableVariable:
        message = f'tables ({PREFIX}TABLES): expected JSON, such as {{"customers": {{"file": "people.csv"}}}}'
        raise SettingsError(message) from None


def _file_of(source: object, default_source: str) -> Path | None:
    if source is None:
        folders = [Path(), Path(default_source)]
    else:
        folders = [Path()] if "://" in str(source) else [Path(str(source)).expanduser(), Path()]
    return next((path for folder in folders if (path := folder / FILE_NAME).is_file()), None)


def _expectations(file: Path | None, source: object) -> Path | None:
    """The folder of expectations beside the settings file, else the one in the source folder, where there is one."""
    beside = [file.parent] if file else []
    within = [] if "://" in str(source) else [Path(str(source)).expanduser()]
    folders = [folder / EXPECTATIONS for folder in (*beside, *within)]
    return next(filter(Path.is_dir, folders), None)


def _from_file(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
    except OSError as missing:
        message = f"{file}: expected a settings file, found none that can be read ({missing.strerror})"
        raise SettingsError(message) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as malformed:
        message = f"{file}: expected TOML, found a mistake: {malformed}"
        raise SettingsError(message) from None
    for name, address in _addresses(values):
        if PASSWORD.search(address) or SECRET_OPTION.search(address):
            message = f"{name} ({file}): a password must not stand in a file; write ${{NAME}} there and set the variable NAME"
            raise SettingsError(message)
    for name in set(SECRETS) & values.keys():
        message = f"{name} ({file}): a secret must not stand in a file; set {PREFIX}{name.upper()} instead"
        raise SettingsError(message)
    placed = {name: _placed(values[name], file.parent) for name in PATHS if name in values}
    if isinstance(several := values.get("sources"), dict):
        placed["sources"] = {
            name: one | {"url": _placed(one["url"], file.parent)} if _has_url(one) else one
            for name, one in several.items()
        }
    return values | placed


def _addresses(values: dict[str, Any]) -> Iterator[tuple[str, str]]:
    several = values.get("sources")
    named = (
        [(f"sources.{name}.url", one["url"]) for name, one in several.items() if _has_url(one)]
        if isinstance(several, dict)
        else []
    )
    for name, address in [("source", values.get("source")), *named]:
        if isinstance(address, str):
            yield name, address


def _has_url(one: object) -> bool:
    return isinstance(one, dict) and "url" in one


def _placed(path: object, folder: Path) -> object:
    if not isinstance(path, str) or not path or "${" in path:
        return path
    if path.startswith(SQLITE) and not path.startswith(f"{SQLITE}/"):
        return f"{SQLITE}{folder.absolute() / path.removeprefix(SQLITE)}"
    return path if "://" in path else str(folder / Path(path).expanduser())


def _siblings(settings: type[BaseModel], names: list[str]) -> set[str]:
    model = settings if len(names) == 1 else _mapping_of(settings, names[0])
    return set(model.model_fields)


def _mapping_of(settings: type[BaseModel], name: str) -> type[BaseModel]:
    """The model of the values of a setting that is a table of tables."""
    arguments = getattr(settings.model_fields[name].annotation, "__args__", ())
    return next(kind for kind in arguments if isinstance(kind, type) and issubclass(kind, BaseModel))


def _nearest(name: str, known: set[str]) -> str:
    near = get_close_matches(name, sorted(known), n=1, cutoff=0)
    return f"; did you mean {near[0]}?" if near else ""


def _expectation(message: str) -> str:
    """What pydantic says, from the side of who reads it: `Input should be ...` is `expected ...`."""
    return re.sub(r"^.*? should (be|have|match) ", "expected ", message.removeprefix("Value error, "))


def _shown(value: object) -> str:
    text = SECRET_OPTION.sub(r"\g<1>***", PASSWORD.sub("://***@", str(value)))
    return f'"{text}"' if isinstance(value, str) else text
