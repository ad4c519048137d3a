"""Conditions on what the texts of one column stand for: JSON, dates."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import polars as pl
from dateutil.parser import parse
from jsonschema.validators import validator_for

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import TEXT
from loyalty_pipeline.validation.gx_polars.patterns import judged
from loyalty_pipeline.validation.gx_polars.registration import column_condition

PADDED = {"%Y": r"[1-9]\d{3}", "%m": r"\d\d", "%d": r"\d\d", "%H": r"\d\d", "%M": r"\d\d", "%S": r"[0-5]\d"}
"""What every reader of dates takes for the directive; polars then says whether there is such a day."""
DIRECTIVE = re.compile("%.")
SIMPLE = re.compile("(%[YmdHMS]|[-/: T])+")
DAY, CLOCK = ["%Y", "%m", "%d"], ["%H", "%M", "%S"]
ISO = ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")


@column_condition("column_values.json_parseable")
def is_json(domain: Domain, **_: Any) -> pl.Expr:
    """Every text is JSON."""
    return judged(_texts(domain), _reads(json.loads))


@column_condition("column_values.match_json_schema")
def matches_json_schema(domain: Domain, *, json_schema: dict[str, Any], **_: Any) -> pl.Expr:
    """Every text is JSON that a schema allows. Raises `SchemaError` for a schema that is none."""
    validator = validator_for(json_schema)
    validator.check_schema(json_schema)
    is_valid = validator(json_schema).is_valid
    is_read = _reads(json.loads)
    return judged(_texts(domain), lambda text: is_read(text) and is_valid(json.loads(text)))


@column_condition("column_values.match_strftime_format")
def matches_strftime_format(domain: Domain, *, strftime_format: str, **_: Any) -> pl.Expr:
    """Every text is a date in a format, as Python's `strptime` reads it."""
    reads = _reads(lambda text: datetime.strptime(text, strftime_format))  # noqa: DTZ007
    return _quickly(_texts(domain), (strftime_format,), reads)


@column_condition("column_values.dateutil_parseable")
def is_dateutil_parseable(domain: Domain, **_: Any) -> pl.Expr:
    """Every text is a date for `dateutil`, which reads many formats."""
    return _quickly(_texts(domain), ISO, _reads(parse))


def _texts(domain: Domain) -> pl.Expr:
    if domain.dtype in TEXT or domain.dtype == pl.Null:
        return domain.column.cast(pl.String)
    message = f'the column "{domain.name}" is {domain.dtype}: expect this of it while it is still text'
    raise TypeError(message)


def _reads(read: Callable[[str], Any]) -> Callable[[str], bool]:
    def is_read(text: str) -> bool:
        try:
            read(text)
        except (ValueError, OverflowError, RecursionError):
            return False
        return True

    return is_read


def _quickly(texts: pl.Expr, formats: tuple[str, ...], reads: Callable[[str], bool]) -> pl.Expr:
    """What `reads` says, which is asked only where a text is not plainly a day in one of the formats."""
    plain = [shape for shape in (_plain(texts, form) for form in formats) if shape is not None]
    if not plain:
        return judged(texts, reads)
    is_plain = pl.any_horizontal(plain)
    return is_plain | judged(pl.when(~is_plain).then(texts), reads).fill_null(value=False)


def _plain(texts: pl.Expr, form: str) -> pl.Expr | None:
    """Whether a text is a day and time in full, written with all its zeros; None for formats of other parts."""
    parts = DIRECTIVE.findall(form)
    if not SIMPLE.fullmatch(form) or sorted(parts) not in (sorted(DAY), sorted(DAY + CLOCK)):
        return None
    shape = DIRECTIVE.sub(lambda directive: PADDED[directive[0]], form)
    shaped = texts.str.contains(rf"\A{shape}\z")
    # Reading what has another shape costs most.
    days = pl.when(shaped).then(texts).str
    there = (
        days.to_datetime(form, strict=False) if len(parts) > len(DAY) else days.to_date(form, strict=False)
    )
    return shaped & there.is_not_null()
