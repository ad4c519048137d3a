"""The recurring lines of the pandas program: MRR of each, when it holds, and whose it is."""

from pathlib import Path

import numpy as np
import pandas as pd

DELINQUENCY, GRACE = pd.Timedelta(days=30), pd.Timedelta(days=3)
COUNTED = ("open", "paid", "uncollectible")
WORDS = ["country", "region", "language", "customer_segment", "acquisition_channel"]
MONTHS = {"month": 1.0, "quarter": 3.0, "year": 12.0, "week": 12 / 52, "day": 12 / 365}
STEPS = {
    "day": {"days": 1},
    "week": {"days": 7},
    "month": {"months": 1},
    "quarter": {"months": 3},
    "year": {"months": 12},
}
NEVER = pd.Timestamp("2262-01-01", tz="UTC")


def read(source: Path, table: str, columns: str) -> pd.DataFrame:
    """Read some columns of a raw table, without rows that claim to have changed in the future."""
    rows = pd.read_parquet(source / f"{table}.parquet", columns=columns.split(), dtype_backend="pyarrow")
    instants = {name: rows[name].astype("datetime64[us, UTC]") for name in rows if name.endswith("_at")}
    return rows.assign(**instants)[lambda r: r["updated_at"] <= pd.Timestamp.now(tz="UTC")]


def latest(rows: pd.DataFrame, key: str) -> pd.DataFrame:
    """The last version of each key, unless it was deleted. Few keys have several: only those are sorted."""
    rows = rows[rows[key].notna()]
    is_repeated = rows[key].duplicated(keep=False)
    last = rows[is_repeated].sort_values("updated_at", kind="stable").drop_duplicates(key, keep="last")
    found = pd.concat([rows[~is_repeated], last])
    return found[found["deleted_at"].isna()].drop(columns=["updated_at", "deleted_at"])


def customer_versions(source: Path) -> pd.DataFrame:
    """Every version of every customer record in the order of time, and whether it is the first."""
    columns = f"customer_id merged_into_customer_id birth_year updated_at deleted_at {' '.join(WORDS)}"
    rows = read(source, "customers", columns).dropna(subset=["customer_id"])
    rows = rows.drop_duplicates(["customer_id", "updated_at"]).sort_values(["customer_id", "updated_at"])
    gone = rows.drop_duplicates("customer_id", keep="last").loc[
        lambda r: r["deleted_at"].notna(), "customer_id"
    ]
    rows = rows[~rows["customer_id"].isin(gone)]
    words = {name: rows[name].where(rows[name].str.strip() != "") for name in WORDS}
    return rows.drop(columns="deleted_at").assign(is_first=~rows["customer_id"].duplicated(), **words)


def roots_of(versions: pd.DataFrame) -> pd.Series:
    """The customer of each record, merges followed to their root."""
    last = versions.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    into = last["merged_into_customer_id"].dropna()
    root = pd.Series(last.index, index=last.index).astype("string[pyarrow]")
    root.loc[into.index] = into
    while (moves := root.isin(into.index)).any():
        root.loc[moves] = root[moves].map(into)
    return root


def held_lines(source: Path, roots: pd.Series, as_of: pd.Timestamp) -> tuple[pd.DataFrame, pd.Timestamp]:
    """Recurring lines with their MRR, extended over late renewals and cut where nobody paid; and the first month."""
    invoices = billed_invoices(source, roots, as_of)
    columns = "line_id invoice_id subscription_id plan_id kind amount period_start period_end interval interval_count proration"
    raw = read(source, "invoice_lines", f"{columns} updated_at deleted_at")
    usable = raw["amount"].notna() & (
        (raw["kind"] != "recurring") | (raw["period_end"] > raw["period_start"])
    )
    lines = latest(raw[usable], "line_id").query("kind == 'recurring'")
    lines = lines.rename(columns={"period_start": "starts_at", "period_end": "ends_at"})
    spans = {name: lines[name].astype("datetime64[us, UTC]") for name in ("starts_at", "ends_at")}
    lines = lines.assign(**spans, amount=lines["amount"].astype(float))[lambda r: r["starts_at"] < as_of]
    lines = lines.merge(invoices.drop(columns="paid_at"), on="invoice_id").reset_index(drop=True)
    first = min(lines["starts_at"].min(), invoices["paid_at"].min()).normalize().replace(day=1)
    lines["mrr"] = monthly(lines)
    renewed = lines.merge(gaps(lines), on=["subscription_id", "ends_at"], how="left")["renewed_at"]
    lines["ends_at"] = renewed.fillna(lines["ends_at"]).clip(upper=lines["cut_at"].fillna(NEVER))
    uncut = lines["cut_at"].isna() | (lines["cut_at"] > lines["starts_at"])
    return lines.loc[uncut, ["customer_id", "plan_id", "currency", "starts_at", "ends_at", "mrr"]], first


def billed_invoices(source: Path, roots: pd.Series, as_of: pd.Timestamp) -> pd.DataFrame:
    """Invoices that count, their customer, when an unpaid one stops to, and when one was paid before the as-of."""
    columns = "invoice_id customer_id status issued_at due_at paid_at currency updated_at deleted_at"
    rows = latest(read(source, "invoices", columns), "invoice_id")
    rows = rows[rows["status"].isin(COUNTED) & (rows["issued_at"] < as_of)]
    paid_at = rows["paid_at"].fillna(rows["issued_at"]).where(rows["status"] == "paid")
    is_paid = paid_at < as_of
    cut_at = (rows["due_at"].fillna(rows["issued_at"]) + DELINQUENCY).where(~is_paid)
    found = rows.assign(
        customer_id=rows["customer_id"].map(roots), cut_at=cut_at, paid_at=paid_at.where(is_paid)
    )
    return found[["invoice_id", "customer_id", "currency", "cut_at", "paid_at"]].dropna(
        subset=["customer_id"]
    )


def monthly(lines: pd.DataFrame) -> pd.Series:
    """What a line is worth a month, by its interval, its proration or its own term, to 4 places."""
    is_known = lines["interval"].notna()
    is_part = is_known & lines["proration"].fillna(value=False).astype(bool)
    per = lines["interval"].map(MONTHS).astype(float) * lines["interval_count"].fillna(1).astype(float)
    mrr = lines["amount"] / per
    mrr = mrr.where(~is_part, mrr * scale_of(lines[is_part]).reindex(lines.index))
    mrr = mrr.where(is_known, lines["amount"] / term_of(lines[~is_known]).reindex(lines.index))
    return rounded(mrr, 4)


def scale_of(parts: pd.DataFrame) -> pd.Series:
    """How much longer the whole interval is that ends where a proration ends."""
    begins = pd.Series(pd.NaT, index=parts.index, dtype="datetime64[us, UTC]")
    for (interval, count), rows in parts.groupby(["interval", parts["interval_count"].fillna(1)]):
        step = pd.DateOffset(**{unit: size * int(count) for unit, size in STEPS[interval].items()})
        begins.loc[rows.index] = rows["ends_at"] - step
    return (parts["ends_at"] - begins) / (parts["ends_at"] - parts["starts_at"])


def term_of(lines: pd.DataFrame) -> pd.Series:
    """Calendar months of a line: whole ones where it has them, else counted back from its end."""
    start, end = lines["starts_at"], lines["ends_at"]
    months = (end.dt.year - start.dt.year) * 12 + end.dt.month - start.dt.month
    before, after = shifted(end, -months), shifted(start, months)
    is_exact = (months >= 1) & ((after == end) | (before == start))
    whole = months.where(before >= start, months - 1)
    edge, earlier = shifted(end, -whole), shifted(end, -whole - 1)
    return months.where(is_exact, whole + (edge - start) / (edge - earlier)).astype(float)


def shifted(instants: pd.Series, months: pd.Series) -> pd.Series:
    """That many calendar months later, each by its own number."""
    found = instants.copy()
    for number, rows in instants.groupby(months):
        found.loc[rows.index] = rows + pd.DateOffset(months=int(number))
    return found


def rounded(amounts: pd.Series, places: int) -> pd.Series:
    """Rounded half away from zero, where a float is as near to a half as floats get."""
    scaled = amounts * 10**places
    return np.trunc(scaled + np.copysign(0.5 + 1e-6, scaled)) / 10**places


def gaps(lines: pd.DataFrame) -> pd.DataFrame:
    """Ends of stretches of a subscription that a late renewal follows."""
    ordered = lines.loc[lines["subscription_id"].notna(), ["subscription_id", "starts_at", "ends_at"]]
    ordered = ordered.sort_values(["subscription_id", "starts_at"])
    by = ordered["subscription_id"]
    ends_at = ordered.groupby(by, sort=False)["ends_at"].cummax()
    renewed_at = ordered.groupby(by, sort=False)["starts_at"].shift(-1)
    is_late = (renewed_at > ends_at) & (renewed_at <= ends_at + GRACE)
    found = pd.DataFrame({"subscription_id": by, "ends_at": ends_at, "renewed_at": renewed_at})[is_late]
    return found.drop_duplicates(["subscription_id", "ends_at"])
