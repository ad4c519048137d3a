"""Advocates: what each customer does for the company, and what came of it."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, key, money, number
from loyalty_pipeline.money import EXACT, shared_cents, ten_thousandths, total
from loyalty_pipeline.months.advocate_credits import AdvocateCredit
from loyalty_pipeline.months.segments import in_period
from loyalty_pipeline.periods import Period, PeriodTable, Window
from loyalty_pipeline.ratio import over, per
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.advocacy_acts import ACTS, AdvocacyAct
from loyalty_pipeline.staging.posts import NOBODY, Post
from loyalty_pipeline.staging.sent_referrals import SentReferral

COUNTS = ("referrals_sent", "referrals_converted", "activities", "posts", "reach", "reactions")
CREDITS = ("direct_revenue", "downstream_revenue")
SAME_PLACES = 12
"""Decimal places to which influence scores must differ: what is equal in fractions may not be in floats."""


class Advocates(PeriodTable):
    """One row per period and customer who referred, acted or posted in it, or is credited with revenue of it."""

    needs = ("referrals", "advocacy_activities", "social_posts")

    customer_id = key("The advocate.")
    referrals_sent = count("Invitations sent in the period, to others.", of="invitations")
    referrals_converted = count("Of those, converted by the as-of.", of="invitations")
    direct_revenue = money("Advocacy revenue of the customers it brought.")
    downstream_revenue = money("That of customers whom these brought, and so on up the chain.")
    activities = count("Acts of the advocacy programme in the period.", of="acts")
    posts = count("Posts, mentions and reviews matched to it.", of="posts")
    reach = count("People who saw them so far.", of="people")
    reactions = count("Likes, shares and comments on them so far.", of="reactions")
    activity_score = count("Invitations, acts and posts.", of="acts")
    activity_rank = count("1 for the highest activity score; who ties shares the better rank.", of="rank")
    influence_score = number("Mean share of credits, conversions and reactions.", unit="share", min=0, max=1)
    influence_rank = count("1 for the highest influence score; who ties shares the better rank.", of="rank")


def advocates(
    window: Window,
    sent_referrals: PeriodMonths[SentReferral],
    advocacy_acts: PeriodMonths[AdvocacyAct],
    posts: PeriodMonths[Post],
    advocate_credits: PeriodMonths[AdvocateCredit],
) -> dy.LazyFrame[Advocates]:
    r"""What advocates do, and how far it goes.

    .. math:: activity\_score = referrals\_sent + activities + posts

    .. math:: influence\_score = \frac{1}{3} \left( \frac{credits}{\sum credits} + \frac{converted}{\sum converted} +
              \frac{reactions}{\sum reactions} \right)

    Credits are direct and downstream revenue, none where refunds outweigh them; a sum of zero gives a share of zero. Direct revenue adds up
    to the company's advocacy revenue to the cent: what rounding leaves goes on to the next advocate in the order of their
    ids, so that no amount is off by more than a cent. Downstream revenue counts the same amount for every step up its chain.
    """
    found = []
    for period in window.periods:
        rows = pl.concat(
            [
                _sent(sent_referrals.since(period.start)),
                _acted(advocacy_acts.since(period.start)),
                _posted(posts.since(period.start)),
                advocate_credits.since(period.start),
            ],
            how="diagonal",
        )
        found.append(_ranked(_summed(rows), period))
    return pl.concat(found).pipe(Advocates.cast)


def _sent(referrals: pl.LazyFrame) -> pl.LazyFrame:
    return referrals.filter(~pl.col("is_self")).select(
        "customer_id",
        referrals_sent=pl.lit(1, pl.Int64),
        referrals_converted=pl.col("converted_at").is_not_null().cast(pl.Int64),
    )


def _acted(acts: pl.LazyFrame) -> pl.LazyFrame:
    return acts.filter(pl.col("kind").is_in(ACTS)).select("customer_id", activities=pl.lit(1, pl.Int64))


def _posted(posts: pl.LazyFrame) -> pl.LazyFrame:
    reactions = pl.col("likes") + pl.col("shares") + pl.col("comments")
    return posts.filter(pl.col("customer_id") != NOBODY).select(
        "customer_id", "reach", posts=pl.lit(1, pl.Int64), reactions=reactions
    )


def _summed(rows: pl.LazyFrame) -> pl.LazyFrame:
    none = pl.lit(0).cast(EXACT)
    known = rows.with_columns(pl.col(CREDITS).fill_null(none), pl.col(COUNTS).fill_null(0))
    sums = known.group_by("customer_id").agg(pl.col(COUNTS).sum(), *(total(credit) for credit in CREDITS))
    is_something = pl.any_horizontal(
        *(pl.col(name) != 0 for name in COUNTS), *(pl.col(name) != none for name in CREDITS)
    )
    return sums.filter(is_something).sort("customer_id")


def _ranked(rows: pl.LazyFrame, period: Period) -> pl.LazyFrame:
    credited = ten_thousandths("direct_revenue") + ten_thousandths("downstream_revenue")
    won = (credited.clip(lower_bound=0), pl.col("referrals_converted"), pl.col("reactions"))
    shares = [_share(amount) for amount in won]
    return (
        rows.with_columns(
            activity_score=pl.col("referrals_sent") + pl.col("activities") + pl.col("posts"),
            influence_score=per(pl.sum_horizontal(shares), len(shares)),
        )
        .with_columns(
            *(shared_cents(credit).alias(credit) for credit in CREDITS),
            activity_rank=_rank(pl.col("activity_score")),
            influence_rank=_rank(pl.col("influence_score").round(SAME_PLACES)),
        )
        .with_columns(**in_period(period))
    )


def _share(amount: pl.Expr) -> pl.Expr:
    return over(amount, amount.sum()).fill_null(0.0)


def _rank(score: pl.Expr) -> pl.Expr:
    return score.rank("min", descending=True).cast(pl.Int64)
