"""One way to read the invoices out of PostgreSQL, as a process of its own.

`python -m benchmarks.postgres_reads <way> <file>` prints how many rows it read, and the CPU seconds of the reading alone. The address
comes from the environment, because it holds a password.
"""

# ruff: noqa: PLC0415 - each way pays for its own imports

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

ADDRESS = "BENCHMARK_ADDRESS"
COLUMNS = (
    "invoice_id, customer_id::text AS customer_id, amount, tax, fx_rate, currency, plan, paid, issued_on, created_at, updated_at, "
    "local_at, note, meta::text AS meta, tags::text AS tags, score, quantity"
)
STATEMENT = f"SELECT {COLUMNS} FROM invoices"  # noqa: S608 - a constant
BATCH = 50_000


def adbc(address: str, _: Path) -> int:
    """ADBC's own stream, to nowhere."""
    import adbc_driver_postgresql.dbapi

    with adbc_driver_postgresql.dbapi.connect(address) as connection, connection.cursor() as cursor:
        cursor.execute(STATEMENT)
        return sum(batch.num_rows for batch in cursor.fetch_record_batch())


def ours(address: str, path: Path) -> int:
    """Everything, exact, to a Parquet file."""
    return _ours(address, path, everything=True)


def increment(address: str, path: Path) -> int:
    """The last hundredth by `updated_at`, to a Parquet file."""
    return _ours(address, path, everything=False)


def _ours(address: str, path: Path, *, everything: bool) -> int:
    database, relation = _opened(address)
    since = None if everything else datetime.fromisoformat(os.environ["BENCHMARK_SINCE"])
    rows = database.write(_chosen(relation, since), path)
    database.close()
    return rows


def summary(address: str, _: Path) -> int:
    """What the table amounts to, on the server."""
    database, relation = _opened(address)
    found = database.summary(_chosen(relation, None))
    database.close()
    return found.keys


def key_scan(address: str, path: Path) -> int:
    """Every key and when it changed, to a Parquet file."""
    database, relation = _opened(address)
    rows = database.write_keys(_chosen(relation, None), path)
    database.close()
    return rows


def polars_uri(address: str, path: Path) -> int:
    """`polars.read_database_uri` with its ADBC engine, and its own Parquet."""
    import polars as pl

    numbers = ("amount", "tax", "fx_rate")
    statement = STATEMENT
    for name in numbers:
        # Without a cast it fails: it knows no opaque type of Arrow's.
        statement = statement.replace(f" {name},", f" {name}::text AS {name},")
    frame = pl.read_database_uri(statement, address, engine="adbc")
    frame.with_columns(pl.col(numbers).cast(pl.Decimal(30, 12))).write_parquet(path)
    return frame.height


def sqlalchemy(address: str, path: Path) -> int:
    """SQLAlchemy over psycopg with a server-side cursor, in batches with declared types."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from sqlalchemy import create_engine, text

    instant = pa.timestamp("us", "UTC")
    types = {
        "invoice_id": pa.int64(), "amount": pa.decimal128(18, 4), "tax": pa.decimal128(12, 2),
        "fx_rate": pa.decimal128(30, 12), "paid": pa.bool_(), "issued_on": pa.date32(), "created_at": instant,
        "updated_at": instant, "local_at": pa.timestamp("us"), "score": pa.float64(), "quantity": pa.int32(),
    }  # fmt: skip
    rows = 0
    engine = create_engine(address.replace("postgresql://", "postgresql+psycopg://"))
    options = {"stream_results": True, "max_row_buffer": BATCH}
    with engine.connect().execution_options(**options) as connection:
        result = connection.execute(text(STATEMENT.replace("::text", "\\:\\:text")))
        schema = pa.schema([(name, types.get(name, pa.string())) for name in list(result.keys())])
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for part in result.partitions(BATCH):
                columns = zip(*part, strict=True)
                arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
                writer.write_batch(pa.record_batch(arrays, schema=schema))
                rows += len(part)
    engine.dispose()
    return rows


def _opened(address: str) -> tuple[Any, Any]:
    from loyalty_pipeline.sources.databases.postgres import Postgres

    database = Postgres.connect(address)
    relation = database.relation("invoices")
    return database, relation


def _chosen(relation: Any, since: datetime | None) -> Any:
    from loyalty_pipeline.sources.databases.database import Selection

    return Selection(relation, tuple(relation.columns), relation.primary_key, "updated_at", since)


def since_of(rows: int) -> str:
    """When the last hundredth of the rows began to change."""
    return (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=rows - rows // 100 + 1)).isoformat()


OURS = "loyalty_pipeline.sources.databases.postgres"
ADBC = "adbc_driver_postgresql.dbapi"
WAYS = {
    adbc: (ADBC, "pyarrow"),
    ours: (OURS, ADBC),
    polars_uri: ("polars", ADBC),
    sqlalchemy: ("sqlalchemy", "psycopg", "pyarrow.parquet"),
    increment: (OURS, ADBC),
    summary: (OURS, ADBC),
    key_scan: (OURS, ADBC),
}
"""The ways, and what each imports."""


def main() -> None:
    """Import, then read."""
    ways = {way.__name__: (way, modules) for way, modules in WAYS.items()}
    way, modules = ways[sys.argv[1]]
    for module in modules:
        import_module(module)
    before = time.process_time()
    rows = way(os.environ[ADDRESS], Path(sys.argv[2]))
    print(json.dumps({"rows": rows, "reading": round(time.process_time() - before, 2)}))


if __name__ == "__main__":
    main()
