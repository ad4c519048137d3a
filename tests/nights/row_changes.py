"""What a source may say of its rows from one night to the next."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from loyalty_pipeline.sources.catalogue import RAW_TABLES
from tests.companies import Row
from tests.nights.company import DAY, MOMENT, Company, Throws, key_of
from tests.nights.corrections import CORRECTED, told_otherwise

Change = Callable[[Company, Throws], None]
SHIFTS = (0, -65, -31, -20, 12, 31)
"""By how many days something like what was there before is earlier or later."""


def some(company: Company, dice: Throws, *, live: bool = True) -> tuple[str, Row] | None:
    """A row of some table, if there is one."""
    table = dice.one_of(CORRECTED)
    rows = company.live(table) if live else company.raw.get(table, [])
    return (table, dice.one_of(rows)) if rows else None


def correct(company: Company, dice: Throws) -> None:
    if found := some(company, dice):
        table, row = found
        company.say(table, row, **told_otherwise(company, dice, table, row), updated_at=company.now(row))


def repeat(company: Company, dice: Throws) -> None:
    if found := some(company, dice, live=False):
        company.say(*found)


def arrive_stale(company: Company, dice: Throws) -> None:
    """A version comes that was out of date before it came; of a customer it tells how it once was."""
    if found := some(company, dice):
        table, row = found
        before = row["updated_at"] - dice.one_of((MOMENT, DAY, 40 * DAY))
        company.say(table, row, **told_otherwise(company, dice, table, row), updated_at=before)


def delete(company: Company, dice: Throws) -> None:
    """The source says that a row is gone, or landing finds that it is."""
    if found := some(company, dice):
        table, row = found
        rated = [other for other in company.live("fx_rates") if other["currency"] == row.get("currency")]
        if table != "fx_rates" or len(rated) > 1:
            now = company.now(row)
            company.say(table, row, updated_at=now, deleted_at=now, _is_gone=dice.chance(2))


def lose_the_earliest(company: Company, dice: Throws) -> None:  # noqa: ARG001 - a change like the others
    """The invoice and the item that began before all others are gone: perhaps the first month is another."""
    for table, begins in (("invoices", "issued_at"), ("subscription_items", "starts_at")):
        if rows := company.live(table):
            first = min(rows, key=lambda row: (row[begins], key_of(table, row)))
            now = company.now(first)
            company.say(table, first, updated_at=now, deleted_at=now)


def revive(company: Company, dice: Throws) -> None:
    gone = [
        (table, row)
        for table in RAW_TABLES
        for row in company.latest(table)
        if row.get("deleted_at") is not None
    ]
    if gone:
        table, row = dice.one_of(gone)
        company.say(table, row, updated_at=company.now(row), deleted_at=None, _is_gone=False)


def merge(company: Company, dice: Throws) -> None:
    """A record joins an earlier one, which may itself have joined another: chains grow."""
    records = sorted(company.live("customers"), key=lambda row: row["customer_id"])
    if len(records) > 1:
        place = dice.one_of(range(1, len(records)))
        into = dice.one_of(records[:place])["customer_id"]
        company.say(
            "customers", records[place], merged_into_customer_id=into, updated_at=company.now(records[place])
        )


def unmerge(company: Company, dice: Throws) -> None:
    merged = [row for row in company.live("customers") if row["merged_into_customer_id"] is not None]
    if merged:
        row = dice.one_of(merged)
        company.say("customers", row, merged_into_customer_id=None, updated_at=company.now(row))


def move(company: Company, dice: Throws) -> None:
    """A customer's attributes changed some days before the as-of."""
    if records := company.live("customers"):
        row = dice.one_of(records)
        today = datetime.combine(company.settings["as_of"], time(9), tzinfo=UTC)
        moved: dict[str, Any] = {
            "country": dice.one_of(("FR", "IT")),
            "region": dice.one_of(("north", " ", None)),
        }
        company.say("customers", row, **moved, updated_at=today - dice.one_of((2, 20, 40)) * DAY)


def bill_late(company: Company, dice: Throws) -> None:
    """An invoice of any month comes with its lines, like one that was there before."""
    if not company.live("invoices"):
        return
    like, shift = dice.one_of(company.live("invoices")), dice.one_of(SHIFTS) * DAY
    now, mark = company.now(), f" late {company.changes}"
    currency = dice.one_of((like["currency"], like["currency"], "GBP"))
    if currency == "GBP":
        quote(company, dice, currency)
    own = {"invoice_id": like["invoice_id"] + mark, "updated_at": now}
    issued = like["issued_at"] + shift
    company.say("invoices", like, **own, issued_at=issued, paid_at=issued, status="paid", currency=currency)
    for row in company.live("invoice_lines"):
        if row["invoice_id"] == like["invoice_id"]:
            span = {name: row[name] + shift for name in ("period_start", "period_end")}
            company.say("invoice_lines", row, **own, **span, line_id=row["line_id"] + mark)


def subscribe_late(company: Company, dice: Throws) -> None:
    """A subscription item of any month comes, like one that was there before."""
    if company.live("subscription_items"):
        like, shift = dice.one_of(company.live("subscription_items")), dice.one_of(SHIFTS) * DAY
        ends_at = like["ends_at"] and like["ends_at"] + shift
        own = {"item_id": f"{like['item_id']} late {company.changes}", "updated_at": company.now()}
        company.say("subscription_items", like, **own, starts_at=like["starts_at"] + shift, ends_at=ends_at)


def join(company: Company, dice: Throws) -> None:
    """A new customer comes in the newest month, with an invoice and a subscription like others'."""
    today = datetime.combine(company.settings["as_of"], time(9), tzinfo=UTC) - 3 * DAY
    name, now = f"n{company.changes}", company.now()
    record = {"customer_id": name, "created_at": today, "country": "PT", "merged_into_customer_id": None}
    company.say("customers", record | {"updated_at": now})
    for table, identity, begins in (
        ("invoices", "invoice_id", "issued_at"),
        ("subscription_items", "item_id", "starts_at"),
    ):
        if rows := company.live(table):
            like = dice.one_of(rows)
            ends = {"paid_at": today, "status": "paid"} if table == "invoices" else {"ends_at": None}
            own = {identity: f"{name} {table}", "customer_id": name, begins: today, "updated_at": now}
            company.say(table, like, **own, **ends)
    if lines := company.live("invoice_lines"):
        own = {"line_id": f"{name} line", "invoice_id": f"{name} invoices", "updated_at": now}
        company.say(
            "invoice_lines", dice.one_of(lines), **own, period_start=today, period_end=today + 31 * DAY
        )


def refund(company: Company, dice: Throws) -> None:
    if company.live("invoices"):
        invoice, now = dice.one_of(company.live("invoices")), company.now()
        own = {"refund_id": f"f late {company.changes}", "updated_at": now, "amount": Decimal("1.25")}
        named = {name: invoice[name] for name in ("invoice_id", "currency")}
        company.say("refunds", named | own | {"refunded_at": now - dice.one_of((2, 33)) * DAY})


def refer(company: Company, dice: Throws) -> None:
    names = [row["customer_id"] for row in company.latest("customers")]
    if names:
        converted = company.now() - dice.one_of((5, 35, 65)) * DAY
        whom = {"advocate_customer_id": dice.one_of(names), "referred_customer_id": dice.one_of(names)}
        when = {"sent_at": converted, "converted_at": converted, "updated_at": company.now()}
        company.say("referrals", {"referral_id": f"r late {company.changes}"} | whom | when)


def quote(company: Company, dice: Throws, currency: str = "USD") -> None:
    """A rate of a day that had none, long ago or yesterday; of an unknown currency the first."""
    day = company.settings["as_of"] - dice.one_of((1, 2, 15, 33, 70)) * DAY
    rate = {"rate_date": day, "currency": currency, "rate": dice.one_of((0.7, 1.3, 0.005))}
    company.say("fx_rates", rate | {"updated_at": company.now()})


ROW_CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (
        correct,
        repeat,
        arrive_stale,
        delete,
        lose_the_earliest,
        revive,
        merge,
        unmerge,
        move,
        bill_late,
        subscribe_late,
        join,
        refund,
        refer,
        quote,
    )
}
