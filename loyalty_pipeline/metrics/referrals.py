"""Referrals: what came of the invitations that customers sent."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, number, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.ratio import proportion
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.customers import ATTRIBUTES
from loyalty_pipeline.staging.sent_referrals import SentReferral

MICROSECONDS_OF_A_DAY = 86_400_000_000


class Referrals(SegmentTable):
    """One row per period and segment value of the customers who sent invitations."""

    needs = ("referrals",)

    sent = count("Invitations sent in the period.", of="invitations")
    converted = count("Of those, converted by the as-of.", of="invitations")
    sending_advocates = count("Customers who sent one.", of="customers")
    converting_advocates = count("Of those, with one that converted.", of="customers")
    self_referrals = count("Invitations of customers to themselves: in no other number.", of="invitations")
    median_days_to_convert = number("From sending to conversion.", unit="days", nullable=True, min=0)
    referral_conversion_rate = share("Converted over sent.", of="invitations", scored=high("sent"))
    referral_conversion_rate_low = share("Low end of its 95 % Wilson interval.", of="invitations")
    referral_conversion_rate_high = share("High end of its 95 % Wilson interval.", of="invitations")
    advocacy_conversion_rate = share(
        "Converting over sending advocates.", of="advocates", scored=high("sending_advocates")
    )
    advocacy_conversion_rate_low = share("Low end of its 95 % Wilson interval.", of="advocates")
    advocacy_conversion_rate_high = share("High end of its 95 % Wilson interval.", of="advocates")


def referrals(
    window: Window,
    sent_referrals: PeriodMonths[SentReferral],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[Referrals]:
    r"""Invitations by the period in which they were sent, whenever they converted.

    .. math:: referral\_conversion\_rate = \frac{converted}{sent} \qquad
              advocacy\_conversion\_rate = \frac{converting\ advocates}{sending\ advocates}

    The segment is the advocate's. What converts later raises the period in which it was sent. One that converted before it was
    sent took no days. A conversion without a named customer counts here, and brings no advocacy revenue.
    """
    events = EventSums(window, customer_cells)
    invitations = events.known(lambda period: sent_referrals.since(period.start))

    def advocates(period: Period) -> pl.LazyFrame:
        return invitations(period).group_by("customer_id", *ATTRIBUTES, "plan").agg(**_of_an_advocate())

    def conversions(period: Period) -> pl.LazyFrame:
        return invitations(period).filter(~pl.col("is_self"), pl.col("converted_at").is_not_null())

    waited = (pl.col("converted_at") - pl.col("sent_at")).dt.total_microseconds().clip(lower_bound=0)
    medians = {"median_days_to_convert": waited}
    return (
        cells(events.by_segment(advocates, _sums()), Referrals)
        .join(events.medians(conversions, medians, MICROSECONDS_OF_A_DAY), on=SEGMENT, how="left")
        .with_columns(
            **proportion("referral_conversion_rate", "converted", "sent"),
            **proportion("advocacy_conversion_rate", "converting_advocates", "sending_advocates"),
        )
        .pipe(Referrals.cast)
    )


def _of_an_advocate() -> dict[str, pl.Expr]:
    is_other = ~pl.col("is_self")
    return {
        "sent": is_other.sum(),
        "converted": (is_other & pl.col("converted_at").is_not_null()).sum(),
        "self_referrals": pl.col("is_self").sum(),
    }


def _sums() -> dict[str, pl.Expr]:
    return {
        **{name: pl.col(name).sum().cast(pl.Int64) for name in ("sent", "converted", "self_referrals")},
        "sending_advocates": (pl.col("sent") > 0).sum().cast(pl.Int64),
        "converting_advocates": (pl.col("converted") > 0).sum().cast(pl.Int64),
    }
