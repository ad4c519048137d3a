"""What the demo company sells, to whom and in which currencies."""

from typing import NamedTuple

import numpy as np

from loyalty_pipeline.demo.clock import Ints
from loyalty_pipeline.demo.exact import UNIT, divide


class Plan(NamedTuple):
    """A price: whole units of the reporting currency for one seat and one interval."""

    plan_id: str | None
    name: str
    price: int
    interval: str
    interval_count: int
    months: int
    days: int
    upgrade: str | None = None


_PRICE_LIST = (
    Plan("pass_10_days", "Ten-day pass", 12, "day", 10, 0, 10),
    Plan("starter_week", "Starter, weekly", 8, "week", 1, 0, 7),
    Plan("starter_month", "Starter, monthly", 19, "month", 1, 1, 0, "team_month"),
    Plan("starter_year", "Starter, yearly", 190, "year", 1, 12, 0, "team_year"),
    Plan("team_month", "Team, monthly", 49, "month", 1, 1, 0, "scale_month"),
    Plan("team_quarter", "Team, quarterly", 140, "month", 3, 3, 0),
    Plan("team_year", "Team, yearly", 490, "year", 1, 12, 0, "scale_year"),
    Plan("scale_month", "Scale, monthly", 199, "month", 1, 1, 0),
    Plan("scale_year", "Scale, yearly", 1990, "year", 1, 12, 0),
    Plan("scale_two_years", "Scale, two years", 3600, "year", 2, 24, 0),
    Plan("nonprofit_year", "Non-profit, yearly", 4, "year", 1, 12, 0),
    Plan("support_month", "Support, monthly", 25, "month", 1, 1, 0),
    Plan("support_quarter", "Support, quarterly", 70, "quarter", 1, 3, 0),
    Plan("support_year", "Support, yearly", 250, "year", 1, 12, 0),
    Plan(None, "Legacy, monthly", 25, "month", 1, 1, 0),
)

# Codes follow the order of ids, without an id last: ties between plans then go to the smallest code.
PLANS = tuple(sorted(_PRICE_LIST, key=lambda plan: (plan.plan_id is None, plan.plan_id or "")))
PLAN_IDS = [plan.plan_id for plan in PLANS]
NO_PLAN = len(PLANS) - 1
CODE = {plan.plan_id: code for code, plan in enumerate(PLANS)}
MONTHS = np.array([plan.months for plan in PLANS])
DAYS = np.array([plan.days for plan in PLANS])
UPGRADE = np.array([CODE[plan.upgrade] if plan.upgrade else code for code, plan in enumerate(PLANS)])
SUPPORT = {1: CODE["support_month"], 3: CODE["support_quarter"], 12: CODE["support_year"]}
SINGLE_TERM = np.isin(np.arange(len(PLANS)), [CODE["pass_10_days"], CODE["nonprofit_year"]])

CURRENCIES = ["EUR", "GBP", "JPY", "USD"]
COUNTRIES = ["DE", "FR", "NL", "US", "GB", "JP", None]
COUNTRY_SHARES = [0.30, 0.12, 0.08, 0.28, 0.13, 0.07, 0.02]
CURRENCY_OF_COUNTRY = np.array([0, 0, 0, 3, 1, 2, 0])
LANGUAGES = ["de-DE", "fr-FR", "nl-NL", "en-US", "en-GB", "ja-JP", None]
REGIONS = ["DACH", "Western Europe", "Benelux", "North America", "British Isles", "Japan", None]
SEGMENTS = ["consumer", "small_business", "enterprise", None]
SEGMENT_SHARES = [0.58, 0.29, 0.10, 0.03]
CHANNELS = ["organic", "paid_search", "partner", "referral", None]
CHANNEL_SHARES = [0.35, 0.27, 0.11, 0.24, 0.03]


def _local_price(price: int) -> list[int]:
    """Whole units in each currency; yen in hundreds, so that a quarter of any price is exact."""
    return [price, round(price * 0.86), round(price * 1.55) * 100, round(price * 1.1)]


PRICES = np.array([_local_price(plan.price) for plan in PLANS]) * UNIT
RISING = np.isin(np.arange(len(PLANS)), [CODE["starter_month"], CODE["starter_year"], CODE["team_month"]])


def monthly(amount: Ints, plan: Ints) -> Ints:
    """MRR of an amount for one interval of its plan: a week is 12/52 of a month, a day 12/365."""
    weekly = DAYS == 7
    numerator = np.where(weekly, 52, np.where(DAYS > 0, 365, 1))
    denominator = np.where(weekly, 12, np.where(DAYS > 0, 12 * DAYS, MONTHS))
    return divide(amount * numerator[plan], denominator[plan])
