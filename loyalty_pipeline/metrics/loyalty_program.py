"""Loyalty programme: who takes part in it, and how points come and go."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, ratio, share, whole
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.event_sums import over_shards
from loyalty_pipeline.months.member_sums import MemberSum
from loyalty_pipeline.months.segment_periods import SEGMENT, SegmentPeriod
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import over, proportion


class LoyaltyProgram(SegmentTable):
    """One row per period and segment value of the members and the active customers."""

    needs = ("loyalty_events",)

    members = count("Enrolled at the closing, and not left.", of="customers")
    participants = count("Of those, active customers at the closing.", of="customers")
    active_customers = count("Active at the closing, members or not.", of="customers")
    engaged_members = count("Members at the closing who earned or redeemed in the period.", of="customers")
    opened_points = whole("Points of these customers at the opening.", unit="points")
    earned_points = count("Points earned, enrolment included.", of="points")
    redeemed_points = count("Points redeemed.", of="points")
    expired_points = count("Points that expired, or were lost on leaving.", of="points")
    closed_points = whole("Points of these customers at the closing.", unit="points")
    participation_rate = share(
        "Participants over active customers.", of="active customers", scored=high("active_customers")
    )
    participation_rate_low = share("Low end of its 95 % Wilson interval.", of="active customers")
    participation_rate_high = share("High end of its 95 % Wilson interval.", of="active customers")
    redemption_rate = ratio("Redeemed over earned points.", of="earned points", scored=high("earned_points"))
    engaged_rate = share("Engaged members over members.", of="members", scored=high("members"))
    engaged_rate_low = share("Low end of its 95 % Wilson interval.", of="members")
    engaged_rate_high = share("High end of its 95 % Wilson interval.", of="members")

    @dy.rule()
    def points_add_up(cls) -> pl.Expr:
        """From the opening to the closing."""
        gone = pl.col("redeemed_points") + pl.col("expired_points")
        return pl.col("opened_points") + pl.col("earned_points") - gone == pl.col("closed_points")


def loyalty_program(
    window: Window,
    member_sums: dy.LazyFrame[MemberSum],
    segment_periods: dy.LazyFrame[SegmentPeriod],
) -> dy.LazyFrame[LoyaltyProgram]:
    r"""Members at the closing, and the points that moved in the period.

    .. math:: opened + earned - redeemed - expired = closed \qquad
              participation\_rate = \frac{participants}{active\ customers} \qquad redemption\_rate = \frac{redeemed}{earned}

    The segment is that at the closing, for the points at the opening too. A balance may be negative where a source redeems more
    than it gave. Null without active customers, points earned, or members.
    """
    active = segment_periods.select(*SEGMENT, active_customers="closing_customers")
    members = over_shards(member_sums, MemberSum, window)
    summed = members.join(active, on=SEGMENT, how="full", coalesce=True)
    return (
        cells(summed.with_columns(pl.exclude(SEGMENT).fill_null(0)), LoyaltyProgram)
        .with_columns(
            **proportion("participation_rate", "participants", "active_customers"),
            redemption_rate=over("redeemed_points", "earned_points"),
            **proportion("engaged_rate", "engaged_members", "members"),
        )
        .pipe(LoyaltyProgram.cast)
    )
