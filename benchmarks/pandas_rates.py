"""The rates of the pandas program, from sums over each segment."""

import numpy as np
import pandas as pd

NORMAL_95 = 1.959963984540054
KEY = ["period", "period_start", "period_end", "is_complete", "segment_by", "segment_value"]


def over(part: pd.Series, whole: pd.Series) -> pd.Series:
    """Null where the whole is zero."""
    return part / whole.astype(float).where(whole != 0)


def mrr_growth(t: pd.DataFrame) -> pd.DataFrame:
    """The table as published, but for trials and pauses, which invoices do not know."""
    lost = t["contracted_mrr"] + t["churned_mrr"]
    growth = over(t["expanded_mrr"] - lost, t["revalued_opening_mrr"])
    names = [name for name in t.columns if name.endswith(("_mrr", "_customers"))]
    return t[[*KEY, *names, "arr"]].assign(
        mrr_growth_rate=over(t["closing_mrr"] - t["opening_mrr"], t["opening_mrr"]),
        existing_mrr_growth_rate=growth, nrr=1 + growth, grr=1 - over(lost, t["revalued_opening_mrr"]),
        quick_ratio=over(t["new_mrr"] + t["reactivated_mrr"] + t["expanded_mrr"], lost),
        arpa=over(t["closing_mrr"], t["closing_customers"]),
    )  # fmt: skip


def churn(t: pd.DataFrame) -> pd.DataFrame:
    """The table as published."""
    t = t[(t["segment_by"] == "all") | (t["opening_customers"] > 0)]
    n, rate = t["opening_customers"].astype(float), over(t["churned_customers"], t["opening_customers"])
    middle, stretch = rate + NORMAL_95**2 / (2 * n), 1 + NORMAL_95**2 / n
    spread = NORMAL_95 * np.sqrt(rate * (1 - rate) / n + NORMAL_95**2 / (4 * n * n))
    names = [
        "opening_customers",
        "churned_customers",
        "revalued_opening_mrr",
        "churned_mrr",
        "contracted_mrr",
        "expanded_mrr",
    ]
    lost = t["churned_mrr"] + t["contracted_mrr"]
    return t[[*KEY, *names]].assign(
        customer_churn_rate=rate, customer_churn_rate_low=(middle - spread) / stretch,
        customer_churn_rate_high=(middle + spread) / stretch, gross_mrr_churn_rate=over(lost, t["revalued_opening_mrr"]),
        net_mrr_churn_rate=over(lost - t["expanded_mrr"], t["revalued_opening_mrr"]),
    )  # fmt: skip
