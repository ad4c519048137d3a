"""Conditions on the texts of one column: their length, and the patterns found in them."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from loyalty_pipeline.validation.gx_polars.domains import Domain
from loyalty_pipeline.validation.gx_polars.literals import TEXT
from loyalty_pipeline.validation.gx_polars.metrics.columns import within
from loyalty_pipeline.validation.gx_polars.patterns import like, matches
from loyalty_pipeline.validation.gx_polars.registration import column_condition, column_metric

LENGTH = pl.Int64()


def written(domain: Domain) -> pl.Expr:
    """The first column's values as they are written: texts, labels, whole numbers, decimals, dates.

    Raises `TypeError` for other types: how floats and instants are written is nobody's agreement.
    """
    dtype = domain.dtype
    if dtype in TEXT or dtype in {pl.Null, pl.Date} or dtype.is_integer() or dtype.is_decimal():
        return domain.column.cast(pl.String)
    message = f'the column "{domain.name}" is {dtype}, not text: cast it to text first'
    raise TypeError(message)


def length(domain: Domain) -> pl.Expr:
    """The first column's numbers of characters."""
    return written(domain).str.len_chars()


@column_metric("column_values.value_length.map")
def lengths(domain: Domain, **_: Any) -> pl.Expr:
    """The number of characters, as an expression."""
    return length(domain)


@column_condition("column_values.value_length.equals")
def has_length(domain: Domain, *, value: int, **_: Any) -> pl.Expr:
    """Every text has so many characters."""
    return within(length(domain), LENGTH, (value, value), {})


@column_condition("column_values.value_length.between")
def has_length_between(
    domain: Domain, *, min_value: Any = None, max_value: Any = None, **strict: Any
) -> pl.Expr:
    """Every text's number of characters is in a range."""
    return within(length(domain), LENGTH, (min_value, max_value), strict)


@column_condition("column_values.match_regex")
def has_match(domain: Domain, *, regex: str, **_: Any) -> pl.Expr:
    """A regular expression is found anywhere in every text."""
    return matches(written(domain), regex)


@column_condition("column_values.not_match_regex")
def has_no_match(domain: Domain, *, regex: str, **_: Any) -> pl.Expr:
    """A regular expression is found in no text."""
    return ~matches(written(domain), regex)


@column_condition("column_values.match_regex_list")
def has_matches(domain: Domain, *, regex_list: list[str], match_on: str | None = "any", **_: Any) -> pl.Expr:
    """Any or all of some regular expressions are found in every text."""
    return _some(_each(domain, regex_list), match_on)


@column_condition("column_values.not_match_regex_list")
def has_no_matches(domain: Domain, *, regex_list: list[str], **_: Any) -> pl.Expr:
    """None of some regular expressions is found in any text."""
    return ~_some(_each(domain, regex_list), "any")


@column_metric("column_values.match_regex.count")
def match_count(domain: Domain, **_: Any) -> Any:
    """In how many texts a regular expression is found."""
    return domain.metrics["column_values.not_match_regex.unexpected_count"]


@column_metric("column_values.not_match_regex.count")
def no_match_count(domain: Domain, **_: Any) -> Any:
    """In how many texts a regular expression is not found."""
    return domain.metrics["column_values.match_regex.unexpected_count"]


@column_condition("column_values.match_like_pattern")
def is_like(domain: Domain, *, like_pattern: str, **_: Any) -> pl.Expr:
    """Every text is like an SQL pattern, whole and in its case."""
    return _some(_alike(domain, [like_pattern]), "any")


@column_condition("column_values.not_match_like_pattern")
def is_not_like(domain: Domain, *, like_pattern: str, **_: Any) -> pl.Expr:
    """No text is like an SQL pattern."""
    return ~_some(_alike(domain, [like_pattern]), "any")


@column_condition("column_values.match_like_pattern_list")
def is_like_some(
    domain: Domain, *, like_pattern_list: list[str], match_on: str | None = "any", **_: Any
) -> pl.Expr:
    """Every text is like any or all of some SQL patterns."""
    return _some(_alike(domain, like_pattern_list), match_on)


@column_condition("column_values.not_match_like_pattern_list")
def is_like_none(domain: Domain, *, like_pattern_list: list[str], **_: Any) -> pl.Expr:
    """No text is like any of some SQL patterns."""
    return ~_some(_alike(domain, like_pattern_list), "any")


def _each(domain: Domain, patterns: Iterable[str]) -> list[pl.Expr]:
    texts = written(domain)
    return [matches(texts, pattern) for pattern in patterns]


def _alike(domain: Domain, patterns: Iterable[str]) -> list[pl.Expr]:
    texts = written(domain)
    return [texts.str.contains(like(pattern)) for pattern in patterns]


def _some(found: list[pl.Expr], match_on: str | None) -> pl.Expr:
    if not found or match_on not in {"any", "all", None}:
        message = (
            f"there must be patterns, and match_on 'any' or 'all': there are {len(found)}, and {match_on!r}"
        )
        raise ValueError(message)
    return pl.all_horizontal(found) if match_on == "all" else pl.any_horizontal(found)
