"""Mappings that come with the package: how what others land becomes the raw tables."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from loyalty_pipeline.settings import SettingsError, TableMapping

FOLDER = "landings"


def names() -> list[str]:
    """The landings that have a mapping."""
    folder = files("loyalty_pipeline.sources") / FOLDER
    return sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))


@cache
def shipped(landing: str) -> Mapping[str, TableMapping]:
    """How the raw tables are made of a landing's tables. Raises `SettingsError` for one that has no mapping."""
    known = names()
    if landing not in known:
        near = get_close_matches(landing, known, n=1, cutoff=0)
        message = f'landing = "{landing}": expected one of {", ".join(known)}; did you mean {near[0]}?'
        raise SettingsError(message)
    text = (files("loyalty_pipeline.sources") / FOLDER / f"{landing}.toml").read_text("utf-8")
    stated: dict[str, Any] = tomllib.loads(text)["tables"]
    return {table: TableMapping.model_validate(mapping) for table, mapping in stated.items()}
