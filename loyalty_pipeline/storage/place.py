"""A place: a local path, or an address in an object store that is used like one."""

import re
from pathlib import Path

from loyalty_pipeline.storage.bucket import SCHEMES
from loyalty_pipeline.storage.object_path import ObjectPath

Place = Path | ObjectPath


def place_of(told: object) -> Place:
    """What a text or a path names. Raises `ValueError` for an address that no library here knows, or that holds a secret."""
    if isinstance(told, (Path, ObjectPath)):
        return told
    text = str(told)
    scheme, is_address, rest = text.partition("://")
    if not is_address:
        return Path(text)
    if scheme == "file":
        return Path(rest)
    bucket, _, key = rest.partition("/")
    if "@" in bucket:
        message = "expected an address without user and password: credentials come from the environment"
        raise ValueError(message)
    # Other letters are told in several ways by servers and libraries.
    is_plain = re.fullmatch(r"[\w.-]+", bucket, re.ASCII) and re.fullmatch(r"[\w./=+-]*", key, re.ASCII)
    if scheme not in SCHEMES or not is_plain or {".", ".."} & set(key.split("/")):
        message = f"expected a folder, or bucket and prefix such as {SCHEMES[0]}://bucket/prefix"
        raise ValueError(message)
    return ObjectPath(scheme, bucket, "/".join(filter(None, key.split("/"))))


def is_remote(place: Place) -> bool:
    """Whether it lies in an object store."""
    return isinstance(place, ObjectPath)
