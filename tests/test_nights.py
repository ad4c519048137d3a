"""The invariant of the lake: after any sequence of nights it is what a full rebuild from landing would be.

Small companies are made up, then changed night after night: late, corrected, repeated, stale, deleted and revived
rows, merges and merges taken back, and an as-of that moves on. The last tests go through the real landing.
"""

import json
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.catalogue import PUBLISHED
from loyalty_pipeline.lake.lake import Lake, Outcome
from loyalty_pipeline.lake.manifest import Manifest
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.pipeline import Night, nightly, open_lake
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.companies import Row, file_rows
from tests.landing.company import at, customer, invoice, line
from tests.random_companies import MadeUp, made_up

DAY = timedelta(days=1)
CHANGED = (
    "invoices",
    "invoice_lines",
    "subscription_items",
    "refunds",
    "referrals",
    "fx_rates",
    "customers",
)


class Nights:
    """A company whose source changes from night to night. Everything lands; nothing is ever taken away."""

    def __init__(self, company: MadeUp, folder: Path) -> None:
        self.raw = company.raw
        self.settings = company.settings
        self.folder = folder
        self.batch = 1
        self.extracted_at = datetime(2031, 1, 1, tzinfo=UTC)

    def next(self) -> None:
        self.batch += 1
        self.extracted_at += DAY

    def land(self) -> None:
        file_rows(self.raw, Store(self.folder / "landing"), self.settings["timezone"])

    def lake(self) -> Lake:
        return open_lake(Settings(data_dir=self.folder, **self.settings))

    def rebuilt(self) -> Lake:
        """A lake in a fresh folder over the same landing."""
        lake = self.lake()
        return Lake(Store(self.folder / "fresh"), lake.landing, lake.tables, lake.calendar, lake.policy)

    def latest(self, table: str) -> list[Row]:
        """The version that counts of every key, deleted ones too."""
        key = RAW_TABLES[table].primary_key()
        newest: dict[tuple[Any, ...], Row] = {}
        order = sorted(self.raw.get(table, []), key=lambda r: (r["updated_at"], r.get("_batch", "000001")))
        for row in order:
            newest[tuple(row[name] for name in key)] = row
        return list(newest.values())

    def tell(self, table: str, row: Row, **changes: Any) -> None:
        """The source says a row anew."""
        self.raw.setdefault(table, []).append(row | changes | {"_batch": f"{self.batch:06d}"})

    def stamp(self) -> datetime:
        """When the source changed a row: no two changes at once."""
        self.extracted_at += timedelta(microseconds=1)
        return self.extracted_at


def corrected(table: str, row: Row, dice: random.Random) -> Row:
    """What a correction says of a row."""
    shift = dice.choice([-40, -3, 0, 2, 35]) * DAY
    start = row.get("period_start") or row.get("starts_at")
    choices: dict[str, list[Row]] = {
        "invoices": [
            {"status": dice.choice(["paid", "open", "void", "draft"])},
            {"paid_at": row.get("issued_at", datetime.now(UTC)) + abs(shift)},
            {"issued_at": row.get("issued_at", datetime.now(UTC)) + shift},
            {"currency": "USD"},
        ],
        "invoice_lines": [{"amount": Decimal("41.5")}, {"kind": "usage"}, {"plan_id": "pro"}],
        "subscription_items": [{"amount": Decimal("17.25")}, {"status": "paused"}, {"ends_at": None}],
        "refunds": [{"amount": Decimal("3.3")}, {"refunded_at": row.get("refunded_at", start) or start}],
        "referrals": [{"converted_at": None}, {"converted_at": row.get("sent_at")}],
        "fx_rates": [{"rate": row.get("rate", 1.0) * 1.1}],
        "customers": [{"country": dice.choice(["DE", "IT", None])}, {"birth_year": 1980}],
    }
    return dice.choice(choices[table])


def correct(nights: Nights, dice: random.Random) -> None:
    table = dice.choice([name for name in CHANGED if nights.raw.get(name)])
    row = dice.choice(nights.latest(table))
    nights.tell(table, row, **corrected(table, row, dice), updated_at=nights.stamp(), deleted_at=None)


def repeat(nights: Nights, dice: random.Random) -> None:
    table = dice.choice([name for name in CHANGED if nights.raw.get(name)])
    nights.tell(table, dice.choice(nights.raw[table]))


def arrive_stale(nights: Nights, dice: random.Random) -> None:
    """A version comes that was out of date before it came."""
    table = dice.choice([name for name in CHANGED if nights.raw.get(name) and name != "customers"])
    row = dice.choice(nights.latest(table))
    changes = {
        name: v for name, v in corrected(table, row, dice).items() if name != RAW_TABLES[table].month_of
    }
    oldest = min(r["updated_at"] for r in nights.raw[table])
    nights.tell(table, row, **changes, updated_at=oldest - DAY, deleted_at=None)


def delete(nights: Nights, dice: random.Random) -> None:
    table = dice.choice([name for name in CHANGED if nights.raw.get(name) and name != "fx_rates"])
    now = nights.stamp()
    nights.tell(table, dice.choice(nights.latest(table)), updated_at=now, deleted_at=now)


def merge(nights: Nights, dice: random.Random) -> None:
    """A record joins an earlier one, or stands for itself again."""
    row = dice.choice(nights.latest("customers"))
    earlier = [r["customer_id"] for r in nights.latest("customers") if r["customer_id"] < row["customer_id"]]
    taken_back = row["merged_into_customer_id"] is not None or not earlier
    into = None if taken_back else dice.choice(earlier)
    nights.tell("customers", row, merged_into_customer_id=into, updated_at=nights.stamp(), deleted_at=None)


def bill_late(nights: Nights, dice: random.Random) -> None:
    """An invoice of any month comes with its lines, like one that was there before."""
    like = dice.choice([r for r in nights.latest("invoices") if r["issued_at"]])
    shift, now, mark = (
        dice.choice([-65, -20, 0, 12, 50]) * DAY,
        nights.stamp(),
        f" late {nights.stamp():%m%d%f}",
    )
    identity = like["invoice_id"] + mark
    moved = {"issued_at": like["issued_at"] + shift, "paid_at": None, "updated_at": now, "deleted_at": None}
    nights.tell("invoices", like, **moved, invoice_id=identity, status="paid")
    for row in nights.latest("invoice_lines"):
        if row["invoice_id"] == like["invoice_id"]:
            span = {name: row[name] + shift for name in ("period_start", "period_end")}
            own = {
                "line_id": row["line_id"] + mark,
                "invoice_id": identity,
                "updated_at": now,
                "deleted_at": None,
            }
            nights.tell("invoice_lines", row, **span, **own)


def move_on(nights: Nights, dice: random.Random) -> None:
    nights.settings["as_of"] += dice.choice([1, 1, 3, 31]) * DAY


CHANGES: list[Callable[[Nights, random.Random], None]] = [
    correct,
    bill_late,
    move_on,
    delete,
    merge,
    repeat,
    arrive_stale,
]


def computed(lake: Lake) -> dict[str, list[Outcome]]:
    return {name: lake.compute(name) for name in lake.tables}


def is_possible(nights: Nights, change: Callable[..., None]) -> bool:
    needed = {bill_late: "invoices", merge: "customers"}.get(change, "customers")
    return bool(nights.raw.get(needed))


# Without shrinking: an example costs seconds, and its seed is enough to repeat it.
@pytest.mark.slow
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(
    seed=st.integers(0, 2**16),
    history=st.lists(st.lists(st.sampled_from(CHANGES), min_size=1, max_size=5), min_size=1, max_size=3),
)
def test_after_any_nights_the_lake_is_what_a_full_rebuild_from_landing_would_be(
    seed: int, history: list[list[Callable[[Nights, random.Random], None]]]
) -> None:
    dice = random.Random(seed)  # noqa: S311 - not a secret
    with TemporaryDirectory() as folder:
        nights = Nights(made_up(Throws(dice), customers=(3, 4, 5)), Path(folder))
        nights.land()
        computed(nights.lake())
        for changes in history:
            nights.next()
            for change in changes:
                if is_possible(nights, change):
                    change(nights, dice)
            nights.land()
            computed(nights.lake())
            assert [n for n in nights.lake().tables if nights.lake().stale(n)] == []
        assert_equal(nights.lake(), nights.rebuilt())


class Throws:
    """Dice that a random number generator throws."""

    def __init__(self, generator: random.Random) -> None:
        self.one_of = generator.choice


def assert_equal(lake: Lake, rebuilt: Lake) -> None:
    computed(rebuilt)
    differing = [name for name in lake.tables if lake.digest(name) != rebuilt.digest(name)]
    told = {
        name: _difference(lake.scan(name).collect(), rebuilt.scan(name).collect()) for name in differing[:3]
    }
    assert told == {}


def _difference(ours: pl.DataFrame, theirs: pl.DataFrame) -> str:
    ours_only = [row for row in ours.rows() if row not in theirs.rows()]
    theirs_only = [row for row in theirs.rows() if row not in ours.rows()]
    return (
        f"{len(ours)} rows, rebuilt {len(theirs)}: only ours {ours_only[:2]}, only rebuilt {theirs_only[:2]}"
    )


def monthly_company(folder: Path) -> Path:
    """Three customers who pay for each month from March to August."""
    source = folder / "source"
    source.mkdir()
    invoices, lines = [], []
    for number in range(18):
        start = datetime(2024, 3 + number % 6, 1, tzinfo=UTC)
        paid = {"issued_at": start, "paid_at": start, "updated_at": start, "customer_id": f"c{number // 6}"}
        served = {
            "period_start": start,
            "period_end": start.replace(month=start.month + 1),
            "updated_at": start,
        }
        subscription = {"subscription_id": f"s{number // 6}"}
        invoices.append(invoice(number, **paid, **subscription))
        lines.append(line(number, **served, **subscription, invoice_id=f"i{number}"))
    write(source, "customers", [customer(number) for number in range(3)])
    write(source, "invoices", invoices)
    write(source, "invoice_lines", lines)
    return source


def write(source: Path, table: str, rows: list[dict[str, Any]]) -> None:
    pl.DataFrame(rows, infer_schema_length=None).write_parquet(source / f"{table}.parquet")


def rewrite(source: Path, table: str, **changes: pl.Expr) -> None:
    path = source / f"{table}.parquet"
    pl.read_parquet(path).with_columns(**changes).write_parquet(path)


def changed(night: Night, table: str) -> list[str]:
    return [outcome.month for outcome in night.outcomes[table] if outcome.is_changed]


def recomputed(night: Night, table: str) -> list[str]:
    return [outcome.month for outcome in night.outcomes[table] if outcome.is_recomputed]


def night_over(source: Path, data: Path, as_of: date = date(2024, 9, 10)) -> Night:
    return nightly(Settings(source=str(source), data_dir=data, as_of=as_of))


@pytest.fixture(scope="module")
def corrected_in_june(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Night, Night, Night]:
    """A first night, a night without news, and one after a line of June was corrected at the source."""
    folder = tmp_path_factory.mktemp("company")
    source = monthly_company(folder)
    nights = [night_over(source, folder / "data"), night_over(source, folder / "data")]
    is_june = pl.col("line_id") == "l3"
    later = pl.lit(datetime(2024, 9, 1, tzinfo=UTC))
    rewrite(
        source,
        "invoice_lines",
        amount=pl.when(is_june).then(pl.lit("130.00")).otherwise("amount"),
        updated_at=pl.when(is_june).then(later).otherwise("updated_at"),
    )
    return folder, nights[0], nights[1], night_over(source, folder / "data")


NightsOfJune = tuple[Path, Night, Night, Night]


def test_a_second_night_without_news_computes_nothing_and_keeps_the_snapshot(
    corrected_in_june: NightsOfJune,
) -> None:
    _, first, second, _ = corrected_in_june
    assert [table for table in second.outcomes if recomputed(second, table)] == []
    assert first.publication is not None
    assert second.publication is not None
    assert (first.publication.is_changed, second.publication.is_changed) == (True, False)
    assert first.publication.snapshot == second.publication.snapshot
    assert second.landing.batch == ""


def test_a_corrected_line_of_june_changes_june_and_what_june_leaves_behind(
    corrected_in_june: NightsOfJune,
) -> None:
    _, _, _, night = corrected_in_june
    assert night.landing.changed == {"invoice_lines": ["2024-06"]}
    for table in ("recurring_lines", "line_state", "currency_months", "customer_months"):
        assert changed(night, table) == ["2024-06"], table
    # July opens with what June closed with; what was paid is part of every later total.
    assert set(changed(night, "mrr_growth")) >= {"2024-06", "2024-07"}
    assert changed(night, "customer_retention") == []


def test_a_correction_recomputes_no_month_before_it(corrected_in_june: NightsOfJune) -> None:
    _, _, _, night = corrected_in_june
    for table in night.outcomes:
        assert [month for month in recomputed(night, table) if month < "2024-06"] == [], table


def test_the_lake_behind_every_kept_snapshot_is_whole(corrected_in_june: NightsOfJune) -> None:
    folder, first, _, last = corrected_in_june
    data = folder / "data"
    history = json.loads((data / "published" / "current.json").read_text())["history"]
    assert [entry["snapshot"] for entry in history] == [last.publication.snapshot, first.publication.snapshot]
    for entry in history:
        for store in ("lake", "landing"):
            text = (data / store / "manifests" / f"{entry[store]}.json").read_text()
            parts = [part for table in Manifest.from_json(text).tables.values() for part in table.values()]
            assert parts
            assert all((data / store / part.file).exists() for part in parts)


def test_a_ripple_that_changed_nothing_is_not_followed(corrected_in_june: NightsOfJune) -> None:
    _, _, _, night = corrected_in_june
    assert set(recomputed(night, "line_state")) <= {"2024-06", "2024-07"}
    assert set(recomputed(night, "currency_months")) <= {"2024-06", "2024-07"}
    assert recomputed(night, "merges") == []


def test_a_source_that_was_corrected_and_one_that_was_right_publish_the_same(
    corrected_in_june: NightsOfJune, tmp_path: Path
) -> None:
    folder, _, _, night = corrected_in_june
    fresh = night_over(folder / "source", tmp_path / "fresh")
    assert night.publication is not None
    assert fresh.publication is not None
    assert night.publication.metrics == fresh.publication.metrics
    ours, theirs = (_metrics_in(publication.folder) for publication in (night.publication, fresh.publication))
    assert ours == theirs
    assert len(ours) == len(PUBLISHED)


def _metrics_in(folder: Path) -> dict[str, bytes]:
    """What is the same whenever it is made: the history of checks, and the manifest that counts it, tell of each run."""
    files = [path for path in folder.glob("*.parquet") if path.stem != "validation_history"]
    return {path.name: path.read_bytes() for path in files}


def test_nights_through_the_real_landing_end_where_one_night_over_all_of_it_does(tmp_path: Path) -> None:
    """Late rows, deletes, a merge and its taking back, while the as-of moves on."""
    source, data = monthly_company(tmp_path), tmp_path / "data"
    lines = pl.read_parquet(source / "invoice_lines.parquet")
    lines.filter(pl.col("line_id") != "l9").write_parquet(source / "invoice_lines.parquet")
    night_over(source, data, date(2024, 8, 20))
    lines.write_parquet(source / "invoice_lines.parquet")
    into = customer(1, merged_into_customer_id="c0", updated_at=at("2024-07-01"))
    write(source, "customers", [customer(0), into, customer(2)])
    merged = night_over(source, data, date(2024, 8, 31))
    assert changed(merged, "merges") == ["whole"]
    taken_back = pl.when(pl.col("customer_id") == "c1").then(pl.lit(at("2024-07-02"))).otherwise("updated_at")
    rewrite(source, "customers", merged_into_customer_id=pl.lit(None, pl.String), updated_at=taken_back)
    lines.filter(pl.col("line_id") != "l13").write_parquet(source / "invoice_lines.parquet")
    night_over(source, data, date(2024, 9, 10))
    settings_ = Settings(source=str(source), data_dir=data, as_of=date(2024, 9, 10))
    lake = open_lake(settings_)
    assert lake.scan("merges").collect().is_empty()
    assert lake.landed.between("invoice_lines", "2024-04", "2024-04").keys() >= {"2024-04/000003-gone"}
    assert_equal(lake, Lake(Store(tmp_path / "fresh"), lake.landing, lake.tables, lake.calendar, lake.policy))
