"""A table of invoice lines of any length, whose every value follows from the row's number.

`python -m benchmarks.invoice_lines <lines.parquet> <rows> clean|dirty`; a dirty table has one bad row in a thousand.
"""

import sys
from pathlib import Path

import polars as pl

ROWS_AT_ONCE = 500_000
EVERY, WHICH = 1000, 7
"""Of so many rows, the one that is bad in a dirty table."""


def write_lines(path: Path, rows: int, *, is_dirty: bool) -> None:
    """A table of invoice lines in row groups, some million rows at a time in memory."""
    parts = [
        lines_from(start, min(ROWS_AT_ONCE, rows - start), rows, is_dirty=is_dirty)
        for start in range(0, rows, ROWS_AT_ONCE)
    ]
    pl.concat(parts).sink_parquet(path, compression="zstd", row_group_size=ROWS_AT_ONCE)


def lines_from(start: int, count: int, rows: int, *, is_dirty: bool) -> pl.LazyFrame:
    """A stretch of the table; every value follows from the row's number."""
    number = pl.int_range(start, start + count, dtype=pl.Int64)
    day = pl.lit(1_700_000_000) + (number % 900) * 86_400
    instant = (day * 1_000_000).cast(pl.Datetime("us", "UTC"))
    currency = pl.lit(pl.Series(["EUR", "USD", "GBP", "CHF"])).gather(number % 4)
    status = pl.lit(pl.Series(["draft", "open", "paid", "void", "uncollectible"])).gather(number % 5)
    wrong = (number % EVERY == WHICH) & is_dirty
    amount = (number % 100_000).cast(pl.Decimal(18, 2))
    return pl.LazyFrame().select(
        line_id=number,
        invoice_id=number // 3,
        line_no=number % 3,
        customer_id=pl.when(wrong & (number % 3 == 0)).then(-1).otherwise(number % (rows // 20)),
        plan_code=pl.format("plan-{}", number % 40),
        status=pl.when(wrong).then(pl.lit("lost")).otherwise(status),
        currency=currency,
        quantity=number % 900 + 1,
        unit_price=(number % 5_000).cast(pl.Decimal(18, 2)),
        amount=pl.when(wrong).then(-amount - 1).otherwise(amount),
        discount_code=pl.when(number % 4 == 0).then(pl.format("SAVE-{}", number % 9000 + 1000)),
        period_start=instant,
        period_end=pl.when(wrong).then(instant.dt.offset_by("-1d")).otherwise(instant.dt.offset_by("30d")),
        created_at=instant,
    )


def main() -> None:
    """Write one table."""
    path, rows, state = sys.argv[1:]
    write_lines(Path(path), int(rows), is_dirty=state == "dirty")


if __name__ == "__main__":
    main()
