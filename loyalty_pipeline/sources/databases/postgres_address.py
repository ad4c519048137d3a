"""The address of a PostgreSQL database: what the driver gets, and what people may see of it.

What libpq says of an address that it cannot read quotes parts of it, and so of the password. Nothing reaches libpq
before it was read here.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.address import HIDDEN

DEFAULTS = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
    "application_name": "loyalty",
}
"""What the connection is opened with where the address does not say otherwise."""

PARAMETERS = frozenset({
    *DEFAULTS, "dbname", "host", "hostaddr", "port", "user", "password", "passfile", "service", "options",
    "channel_binding", "fallback_application_name", "gssdelegation", "gssencmode", "gsslib", "keepalives", "krbsrvname",
    "load_balance_hosts", "require_auth", "requirepeer", "sslcert", "sslcertmode", "sslcompression", "sslcrl",
    "sslcrldir", "sslkey", "sslmode", "sslnegotiation", "sslpassword", "sslrootcert", "sslsni", "ssl_min_protocol_version",
    "ssl_max_protocol_version", "ssl", "target_session_attrs",
})  # fmt: skip
"""What libpq knows. It quotes what it does not know, which may be the rest of a password."""

SCHEME = re.compile(r"postgres(?:ql)?://")
HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]*\]|[^\[\]:@/?#\s]*)(?::(?P<port>\d*))?")
ESCAPED = re.compile(r"(?:[^%]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True)
class Address:
    """Where a database is: `uri` with the password, for the driver only, `place` for people."""

    uri: str = field(repr=False)
    place: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def clean(self, words: str) -> str:
        """The words without a password in them."""
        for secret in self.secrets:
            # A password of one letter must not garble every word that has it.
            words = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, words)
        return words


def address_of(uri: str) -> Address:
    """Read a libpq URI. Raises `SourceError` that quotes nothing of it where libpq could not."""
    scheme = SCHEME.match(uri)
    if not scheme or not ESCAPED.fullmatch(uri):
        raise _unreadable()
    before, _, query = uri[scheme.end() :].partition("?")
    authority, _, database = before.partition("/")
    user, at, hosts = authority.rpartition("@")
    parameters = _parameters(query)
    # An unescaped / or ? in a password would leave the rest of it where the database is.
    if any(mark in database for mark in "@/:#") or not all(HOST.fullmatch(host) for host in hosts.split(",")):
        raise _unreadable()
    given = {name for name, _ in parameters}
    added = [f"{name}={quote(value)}" for name, value in DEFAULTS.items() if name not in given]
    asked = [f"{name}={value}" for name, value in parameters]
    password = [user.partition(":")[2], *(value for name, value in parameters if name.endswith("password"))]
    return Address(
        f"postgresql://{user}{at}{hosts}/{database}?{'&'.join([*asked, *added])}",
        _place(hosts, database, dict(parameters)),
        tuple(
            sorted({text for raw in password if raw for text in (raw, unquote(raw))}, key=len, reverse=True)
        ),
    )


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    if any(name not in PARAMETERS or not sign or "=" in value for name, sign, value in pairs):
        raise _unreadable()
    return [(name, value) for name, _, value in pairs]


def _place(hosts: str, database: str, parameters: dict[str, str]) -> str:
    host = hosts or parameters.get("host", "") or parameters.get("hostaddr", "")
    if not hosts and "port" in parameters:
        host = f"{host}:{parameters['port']}"
    return f"postgresql://{host}/{unquote(database) or unquote(parameters.get('dbname', ''))}"


def _unreadable() -> SourceError:
    return SourceError(
        "The address of the PostgreSQL database cannot be read. Expected "
        "postgresql://user:password@host:5432/database?parameter=value; write special characters of the user and the "
        "password as %XX (@ as %40, / as %2F, ? as %3F, # as %23, % as %25)"
    )
