"""Raw values to the contract's types. A value that cannot be read is null and counted: it never stops the run.

Text is trimmed and an empty one is null, for every type, and so is an instant that never comes where it may be. A typed value keeps its meaning: an instant without a zone is
UTC, a binary float is the decimal that its shortest text says, rounded half away from zero to 4 places.
"""

import polars as pl

from loyalty_pipeline.money import EXACT, PLACES, from_ten_thousandths
from loyalty_pipeline.sources.raw import RawTable

YES = ("true", "t", "yes", "y", "1", "on")
NO = ("false", "f", "no", "n", "0", "off")

MONEY = rf"^[+-]?(\d+(\.\d{{0,{PLACES}}}0*)?|\.\d{{1,{PLACES}}}0*)$"
WHOLE = r"^[+-]?\d+(\.0*)?$"
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"

# More digits than a 64-bit float holds, so that its shortest text is a decimal without loss.
SHORTEST = pl.Decimal(38, 22)
WIDE = pl.Decimal(38, PLACES)
EXACT_FLOATS = 2**53

NEVER = "infinity"
"""How PostgreSQL writes an instant that never comes: what may be null is null until it happens."""


def typed_rows(
    raw: pl.DataFrame, contract: type[RawTable], date_format: str = ""
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows with the contract's types, and for each column whether its value is there but cannot be read."""
    typed, unreadable = [], []
    for name, column in contract.columns().items():
        given = _present(raw[name])
        if column.nullable and column.dtype.is_temporal() and given.dtype == pl.String:
            given = given.set(given.str.to_lowercase() == NEVER, None)
        value = converted(given, column.dtype, date_format)
        typed.append(value)
        unreadable.append((given.is_not_null() & value.is_null()).alias(name))
    others = [column for column in raw.columns if column not in contract.columns()]
    return pl.DataFrame(typed).hstack(raw.select(others).get_columns()), pl.DataFrame(unreadable)


def typed(raw: pl.Series, target: pl.DataType, date_format: str = "") -> pl.Series:
    """Raw values as the target type, null where there are none or they cannot be read."""
    return converted(_present(raw), target, date_format)


def converted(given: pl.Series, target: pl.DataType, date_format: str = "") -> pl.Series:
    """The values as the target type, null where they cannot be."""
    if given.dtype == pl.Null:
        return given.cast(target)
    if target.is_temporal():
        instant = _instant(_read_instant(given, date_format) if given.dtype == pl.String else given)
        return instant.dt.date() if target == pl.Date else instant
    read = {pl.String: _as_text, pl.Decimal: _money, pl.Boolean: _flag}.get(target.base_type())
    return read(given) if read else _number(given, target)


def _present(raw: pl.Series) -> pl.Series:
    if raw.dtype in (pl.Categorical, pl.Enum):
        raw = raw.cast(pl.String)
    if raw.dtype == pl.String:
        trimmed = raw.str.strip_chars()
        return trimmed.set(trimmed == "", None)
    return raw.fill_nan(None) if raw.dtype.is_float() else raw


def _as_text(given: pl.Series) -> pl.Series:
    if given.dtype == pl.String:
        return given
    if given.dtype.is_nested() or given.dtype == pl.Object:
        return _nothing(given, pl.String())
    if given.dtype.is_float() and bool((given.drop_nulls() % 1 == 0).all()):
        # A column of whole numbers with a null becomes floats in pandas: 7.0 was the id 7.
        return given.cast(pl.Int64, strict=False).cast(pl.String)
    return given.cast(pl.String, strict=False)


def _money(given: pl.Series) -> pl.Series:
    kind = given.dtype
    if kind == pl.String:
        return given.set(~given.str.contains(MONEY), None).cast(EXACT, strict=False)
    if kind.is_float():
        return _float_money(given.cast(pl.Float64))
    if isinstance(kind, pl.Decimal):
        value = given.cast(EXACT, strict=False)
        return value.set(value.cast(pl.Decimal(38, max(kind.scale, PLACES)), strict=False) != given, None)
    return given.cast(EXACT, strict=False) if kind.is_integer() else _nothing(given, EXACT)


def _float_money(given: pl.Series) -> pl.Series:
    # n/10000 is the float nearest to that decimal, so a float equal to it has n as its shortest text.
    name = given.name
    units = (given * 10**PLACES).round(0)
    is_exact = (units / 10**PLACES == given) & (units.abs() < EXACT_FLOATS)
    exact = (
        pl.when(is_exact).then(from_ten_thousandths(pl.lit(units).cast(pl.Int64, strict=False))).alias(name)
    )
    if is_exact.all():
        return pl.select(exact).to_series()
    text = (
        given.set(given.abs() < 10.0 ** -(PLACES + 1), 0.0)
        .cast(pl.String)
        .str.replace(r"^(-?\d+)e\+\d+$", "")
    )
    rounded = (
        text.cast(SHORTEST, strict=False).round(PLACES, mode="half_away_from_zero").cast(EXACT, strict=False)
    )
    return pl.select(pl.when(is_exact).then(exact).otherwise(rounded).alias(name)).to_series()


def _read_instant(given: pl.Series, date_format: str) -> pl.Series:
    if date_format:
        has_zone = "%z" in date_format or "%:z" in date_format
        zone = "UTC" if has_zone else None
        return given.str.to_datetime(date_format, time_unit="us", time_zone=zone, strict=False)
    iso = given.str.replace(r"^(\d{4}-\d{2}-\d{2})[ tT]", "${1}T").str.replace(
        r"^(\d{4}-\d{2}-\d{2})$", "${1}T00:00:00"
    )
    zoned = iso.str.replace(r"( ?UTC|[zZ])$", "+00:00").str.replace(r"([+-]\d{2})$", "${1}:00")
    has_offset = zoned.str.contains(r"T.*[+-]\d{2}:?\d{2}$")
    return (
        zoned + pl.select(pl.when(has_offset).then(pl.lit("")).otherwise(pl.lit("+00:00"))).to_series()
    ).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", time_unit="us", time_zone="UTC", strict=False)


def _instant(given: pl.Series) -> pl.Series:
    if given.dtype == pl.Date:
        return given.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    if not isinstance(given.dtype, pl.Datetime):
        return _nothing(given, pl.Datetime("us", "UTC"))
    universal = (
        given.dt.convert_time_zone("UTC") if given.dtype.time_zone else given.dt.replace_time_zone("UTC")
    )
    return universal.dt.cast_time_unit("us")


def _flag(given: pl.Series) -> pl.Series:
    if given.dtype == pl.Boolean:
        return given
    word = given.cast(pl.Int64, strict=False) if given.dtype.is_float() else given
    if word.dtype.is_nested():
        return _nothing(given, pl.Boolean())
    text = word.cast(pl.String, strict=False).str.to_lowercase()
    meaning = {**dict.fromkeys(YES, True), **dict.fromkeys(NO, False)}
    return text.replace_strict(meaning, default=None, return_dtype=pl.Boolean)


def _number(given: pl.Series, target: pl.DataType) -> pl.Series:
    kind, is_whole = given.dtype, isinstance(target, pl.Int64)
    if kind == pl.String:
        readable = given.set(~given.str.contains(WHOLE if is_whole else NUMBER), None)
        return (readable.str.replace(r"\.0*$", "").str.strip_prefix("+") if is_whole else readable).cast(
            target, strict=False
        )
    if not kind.is_numeric():
        return _nothing(given, target)
    number = given.cast(target, strict=False)
    if is_whole and (kind.is_float() or isinstance(kind, pl.Decimal)):
        return number.set(number.cast(kind, strict=False) != given, None)
    return number if is_whole else number.set(number.is_infinite(), None)


def _nothing(given: pl.Series, target: pl.DataType) -> pl.Series:
    return pl.Series(given.name, [None], dtype=target).new_from_index(0, given.len())
