"""A tiny catalogue: some shops, what they sold, and one table for every way of reading."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, count, day, identifier, instant, key, text, whole
from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.outcome import Outcome
from loyalty_pipeline.lake.specification import Specification, TableFunction, specify
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Calendar, Window, business_month, instant_literal
from loyalty_pipeline.reads import (
    ByMonth,
    CountedUntil,
    Following,
    Later,
    PeriodMonths,
    Previous,
    Through,
    Whole,
)

AS_OF = date(2024, 5, 10)
POLICY = {"timezone": "UTC", "bonus": 0, "least": 0}


class Sale(Table):
    """One row per sale, as the till says."""

    sale_id = key("The sale.")
    shop = identifier("Where it was made.")
    amount = whole("What it brought.", unit="euro")
    sold_at = instant("When it was made.", event=True)


class ShopName(Table):
    """One row per shop, as its sign says."""

    shop = key("The shop.")
    name = text("What stands over its door.")


class Payment(Table):
    """One row per sale that counts."""

    month = day("The month it belongs to.", key=True)
    sale_id = key("The sale.")
    shop = identifier("Where it was made.")
    occurred_at = instant("When it was made.")
    amount = whole("What it brought, in whole tens.", unit="euro")


class Sign(Table):
    """One row per shop with a name."""

    shop = key("The shop.")
    name = text("Its name in capitals.")


class Balance(Table):
    """One row per shop that ever sold."""

    shop = key("The shop.")
    amount = whole("What it brought so far.", unit="euro")

    @dy.rule()
    def nobody_owes(cls) -> pl.Expr:
        return pl.col("amount") >= 0


class Outlook(Table):
    """One row per shop that sells in the month after."""

    shop = key("The shop.")
    amount = whole("What it will bring.", unit="euro")


class SoFar(Table):
    """One row per month."""

    payments = count("Payments up to its end.", of="payments")


class QuarterBalance(Table):
    """One row per shop."""

    shop = key("The shop.")
    highest = whole("The highest balance in the months of the longest period.", unit="euro")


class NextSale(Table):
    """One row per month."""

    months_looked_at = count("Months until somebody sold again.", of="months")


class NamedBalance(Table):
    """One row per shop with a name."""

    shop = key("The shop.")
    label = text("Its name and its balance.")


def payments(sales: dy.LazyFrame[Sale], until: CountedUntil, timezone: str) -> ByMonth[Payment]:
    """Sales before the as-of, to the ten below: small corrections change nothing."""
    latest = sales.sort("_batch").unique("sale_id", keep="last")
    return latest.filter(pl.col("sold_at") < instant_literal(until)).select(
        "sale_id",
        "shop",
        month=business_month("sold_at", timezone),
        occurred_at="sold_at",
        amount=pl.col("amount") // 10 * 10,
    )


def signs(names: Whole[ShopName]) -> dy.LazyFrame[Sign]:
    return (
        names.sort("_batch")
        .unique("shop", keep="last")
        .select("shop", name=pl.col("name").str.to_uppercase())
    )


def balances(
    window: Window,  # noqa: ARG001 - makes the table one of months
    previous: Previous[Balance],
    payments: dy.LazyFrame[Payment],
    bonus: int,
) -> dy.LazyFrame[Balance]:
    added = payments.select("shop", amount=pl.col("amount") + bonus)
    return pl.concat([previous, added]).group_by("shop").agg(pl.col("amount").sum())


def outlooks(window: Window, ahead: Following[Payment]) -> dy.LazyFrame[Outlook]:  # noqa: ARG001
    return ahead.group_by("shop").agg(pl.col("amount").sum())


def so_far(window: Window, payments: Through[Payment], least: int) -> dy.LazyFrame[SoFar]:  # noqa: ARG001
    return payments.filter(pl.col("amount") >= least).select(payments=pl.len().cast(pl.Int64))


def quarter_balances(window: Window, balances: PeriodMonths[Balance]) -> dy.LazyFrame[QuarterBalance]:
    return balances.since(window.first_opening_month).group_by("shop").agg(highest=pl.col("amount").max())


def next_sales(window: Window, later: Later[Payment]) -> dy.LazyFrame[NextSale]:  # noqa: ARG001
    looked_at = 0
    for month in later:
        looked_at += 1
        if month.collect().height:
            break
    return pl.LazyFrame({"months_looked_at": [looked_at]})


def named_balances(
    window: Window,  # noqa: ARG001 - makes the table one of months
    balances: dy.LazyFrame[Balance],
    signs: Whole[Sign],
) -> dy.LazyFrame[NamedBalance]:
    return balances.join(signs, on="shop").select("shop", label=pl.format("{} {}", "name", "amount"))


RAW: dict[str, type[dy.Schema]] = {"sales": Sale, "shop_names": ShopName}
FUNCTIONS = [payments, signs, balances, outlooks, so_far, quarter_balances, next_sales, named_balances]
MONTHLY = ["balances", "outlooks", "so_far", "quarter_balances", "next_sales", "named_balances"]
SALES = [
    ("s1", "north", 100, "2024-01-15"),
    ("s2", "north", 200, "2024-02-15"),
    ("s3", "south", 300, "2024-02-16"),
    ("s4", "north", 400, "2024-04-20"),
    ("s5", "south", 500, "2024-05-05"),
]


def toy_tables() -> dict[str, Specification]:
    return specify(FUNCTIONS, RAW)


def rewritten(
    tables: dict[str, Specification], name: str, function: TableFunction | None = None
) -> dict[str, Specification]:
    """The catalogue after somebody changed one table's function."""
    made_by = function or tables[name].function
    made_by.__name__ = name
    return tables | {name: replace(tables[name], code="changed", function=made_by)}


class Shops:
    """A landing of shops and the lake over it. Every landing is a batch of its own."""

    def __init__(self, root: Path, sales: list[tuple[str, str, int, str]] | None = None) -> None:
        self.root, self.batches = root, 0
        self.landing = Store(root / "landing")
        self.sell(*(SALES if sales is None else sales))
        self.name_shops(north="North Gate", south="South Bank")

    def sell(self, *sales: tuple[str, str, int, str]) -> None:
        rows = [
            {
                "sale_id": s,
                "shop": shop,
                "amount": amount,
                "sold_at": datetime.fromisoformat(on).replace(tzinfo=UTC),
            }
            for s, shop, amount, on in sales
        ]
        self._land("sales", rows, lambda row: f"{row['sold_at']:%Y-%m}")

    def name_shops(self, **names: str) -> None:
        self._land("shop_names", [{"shop": s, "name": n} for s, n in names.items()], lambda _: "2024-01")

    def lake(
        self,
        *,
        as_of: date = AS_OF,
        tables: dict[str, Specification] | None = None,
        folder: str = "lake",
        **policy: Any,
    ) -> Lake:
        calendar = Calendar("UTC", 1, as_of)
        return Lake(
            Store(self.root / folder), self.landing, tables or toy_tables(), calendar, POLICY | policy
        )

    def _land(self, table: str, rows: list[dict[str, Any]], month_of: Any) -> None:
        self.batches += 1
        manifest = self.landing.read()
        for month in sorted({month_of(row) for row in rows}):
            part = f"{month}/{self.batches:06d}"
            mine = [row for row in rows if month_of(row) == month]
            schema = {name: column.dtype for name, column in RAW[table].columns().items()}
            frame = pl.DataFrame(mine, schema=schema).with_columns(_batch=pl.lit(f"{self.batches:06d}"))
            latest = max(row["sold_at"] for row in mine).isoformat() if table == "sales" else ""
            entry = self.landing.write(table, part, frame, latest=latest)
            manifest.tables.setdefault(table, {})[part] = entry
        self.landing.commit(manifest)


def computed(lake: Lake, *, is_full: bool = False) -> dict[str, list[Outcome]]:
    """Bring every table up to date."""
    return {name: lake.compute(name, is_full=is_full) for name in lake.tables}


def recomputed(lake: Lake) -> dict[str, list[str]]:
    """Bring every table up to date and say which of its tasks were stale."""
    outcomes = computed(lake)
    return {n: [o.month for o in made if o.is_recomputed] for n, made in outcomes.items() if _any(made)}


def digests(lake: Lake) -> dict[str, str]:
    return {name: lake.digest(name) for name in lake.tables}


def _any(outcomes: list[Outcome]) -> bool:
    return any(outcome.is_recomputed for outcome in outcomes)
