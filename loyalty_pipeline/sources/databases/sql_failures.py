"""What goes wrong with a database, as sentences that hold neither user nor password."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, quote_plus

import sqlalchemy as sa

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.sources.address import HIDDEN
from loyalty_pipeline.sources.databases.sql_dialect import AnyDialect

EXTRA = "pip install 'loyalty-pipeline[sql]'"
DRIVERS = ("pymysql",)


def parsed(address: str) -> sa.URL:
    """The address in its parts. Raises `SourceError`, which does not repeat it, where it is none."""
    try:
        return sa.make_url(address)
    except (sa.exc.ArgumentError, ValueError):
        message = (
            "The address of the database cannot be read. Write `dialect://user:password@host:port/database`,"
            " with the special characters of the password as %40 for @."
        )
        raise SourceError(message) from None


@contextmanager
def failing(
    dialect: AnyDialect, relation: str = "", kind: type[Exception] = sa.exc.SQLAlchemyError
) -> Iterator[None]:
    """Turn what the database or its driver raises into a `SourceError` that names the place, and the relation if any."""
    try:
        yield
    except SourceError:
        raise
    except ModuleNotFoundError as error:
        raise SourceError(_without_driver(dialect, error.name or "")) from None
    except sa.exc.NoSuchModuleError:
        raise SourceError(_without_driver(dialect, dialect.url.drivername)) from None
    except kind as error:
        place = f"{dialect.place}, `{relation}`" if relation else dialect.place
        message = f"{place}: {_reason(dialect, error)}."
        # What the driver says may hold the password.
        raise SourceError(message) from None


def _without_driver(dialect: AnyDialect, module: str) -> str:
    package = module.split(".", maxsplit=1)[0]
    if package in DRIVERS:
        return f"{dialect.place}: its driver {package} is not installed. Install it: {EXTRA}."
    return f"{dialect.place}: its driver is not installed. Install the Python package that brings `{module}`."


def _reason(dialect: AnyDialect, error: Exception) -> str:
    original = getattr(error, "orig", None) or error
    said = str(original).strip().split("\n", maxsplit=1)[0].rstrip(".")
    return dialect.reason(original) or _without_secrets(said, dialect.url) or type(original).__name__


def _without_secrets(said: str, url: sa.URL) -> str:
    secrets = {str(secret) for secret in (url.password, url.username) if secret}
    written = {
        form
        for secret in secrets
        for form in (secret, quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1])
    }
    # The longest first: one may be a part of another.
    for secret in sorted(written, key=len, reverse=True):
        said = said.replace(secret, HIDDEN)
    return said
