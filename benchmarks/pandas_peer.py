"""The benchmark's second yardstick: `mrr_growth` and `churn` in pandas, from the same raw Parquet folder.

Amounts are 64-bit floats, as is usual in pandas, and rounded where the definitions round: a published amount may miss
the exact one by a cent. Time is UTC, and there is one reporting currency, EUR: the benchmark's company asks no more.
"""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.pandas_lines import customer_versions, held_lines, read, roots_of, rounded
from benchmarks.pandas_rates import KEY, churn, mrr_growth

REPORTING_CURRENCY, MRR_FLOOR = "EUR", 0.5
NOTHING = 0.00005
"""Floats that differ by less are the same amount of 4 places."""
DAY = pd.Timedelta(days=1)
UNKNOWN = "(unknown)"
SEGMENTS = (
    "country",
    "region",
    "language",
    "customer_segment",
    "acquisition_channel",
    "age_band",
    "plan",
)
MOVEMENTS = ("new", "reactivated", "expanded", "contracted", "churned")


def main() -> None:
    """Read the raw tables of `--source`, write one Parquet file a table to `--out`."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True, help="folder of raw Parquet tables")
    parser.add_argument("--out", type=Path, required=True, help="folder for the two tables")
    parser.add_argument(
        "--as-of", type=date.fromisoformat, required=True, help="first day that does not count"
    )
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    totals = totals_of(options.source, pd.Timestamp(options.as_of, tz="UTC"))
    mrr_growth(totals).to_parquet(options.out / "mrr_growth.parquet", index=False)
    churn(totals).to_parquet(options.out / "churn.parquet", index=False)


def totals_of(source: Path, as_of: pd.Timestamp) -> pd.DataFrame:
    """Amounts and customers of every period and segment value."""
    versions = customer_versions(source)
    lines, first_month = held_lines(source, roots_of(versions), as_of)
    rates = daily_rates(source, lines["currency"].unique(), first_month, as_of)
    first_active = lines[lines["mrr"] > 0].groupby("customer_id")["starts_at"].min()
    periods = list(periods_of(first_month, as_of))
    boundaries = sorted({day for period in periods for day in (period["opening"], period["closing"])})
    states = {day: state_at(lines, rates, day) for day in boundaries}
    known = {day: attributes_at(versions, day) for day in {period["closing"] for period in periods}}
    rows = []
    for period in periods:
        moved = moved_customers(period, states, rates, first_active)
        rows.append(segment_sums(with_segments(moved, known[period["closing"]], period), period))
    totals = pd.concat(rows, ignore_index=True)
    amounts = [name for name in totals.columns if name.endswith("_mrr")]
    return totals.assign(arr=rounded(12 * totals["closing_mrr"], 2), **rounded(totals[amounts], 2))


def periods_of(first_month: pd.Timestamp, as_of: pd.Timestamp) -> Iterator[dict[str, object]]:
    """Months, quarters and years from the first activity to the as-of."""
    for name, frequency, months in (("month", "MS", 1), ("quarter", "QS", 3), ("year", "YS", 12)):
        length = pd.DateOffset(months=months)
        begins = pd.Timestamp(first_month.year, (first_month.month - 1) // months * months + 1, 1, tz="UTC")
        for start in pd.date_range(begins, as_of - pd.Timedelta(days=1), freq=frequency):
            end = start + length
            yield {"period": name, "opening": start, "closing": min(end, as_of), "period_start": start.date(),
                   "period_end": end.date(), "is_complete": end <= as_of}  # fmt: skip


def daily_rates(
    source: Path, currencies: list[str], since: pd.Timestamp, as_of: pd.Timestamp
) -> pd.DataFrame:
    """A row a day and a column a currency; before the first rate the first one holds."""
    stated = read(source, "fx_rates", "rate_date currency rate updated_at")
    latest = stated.dropna(subset=["currency"]).sort_values("updated_at")
    latest = latest.drop_duplicates(["rate_date", "currency"], keep="last")
    days = pd.date_range(since - pd.DateOffset(years=1), as_of, tz="UTC")
    table = latest.pivot_table(index="rate_date", columns="currency", values="rate", aggfunc="last")
    table.index = pd.to_datetime(table.index, utc=True)
    table = table.reindex(table.index.union(days)).ffill().bfill()
    return table.assign(**{REPORTING_CURRENCY: 1.0}).reindex(days)[list(currencies)]


def state_at(lines: pd.DataFrame, rates: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """MRR by customer, plan and currency at a boundary, at its rate."""
    held = lines[(lines["starts_at"] < day) & (lines["ends_at"] >= day)]
    state = held.groupby(["customer_id", "plan_id", "currency"], dropna=False, observed=True, sort=False)[
        "mrr"
    ]
    sums = state.sum().reset_index()
    converted = rounded(sums["mrr"] * sums["currency"].map(rates.loc[day - DAY]).astype(float), 4)
    sums.attrs["day"] = day
    return sums.assign(converted=converted)


def customers_of(state: pd.DataFrame, rates: pd.DataFrame, closing: pd.Timestamp) -> pd.DataFrame:
    """MRR by customer; what is below the floor is none. Also revalued at the closing's rates, and the top plan."""
    money = state.groupby(["customer_id", "currency"], sort=False, observed=True)[["mrr"]].sum().reset_index()
    at_own, at_closing = (
        rounded(money["mrr"] * money["currency"].map(rates.loc[day - DAY]).astype(float), 4)
        for day in (state.attrs["day"], closing)
    )
    sums = pd.DataFrame({"mrr": at_own, "revalued": at_closing}).groupby(money["customer_id"]).sum().round(4)
    plans = (
        state.groupby(["customer_id", "plan_id"], dropna=False, sort=False)["converted"].sum().reset_index()
    )
    plans = plans.sort_values(["converted", "plan_id"], ascending=[False, True], na_position="last")
    top = plans.drop_duplicates("customer_id").set_index("customer_id")["plan_id"]
    return sums.assign(plan=top)[sums["mrr"] >= MRR_FLOOR]


def moved_customers(
    period: dict[str, object],
    states: dict[object, pd.DataFrame],
    rates: pd.DataFrame,
    first_active: pd.Series,
) -> pd.DataFrame:
    """One row a customer with MRR at either end."""
    closes = period["closing"]
    before = customers_of(states[period["opening"]], rates, closes).add_suffix("_before")
    after = customers_of(states[closes], rates, closes).add_suffix("_after")
    both = before.join(after, how="outer")
    plan = both["plan_before"].where(both["mrr_before"].notna(), both["plan_after"]).fillna(UNKNOWN)
    was, now = both["mrr_before"].notna(), both["mrr_after"].notna()
    opening, revalued, closing = (
        both[name].fillna(0.0) for name in ("mrr_before", "revalued_before", "mrr_after")
    )
    is_new = first_active.reindex(both.index) >= period["opening"]
    change = (closing - revalued).round(4)
    movement = np.select(
        [~was & is_new, ~was, ~now, change > 0, change < 0],
        ["new", "reactivated", "churned", "expanded", "contracted"], "steady",
    )  # fmt: skip
    moved = np.select([~was, ~now], [closing, revalued], change.abs())
    return pd.DataFrame({"plan": plan, "movement": movement, "moved": moved, "opening_mrr": opening, "closing_mrr": closing,
                         "revalued_opening_mrr": revalued, "fx_mrr": revalued - opening, "opening_customers": was,
                         "closing_customers": now, "fx_customers": (revalued - opening).abs() > NOTHING})  # fmt: skip


def attributes_at(versions: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The latest version before a boundary, or the first."""
    known = versions[(versions["updated_at"] < day) | versions["is_first"]]
    return known.drop_duplicates("customer_id", keep="last").set_index("customer_id")


def with_segments(moved: pd.DataFrame, known: pd.DataFrame, period: dict[str, object]) -> pd.DataFrame:
    """Everybody with the attributes as they were at the closing."""
    rows = moved.join(known.drop(columns=["updated_at", "is_first"]))
    age = period["period_start"].year - rows["birth_year"].astype(float)
    bands = pd.cut(
        age, [-np.inf, 24, 34, 44, 54, 64, np.inf], labels=["<25", "25-34", "35-44", "45-54", "55-64", "65+"]
    )
    words = {name: rows[name].fillna(UNKNOWN) for name in SEGMENTS if name in rows}
    return rows.assign(**words, age_band=bands.astype(object).fillna(UNKNOWN), all="all")


def segment_sums(rows: pd.DataFrame, period: dict[str, object]) -> pd.DataFrame:
    """Sums over everybody and over each value of each segment."""
    measures = [name for name in rows.columns if name.endswith(("_mrr", "_customers"))]
    for name in MOVEMENTS:
        is_such = rows["movement"] == name
        rows[f"{name}_mrr"], rows[f"{name}_customers"] = rows["moved"].where(is_such, 0.0), is_such
        measures += [f"{name}_mrr", f"{name}_customers"]
    cuts = []
    for segment in ("all", *SEGMENTS):
        cut = rows.groupby(segment, observed=True)[measures].sum()
        if segment == "all":
            cut = cut.reindex(["all"], fill_value=0)
        cuts.append(cut.rename_axis("segment_value").reset_index().assign(segment_by=segment))
    told = {name: value for name, value in period.items() if name in KEY}
    return pd.concat(cuts, ignore_index=True).assign(**told)


if __name__ == "__main__":
    main()
