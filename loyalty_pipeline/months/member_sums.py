"""Member sums: who takes part in the loyalty programme, and how points moved in a period, added up over each segment."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, count, whole
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.loyalty_state import EARNS, LoyaltyState
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.loyalty_moves import LoyaltyMove

FLOWS = {"earned": EARNS, "redeemed": ("redeem",), "expired": ("expire", "leave")}
USES = ("earn", "redeem")


class MemberSum(SegmentTable, Sharded):
    """One row per period and segment value of those who ever were members: what those of one shard add up to."""

    members = count("Enrolled at the closing, and not left.", of="customers")
    participants = count("Of those, active customers at the closing.", of="customers")
    engaged_members = count("Members at the closing who earned or redeemed in the period.", of="customers")
    opened_points = whole("Points of these customers at the opening.", unit="points")
    earned_points = count("Points earned, enrolment included.", of="points")
    redeemed_points = count("Points redeemed.", of="points")
    expired_points = count("Points that expired, or were lost on leaving.", of="points")
    closed_points = whole("Points of these customers at the closing.", unit="points")


def member_sums(
    window: Window,
    loyalty_state: dy.LazyFrame[LoyaltyState],
    loyalty_moves: PeriodMonths[LoyaltyMove],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[MemberSum]:
    """The points at the opening are those at the closing less what moved."""

    def members(period: Period) -> pl.LazyFrame:
        moves = loyalty_moves.since(period.start).select("customer_id", **_flows())
        flows = moves.group_by("customer_id").agg(pl.col(*FLOWS).sum(), pl.col("has_used").any())
        return loyalty_state.join(flows, on="customer_id", how="left").with_columns(
            pl.col(*FLOWS).fill_null(0), pl.col("has_used").fill_null(value=False)
        )

    return EventSums(window, customer_cells).by_key(members, [], _sums()).pipe(MemberSum.cast)


def _flows() -> dict[str, pl.Expr]:
    flows = {
        name: pl.when(pl.col("kind").is_in(kinds)).then("points").otherwise(0)
        for name, kinds in FLOWS.items()
    }
    return flows | {"has_used": pl.col("kind").is_in(USES)}


def _sums() -> dict[str, pl.Expr]:
    def customers(*questions: str) -> pl.Expr:
        return pl.all_horizontal(questions).sum().cast(pl.Int64)

    earned, gone = pl.col("earned").sum(), pl.col("redeemed").sum() + pl.col("expired").sum()
    return {
        "members": customers("is_member"),
        "participants": customers("is_member", "is_active"),
        "engaged_members": customers("is_member", "has_used"),
        "opened_points": pl.col("points").sum() - earned + gone,
        **{f"{name}_points": pl.col(name).sum() for name in FLOWS},
        "closed_points": pl.col("points").sum(),
    }
