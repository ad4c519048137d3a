"""A small company with nothing random: three customers who pay month by month from February to June 2024.

Ann and Bob pay in euros, Cem in dollars. Ann brought Bob, and has a second record that bought one thing in May. The as-of is
20 June.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from loyalty_pipeline.lake.outcome import Outcome
from loyalty_pipeline.pipeline import open_lake
from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.companies import Row
from tests.nights.company import Company, key_of

MONTHS = (2, 3, 4, 5, 6)
NAMES = {"ann": "EUR", "bob": "EUR", "cem": "USD"}
Made = dict[str, str]
"""Table -> the months in which it was computed again, with a `*` where it came out otherwise."""


def on(day: str) -> datetime:
    """That day of 2024 at noon."""
    return datetime.fromisoformat(f"2024-{day}T12:00").replace(tzinfo=UTC)


def shop() -> Company:
    company = Company({}, {"as_of": date(2024, 6, 20), "mrr_source": "invoice_lines", "timezone": "UTC"})
    for name in NAMES:
        company.say("customers", record(name))
    for month in MONTHS:
        for name in NAMES:
            bill(company, name, month)
    company.say("customers", record("ann2"))
    bill(company, "ann2", 5, kind="usage")
    for day, rate in ((date(2024, 1, 15), 0.9), (date(2024, 4, 10), 0.8)):
        quote(company, day, rate)
    referral = {"referral_id": "r1", "advocate_customer_id": "ann", "referred_customer_id": "bob"}
    came = {"sent_at": on("03-02"), "converted_at": on("03-02"), "updated_at": on("03-02")}
    company.say("referrals", referral | came)
    return company


def record(name: str, **changes: Any) -> Row:
    return {
        "customer_id": name,
        "created_at": on("01-10"),
        "country": "DE",
        "merged_into_customer_id": None,
        "updated_at": on("01-10"),
    } | changes


def bill(company: Company, name: str, month: int, day: int = 1, kind: str = "recurring") -> None:
    """An invoice with one line for a month from the day on, paid at once."""
    start = datetime(2024, month, day, tzinfo=UTC)
    paid_at = start + timedelta(hours=1)
    own = {"invoice_id": f"{name} {month}", "subscription_id": f"s {name}", "updated_at": paid_at}
    invoice = {
        "customer_id": name,
        "status": "paid",
        "issued_at": start,
        "paid_at": paid_at,
        "currency": NAMES.get(name, "EUR"),
        "total": Decimal(10),
    }
    line = {
        "line_id": f"{name} {month}",
        "plan_id": "basic",
        "kind": kind,
        "amount": Decimal(10),
        "period_start": start,
        "period_end": start.replace(month=month + 1),
        "interval": "month",
        "interval_count": 1,
        "proration": False,
    }
    company.say("invoices", own | invoice)
    company.say("invoice_lines", own | line)


def quote(company: Company, day: date, rate: float) -> None:
    """What a dollar is worth from a day on."""
    company.say("fx_rates", {"rate_date": day, "currency": "USD", "rate": rate, "updated_at": on("06-19")})


def told(company: Company, table: str, *key: Any) -> Row:
    """The row that counts of a key."""
    return next(row for row in company.latest(table) if key_of(table, row) == key)


def correct(company: Company, table: str, *key: Any, **changes: Any) -> None:
    """The source changes a row on the day before the as-of."""
    assert table in RAW_TABLES
    company.say(table, told(company, table, *key), **({"updated_at": on("06-19")} | changes))


def night(company: Company, folder: Path) -> Made:
    """Land what changed and compute what is stale: what was computed, what of it came out otherwise."""
    company.land(folder)
    lake = open_lake(company.chosen(folder))
    return {name: months for name in lake.tables if (months := made_of(lake.compute(name)))}


def made_of(outcomes: list[Outcome]) -> str:
    """The months that were computed again."""
    again = [outcome for outcome in outcomes if outcome.is_recomputed]
    return " ".join(
        f"{outcome.month.removeprefix('2024-')}{'*' if outcome.is_changed else ''}" for outcome in again
    )


def as_text(made: Made) -> str:
    """As the tests state it: months, and the tables of which they were computed again."""
    tables: dict[str, list[str]] = {}
    for name, months in made.items():
        tables.setdefault(months, []).append(name)
    return "\n".join(f"{months} | {' '.join(names)} |" for months, names in tables.items())


def stated(text: str) -> Made:
    """The same read back; after the second bar stands why."""
    lines = [line.split("|") for line in text.strip().splitlines()]
    return {name: months.strip() for months, names, _ in lines for name in names.split()}
