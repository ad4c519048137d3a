"""Small companies made up at random, with the mess and the coincidences that real ones have.

Whoever throws the dice decides: hypothesis, which then finds the smallest company that goes wrong, or a random
number generator, which makes big ones fast. Everything made here keeps to the raw contracts.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from tests import random_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.companies import Raw, Row

T = TypeVar("T")
SPAN = (0, 1, 2, 3, -1)
"""In which months things happen, counted from the first."""
VISITOR = "visitor"
"""Who has neither a line nor a payment."""
LONG_AGO = datetime(2009, 1, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}

CLOCKS = (
    ("UTC", date(2024, 1, 1)),
    ("Europe/Berlin", date(2024, 2, 1)),
    ("America/New_York", date(2024, 10, 1)),
    ("Asia/Kolkata", date(2023, 12, 1)),
    ("Pacific/Apia", date(2011, 11, 1)),  # had no 30 December 2011
    ("Asia/Amman", date(2011, 3, 1)),  # had no midnight on 1 April 2011
    ("America/Havana", date(2015, 10, 1)),  # had midnight of 1 November 2015 twice
)
NEAR = (
    timedelta(0),
    MOMENT,
    -MOMENT,
    timedelta(minutes=17),
    -HOUR,
    2 * DAY,
    -3 * DAY,
    10 * DAY + 9 * HOUR,
    20 * DAY,
)
GAPS = (
    timedelta(0),
    timedelta(0),
    timedelta(minutes=17),
    2 * DAY,
    3 * DAY,
    3 * DAY + MOMENT,
    -5 * DAY,
    12 * DAY,
    40 * DAY,
)
AMOUNTS = tuple(map(Decimal, ("10", "29.99", "0.01", "0.40", "0", "-10", "-3.3333", "120", "7.7777")))
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "JPY")


class Dice(Protocol):
    """What makes the choices."""

    def one_of(self, options: Sequence[T]) -> T:
        """Choose one; the first is the simplest."""


@dataclass(frozen=True)
class MadeUp:
    """Raw tables, the settings under which they are read, and the month about which things happen."""

    raw: Raw
    settings: dict[str, Any]
    first: date


@dataclass
class Maker:
    """A company while it is made up."""

    dice: Dice
    zone: ZoneInfo
    first: date
    span: Sequence[int] = SPAN
    raw: Raw = field(default_factory=dict)

    def add(self, table: str, row: Row) -> None:
        """Add a row, sometimes after a version that is out of date, sometimes deleted."""
        rows = self.raw.setdefault(table, [])
        row = {"updated_at": LONG_AGO + len(rows) * HOUR, "deleted_at": None} | row
        fate = self.dice.one_of(("kept",) * 8 + ("stale", "deleted", "repeated"))
        if fate == "stale":
            rows.append(row | self.outdated(table) | {"updated_at": row["updated_at"] - DAY})
        if fate == "repeated":
            rows.append(row | self.outdated(table))
            row |= {"_batch": "000002"}
        rows.append(row | ({"deleted_at": row["updated_at"]} if fate == "deleted" else {}))

    def outdated(self, table: str) -> Row:
        """Return what a row of the table may have said before."""
        return {
            "invoices": {"status": "open", "paid_at": None, "currency": "USD"},
            "invoice_lines": {"amount": Decimal(77), "kind": "usage"},
            "subscription_items": {"amount": Decimal(88), "ends_at": None},
            "refunds": {"amount": Decimal("0.5")},
            "fx_rates": {"rate": 3.5},
            "referrals": {"converted_at": None},
            **random_events.OUTDATED,
        }.get(table, {})

    def chance(self, of: int) -> bool:
        """Return yes once in so many times."""
        return self.dice.one_of((False,) * (of - 1) + (True,))

    def instant(self, wall: datetime) -> datetime:
        """Return when the clock shows it."""
        return wall.replace(tzinfo=self.zone).astimezone(UTC)

    def month_start(self, number: int) -> datetime:
        """Return the clock at the start of the n-th month."""
        return plus_months(datetime.combine(self.first, time()), number)

    def moment(self) -> datetime:
        """Return an instant at, near or between the starts of months."""
        number = self.dice.one_of(self.span)
        if self.chance(4):
            return self.instant(self.month_start(number) + 30 * DAY + self.dice.one_of(NEAR))
        return self.instant(self.month_start(number)) + self.dice.one_of(NEAR)

    def after(self, start: datetime, interval: str, count: int) -> datetime:
        """Return the instant one billing interval later on the local calendar."""
        wall = start.astimezone(self.zone).replace(tzinfo=None)
        if interval in DAYS:
            return self.instant(wall + timedelta(days=DAYS[interval] * count))
        return self.instant(plus_months(wall, MONTHS[interval] * count))


def plus_months(wall: datetime, months: int) -> datetime:
    """Step by calendar months; a day past the month's end becomes its last."""
    year, month0 = divmod(wall.year * 12 + wall.month - 1 + months, 12)
    last_day = calendar.monthrange(year, month0 + 1)[1]
    return wall.replace(year=year, month=month0 + 1, day=min(wall.day, last_day))


def made_up(
    dice: Dice, customers: Sequence[int] = range(1, 7), span: Sequence[int] = SPAN, **fixed: Any
) -> MadeUp:
    """Make up a company; `customers` are the numbers of them to choose from, `fixed` are settings."""
    settings = policy(dice) | fixed
    zone = ZoneInfo(settings["timezone"])
    maker = Maker(dice, zone, settings.pop("first"), span)
    settings["as_of"] = as_of(maker)
    names = [f"c{number:02}" for number in range(dice.one_of(customers))]
    for name in names:
        customer(maker, name, names)
        bill(maker, name)
        subscribe(maker, name)
    for number in range(dice.one_of((0, 1, 3, 6)) if len(names) < 10 else 3 * len(names)):
        refer(maker, f"r{number:03}", names)
    rates(maker)
    customer(maker, VISITOR, names)
    random_events.happenings(maker, (*names, VISITOR))
    return MadeUp(maker.raw, settings, maker.first)


def policy(dice: Dice) -> dict[str, Any]:
    """Choose settings; `first` is the month about which things happen."""
    timezone, first = dice.one_of(CLOCKS)
    return {
        "first": first,
        "timezone": timezone,
        "fiscal_year_start_month": dice.one_of((1, 2, 4, 12)),
        "mrr_source": dice.one_of(("invoice_lines", "subscription_items", None)),
        "activity": dice.one_of(("subscriptions", "subscriptions", "subscriptions", "purchases")),
        "renewal_grace_days": dice.one_of((3, 0, 12)),
        "delinquency_days": dice.one_of((30, 0, 5)),
        "mrr_floor": dice.one_of((Decimal("0.50"), Decimal(0), Decimal(10))),
        "activity_window_days": dice.one_of((90, 1, 31)),
        "gross_margin": dice.one_of((Decimal("0.8"), Decimal("0.3333"))),
        "advocacy_window_months": dice.one_of((12, 1)),
        "advocacy_depth": dice.one_of((5, 0, 1)),
        **random_events.policy(dice),
    }


def as_of(maker: Maker) -> date:
    """Choose the as-of: at the start of a month or inside one."""
    months = maker.dice.one_of((2, 3, 1, 4))
    return maker.month_start(months).date() + timedelta(days=maker.dice.one_of((0, 16, 1, 30)))


def customer(maker: Maker, name: str, names: list[str]) -> None:
    """Make up the versions of one record, which may have been merged into an earlier one."""
    dice = maker.dice
    earlier = [other for other in names if other < name]
    created = {"customer_id": name, "created_at": dice.one_of((LONG_AGO, maker.moment()))}
    into = dice.one_of(earlier) if earlier and maker.chance(5) else None
    for _ in range(dice.one_of((1, 2, 3))):
        attributes = {
            "country": dice.one_of((None, "DE", "FR")),
            "customer_segment": dice.one_of((None, "consumer", "business")),
            "birth_year": dice.one_of((None, maker.first.year - 24, maker.first.year - 65)),
            "merged_into_customer_id": into,
        }
        updated = {"updated_at": maker.moment()}
        known = [row for row in maker.raw.get("customers", ()) if row["customer_id"] == name]
        if all(row["updated_at"] != updated["updated_at"] for row in known):
            maker.raw.setdefault("customers", []).append(created | attributes | updated)
    if maker.chance(12):
        gone = max(maker.raw["customers"], key=lambda row: (row["customer_id"] == name, row["updated_at"]))
        gone["deleted_at"] = gone["updated_at"]


def bill(maker: Maker, name: str) -> None:
    """Make up invoices of one or two subscriptions, one after the other, and what is on them."""
    dice = maker.dice
    for number in range(dice.one_of((1, 2, 0))):
        subscription = dice.one_of((f"s {name} {number}", f"s {name} {number}", None, "s shared"))
        start = maker.moment()
        currency = dice.one_of(CURRENCIES)
        for step in range(dice.one_of((1, 2, 3, 4))):
            identity = f"i {name} {number} {step}"
            start = invoice(maker, identity, (name, subscription, currency), start) + dice.one_of(GAPS)


def invoice(maker: Maker, identity: str, whose: tuple[str, str | None, str], start: datetime) -> datetime:
    """Make up one invoice with one to three lines and return when its service ends."""
    dice, (name, subscription, currency) = maker.dice, whose
    issued = start + dice.one_of((timedelta(0), timedelta(0), -2 * DAY, 5 * DAY))
    head = {
        "invoice_id": identity,
        "customer_id": name,
        "subscription_id": subscription,
        "status": dice.one_of(("paid", "paid", "paid", "open", "uncollectible", "draft", "void")),
        "issued_at": issued,
        "due_at": dice.one_of((None, issued + 7 * DAY, issued - 40 * DAY)),
        "paid_at": dice.one_of((issued, None, issued + 12 * DAY, issued + 50 * DAY)),
        "currency": currency,
        "total": dice.one_of((Decimal(10), Decimal(10), Decimal(10), Decimal(0), Decimal(-4))),
    }
    maker.add("invoices", head)
    end = start + DAY
    for number in range(dice.one_of((1, 2, 3))):
        end = max(end, invoice_line(maker, f"{identity} {number}", head, start))
    if maker.chance(4):
        refund = {
            "refund_id": f"f {identity}",
            "invoice_id": identity,
            "amount": dice.one_of((Decimal("2.5"), Decimal("29.99"))),
            "currency": dice.one_of((currency, "USD")),
            "refunded_at": issued + dice.one_of((timedelta(0), 12 * DAY, 31 * DAY)),
        }
        maker.add("refunds", refund)
    return end


def invoice_line(maker: Maker, identity: str, head: Row, start: datetime) -> datetime:
    """Make up one line of an invoice and return when it ends."""
    dice = maker.dice
    interval, count = dice.one_of(
        (("month", 1), ("month", 2), ("quarter", 1), ("week", 3), ("day", 10), ("year", 1))
    )
    is_prorated = maker.chance(4)
    start += dice.one_of((timedelta(0), timedelta(0), 5 * DAY)) if is_prorated else timedelta(0)
    end = max(
        maker.after(start, interval, count) + dice.one_of((timedelta(0),) * 4 + (-9 * DAY, HOUR)),
        start + HOUR,
    )
    row = {
        "line_id": f"l {identity}",
        "invoice_id": head["invoice_id"],
        "subscription_id": head["subscription_id"],
        "plan_id": dice.one_of(("basic", "pro", None)),
        "kind": dice.one_of(("recurring", "recurring", "recurring", "usage", "one_off")),
        "quantity": 1.0,
        "amount": dice.one_of(AMOUNTS),
        "discount": Decimal(0),
        "tax": Decimal(0),
        "period_start": start,
        "period_end": end,
        "interval": dice.one_of((interval, interval, None)),
        "interval_count": dice.one_of((count, None)) if count == 1 else count,
        "proration": is_prorated,
    }
    maker.add("invoice_lines", row)
    return end


def subscribe(maker: Maker, name: str) -> None:
    """Make up the states of one or two subscription items, one after the other."""
    dice = maker.dice
    for number in range(dice.one_of((1, 2, 0))):
        start: datetime | None = maker.moment()
        currency = dice.one_of(CURRENCIES)
        subscription = dice.one_of((f"t {name}", "t shared"))
        for step in range(dice.one_of((1, 2, 3, 4))):
            if start is None:
                break
            interval, count = dice.one_of(
                (("month", 1), ("quarter", 1), ("week", 2), ("day", 1), ("year", 2))
            )
            length = dice.one_of((31 * DAY, 20 * DAY, timedelta(0), HOUR, 70 * DAY))
            ends_at = dice.one_of((start + length, start + length, None))
            row = {
                "item_id": f"t {name} {number} {step}",
                "subscription_id": subscription,
                "customer_id": name,
                "plan_id": dice.one_of(("basic", "pro", None)),
                "status": dice.one_of(("active", "active", "trialing", "past_due", "paused")),
                "quantity": 1.0,
                "amount": dice.one_of(AMOUNTS),
                "discount": Decimal(0),
                "currency": currency,
                "interval": interval,
                "interval_count": count,
                "starts_at": start,
                "ends_at": ends_at,
            }
            maker.add("subscription_items", row)
            start = ends_at + dice.one_of(GAPS) if ends_at else None


def refer(maker: Maker, identity: str, names: list[str]) -> None:
    """Make up one referral; often by whom the one before it brought."""
    sent = maker.moment() - maker.dice.one_of((timedelta(0), 40 * DAY))
    known = maker.raw.get("referrals")
    before = known[-1]["referred_customer_id"] if known and maker.chance(2) else None
    row = {
        "referral_id": identity,
        "advocate_customer_id": before or maker.dice.one_of(names),
        "referred_customer_id": maker.dice.one_of((*names, None)),
        "sent_at": sent,
        "converted_at": maker.dice.one_of((sent, sent + 3 * DAY, sent - 20 * DAY, None)),
    }
    maker.add("referrals", row)


def rates(maker: Maker) -> None:
    """Make up exchange rates, one at least of each currency, some before, some after what happens."""
    for currency, usual in (("USD", 0.9), ("JPY", 0.00612345678912), ("EUR", 2.0)):
        row = {"currency": currency, "updated_at": LONG_AGO, "deleted_at": None}
        days = {0} | {maker.dice.one_of((1, -40, 27, 30, 31, 60, 64)) for _ in range(3)}
        for number, day in enumerate(sorted(days)):
            rate = {"rate_date": maker.first + timedelta(days=day), "rate": usual * (1 + number / 7)}
            maker.add("fx_rates", row | rate) if day else maker.raw.setdefault("fx_rates", []).append(
                row | rate
            )
