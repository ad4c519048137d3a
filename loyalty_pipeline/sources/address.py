"""Addresses of sources: secrets come from the environment when a source is opened, and are never told.

In an address `${NAME}` stands for the environment's variable: the whole address, or a part of it, which is then encoded as
addresses need it, so that a password may have any character.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, unquote

from loyalty_pipeline.faults import SourceError

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
HIDDEN = "***"
KEYED = ("http", "https", "file", "s3", "gs", "az")
"""Schemes of addresses below which lie files."""
SECRET_OPTION = re.compile(
    r"([?&][^=&]*(?:pass|secret|token|key|sig|credential)[^=&]*=)[^&#]*", re.IGNORECASE
)
"""A value after `?` that is no matter of others: signatures, tokens, passwords."""


def resolved(address: str) -> str:
    """The address with what the environment says. Raises `SourceError` that names a variable that is not set."""
    whole = VARIABLE.fullmatch(address)
    if whole:
        return _value(whole[1], address)
    return VARIABLE.sub(lambda found: quote(_value(found[1], address), safe=""), address)


def shown(address: str) -> str:
    """The address as people may see it: without user, password and secret options."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    _, place, options = _parts(scheme, rest)
    hidden = SECRET_OPTION.sub(rf"\g<1>{HIDDEN}", options)
    return f"{scheme}://{place}{hidden}"


def secrets_of(address: str) -> list[str]:
    """What of a resolved address must never be told, as it is and as it is encoded there; the longest first."""
    scheme, _, rest = address.partition("://")
    login, _, options = _parts(scheme, rest)
    values = [found[0].partition("=")[2] for found in SECRET_OPTION.finditer(options)]
    secrets = {
        secret for one in (login.partition(":")[2], *values) for secret in (one, unquote(one)) if secret
    }
    return sorted(secrets, key=len, reverse=True)


def _parts(scheme: str, rest: str) -> tuple[str, str, str]:
    """Who logs in, what may be seen, and the options."""
    before, mark, options = rest.partition("?")
    if scheme in KEYED:
        # The names of objects and files may have an @.
        authority, slash, path = before.partition("/")
        login, _, host = authority.rpartition("@")
        return login, f"{host}{slash}{path}", mark + options
    # A password that nobody encoded may have a slash, so that only the last @ ends it.
    login, _, place = before.rpartition("@")
    return login, place, mark + options


def redacted(text: str, address: str) -> str:
    """The text without the secrets of a resolved address."""
    for secret in secrets_of(address):
        text = text.replace(secret, HIDDEN)
    return text


@contextmanager
def discreet(address: str) -> Iterator[None]:
    """Take the secrets of a resolved address out of every `SourceError` that is raised, and what it came from."""
    try:
        yield
    except SourceError as fault:
        told = redacted(str(fault), address)
        raise type(fault)(told) from None


def _value(variable: str, address: str) -> str:
    if not (value := os.environ.get(variable)):
        message = f"{shown(address)}: the environment has no {variable}, which the address asks for. Set it, then run again."
        raise SourceError(message)
    return value
