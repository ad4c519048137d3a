"""What a night brings: invoices and lines of one month that are new, and lines of it that say something else.

`python -m benchmarks.changes <source> <out> <month> <share>` writes `invoices.parquet` and `invoice_lines.parquet` with the
rows that were there and so many more, as a share of all rows of both: half of them new, half newer versions.
"""

import json
from argparse import ArgumentParser
from datetime import date
from pathlib import Path

import polars as pl

SEED = 7


def main() -> None:
    """Write both tables, and say how many rows were added to each."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("month", type=date.fromisoformat, help="first day of the month")
    parser.add_argument("share", type=float)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    print(json.dumps(write_changes(options.source, options.out, options.month, options.share)))


def write_changes(source: Path, out: Path, month: date, share: float) -> dict[str, int]:
    """The rows added to each table."""
    invoices, lines = (pl.scan_parquet(source / f"{name}.parquet") for name in ("invoices", "invoice_lines"))
    rows = sum(table.select(pl.len()).collect().item() for table in (invoices, lines))
    billed = invoices.filter(
        pl.col("issued_at").dt.date().dt.month_start() == month, pl.col("status") == "paid"
    ).collect()
    billed = (
        billed.unique("invoice_id", keep="none")
        .sort("invoice_id")
        .sample(fraction=1, shuffle=True, seed=SEED)
    )
    theirs = lines.join(billed.lazy().select("invoice_id"), on="invoice_id", how="semi").collect(
        engine="streaming"
    )
    theirs = theirs.unique("line_id", keep="none")
    several = theirs.height / billed.height
    new, changed = (int(share * rows / 2 / per) for per in (1 + several, several))
    if new + changed > billed.height:
        message = f"{month}: {billed.height} invoices are too few for {share:.2%} of {rows} rows; take another share"
        raise SystemExit(message)
    fresh, newer = _new(billed[:new], theirs), _newer(billed[new : new + changed], theirs)
    _add(invoices, fresh["invoices"], out / "invoices.parquet")
    _add(lines, pl.concat([fresh["invoice_lines"], newer]), out / "invoice_lines.parquet")
    return {
        "invoices": fresh["invoices"].height,
        "invoice_lines": fresh["invoice_lines"].height + newer.height,
    }


def _new(billed: pl.DataFrame, lines: pl.DataFrame) -> dict[str, pl.DataFrame]:
    theirs = lines.join(billed.select("invoice_id"), on="invoice_id", how="semi")
    suffixed = [(pl.col(name) + "-again").alias(name) for name in ("invoice_id", "line_id")]
    return {"invoices": billed.with_columns(suffixed[:1]), "invoice_lines": theirs.with_columns(suffixed)}


def _newer(billed: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    theirs = lines.join(billed.select("invoice_id"), on="invoice_id", how="semi")
    amount = (pl.col("amount") + 1).cast(lines.schema["amount"])
    return theirs.with_columns(amount, pl.col("updated_at") + pl.duration(minutes=1))


def _add(table: pl.LazyFrame, rows: pl.DataFrame, path: Path) -> None:
    names = table.collect_schema().names()
    pl.concat([table, rows.lazy().select(names)]).sink_parquet(path, compression="snappy")


if __name__ == "__main__":
    main()
