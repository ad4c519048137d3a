"""Amounts in the smallest unit of their currency, as payment systems count them: 1,999 cents, 1,999 yen."""

from collections.abc import Mapping

import polars as pl

from loyalty_pipeline.currencies import CURRENCIES
from loyalty_pipeline.money import PLACES, from_ten_thousandths

DIGITS = 2
OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Decimals of the currencies that have not two. Source: ISO 4217 list one."""

WHOLE = r"^[+-]?\d+$"


def digits_of(exceptions: Mapping[str, int]) -> dict[str, int]:
    """The decimals of every currency; the exceptions are where a system counts otherwise."""
    others = {code: digits for digits, codes in OTHERS.items() for code in codes.split()}
    return dict.fromkeys(CURRENCIES, DIGITS) | others | {code.upper(): n for code, n in exceptions.items()}


def in_major_units(
    rows: pl.DataFrame, column: str, currency: str, exceptions: Mapping[str, int]
) -> pl.DataFrame:
    """The rows with a column of whole minor units as the exact decimal text of major units.

    What is no whole number, or in a currency that nobody knows, stays as it is with a word that says so: the row's amount
    cannot be read then, and it is set aside with what it had.
    """
    text, code = pl.col(column).cast(pl.String), pl.col(currency).cast(pl.String)
    factors = {known: 10 ** (PLACES - digits) for known, digits in digits_of(exceptions).items()}
    factor = code.str.to_uppercase().replace_strict(factors, default=None, return_dtype=pl.Int64)
    units = pl.when(text.str.contains(WHOLE)).then(text).cast(pl.Int64, strict=False).cast(pl.Int128)
    stays = pl.format("{} minor units of {}", text, code.fill_null("no currency"))
    exact = from_ten_thousandths(units * factor).cast(pl.String)
    return rows.with_columns(pl.coalesce(exact, stays).alias(column))
