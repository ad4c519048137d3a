"""The CDNOW sample of Fader & Hardie's papers, and customers simulated from known parameters."""

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

CDNOW = Path(__file__).parents[2].parent / "shared" / "data" / "cdnow"
CALIBRATION_END = date(1997, 9, 30)


@pytest.fixture(scope="session")
def cdnow_purchase_days() -> pl.DataFrame:
    """One row per customer and day of the sample file: purchases of the same day count as one."""
    lines = (CDNOW / "CDNOW_sample.txt").read_text().splitlines()
    fields = [line.split() for line in lines]
    return (
        pl.DataFrame(fields, schema=["customer", "sample", "day", "discs", "dollars"], orient="row")
        .with_columns(pl.col("day").str.to_date("%Y%m%d"), pl.col("dollars").cast(pl.Float64))
        .group_by("sample", "day")
        .agg(pl.col("dollars").sum())
        .sort("sample", "day")
    )


@pytest.fixture(scope="session")
def cdnow_holdout_purchases(cdnow_purchase_days) -> int:
    return cdnow_purchase_days.filter(pl.col("day") > CALIBRATION_END).height


@pytest.fixture(scope="session")
def cdnow_customers(cdnow_purchase_days) -> pl.DataFrame:
    """One row per customer of the sample file, calibrated on its purchase days up to 30 September 1997."""
    days = cdnow_purchase_days.filter(pl.col("day") <= CALIBRATION_END)
    first, last = pl.col("day").first(), pl.col("day").last()
    return (
        days.group_by("sample", maintain_order=True)
        .agg(
            frequency=pl.len().cast(pl.Int64) - 1,
            recency=(last - first).dt.total_days() / 7,
            t=(pl.lit(CALIBRATION_END) - first).dt.total_days() / 7,
            mean_spend=pl.col("dollars").slice(1).mean(),
        )
        .with_columns(customers=pl.lit(1, dtype=pl.Int64))
    )


@pytest.fixture(scope="session")
def cdnow_histories(cdnow_customers) -> pl.DataFrame:
    return cdnow_customers.group_by("frequency", "recency", "t", maintain_order=True).agg(
        pl.col("customers").sum()
    )


@pytest.fixture(scope="session")
def cdnow_summary() -> pl.DataFrame:
    """The published frequency, recency and T, rounded to two places."""
    return pl.read_csv(CDNOW / "cdnow_customers_summary.csv")


@pytest.fixture(scope="session")
def simulated_customers() -> pl.DataFrame:
    """20,000 customers of BG/NBD (0.8, 5, 1.2, 3) with gamma-gamma spend (6, 4, 15), seen for 20 to 100 weeks."""
    rng = np.random.default_rng(20_050_412)
    rows = []
    for t in rng.uniform(20, 100, 20_000):
        rate, dropout, nu = rng.gamma(0.8, 1 / 5), rng.beta(1.2, 3), rng.gamma(4, 1 / 15)
        at, frequency, recency = rng.exponential(1 / rate), 0, 0.0
        while at <= t:
            frequency, recency = frequency + 1, at
            if rng.random() < dropout:
                break
            at += rng.exponential(1 / rate)
        mean_spend = rng.gamma(6 * frequency, 1 / nu) / frequency if frequency else None
        rows.append((frequency, recency, t, mean_spend, 1))
    columns = {
        "frequency": pl.Int64,
        "recency": pl.Float64,
        "t": pl.Float64,
        "mean_spend": pl.Float64,
        "customers": pl.Int64,
    }
    return pl.DataFrame(rows, schema=columns, orient="row")
