"""Social engagement: what is posted about the company, how far it goes, and in which mood."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, count, high, number, ratio, share, text
from loyalty_pipeline.means import Mean, from_units, units
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.event_sums import with_every_period
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import UNKNOWN, in_period
from loyalty_pipeline.periods import Period, PeriodTable, Window
from loyalty_pipeline.ratio import over, proportion
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.posts import Post

POSITIVE_FROM, NEGATIVE_TO = 0.05, -0.05
REACTIONS = ("likes", "shares", "comments")
MOOD = "from -1 to 1"
IS_SCORED = pl.col("sentiment").is_not_null()
SENTIMENT = Mean("sentiment_total", units("sentiment"), "scored", IS_SCORED, limits=(-1.0, 1.0))


class SocialEngagement(PeriodTable):
    """One row per period and segment value of the posts: all, by platform, by the language of the post."""

    needs = ("social_posts",)

    segment_by = choice("What cuts the posts.", ("all", "platform", "language"), key=True)
    segment_value = text("Its value; `all` for all, `(unknown)` where it is missing.", key=True)
    posts = count("Posts of the company.", of="posts")
    mentions = count("Mentions by others.", of="posts")
    reviews = count("Reviews.", of="posts")
    likes = count("Likes so far of all three.", of="likes")
    shares = count("Times they were passed on so far.", of="shares")
    comments = count("Comments so far.", of="comments")
    reach = count("People who saw them so far.", of="people")
    scored = count("Of all three, those with a sentiment.", of="posts")
    scored_by_model = count("Of those, whose sentiment a model read from their text.", of="posts")
    positive = count("Scored, with a sentiment of 0.05 or more.", of="posts")
    negative = count("Scored, with a sentiment of -0.05 or less.", of="posts")
    scored_reach = count("Reach of the scored.", of="people")
    sentiment_total = number("Sum of their sentiments.", unit="sum of -1 to 1")
    weighted_sentiment_total = number("Sum of their sentiments times their reach.", unit="people")
    engagement_rate = ratio("Likes, shares and comments over reach.", of="reach", scored=high("reach"))
    mean_sentiment = number("Sentiment total over scored.", unit=MOOD, nullable=True, scored=high("scored"))
    mean_sentiment_low = number("Low end of its 95 % t interval.", unit=MOOD, nullable=True)
    mean_sentiment_high = number("High end of its 95 % t interval.", unit=MOOD, nullable=True)
    reach_weighted_sentiment = number("Weighted total over scored reach.", unit=MOOD, nullable=True)
    positive_share = share("Positive over scored.", of="scored posts", scored=high("scored"))
    positive_share_low = share("Low end of its 95 % Wilson interval.", of="scored posts")
    positive_share_high = share("High end of its 95 % Wilson interval.", of="scored posts")
    negative_share = share("Negative over scored.", of="scored posts")
    negative_share_low = share("Low end of its 95 % Wilson interval.", of="scored posts")
    negative_share_high = share("High end of its 95 % Wilson interval.", of="scored posts")


def social_engagement(window: Window, posts: PeriodMonths[Post]) -> dy.LazyFrame[SocialEngagement]:
    r"""Posts by `posted_at`, with the reactions and the reach that the source counted so far.

    .. math:: engagement\_rate = \frac{likes + shares + comments}{reach} \qquad
              reach\_weighted\_sentiment = \frac{\sum sentiment \cdot reach}{\sum reach}

    Posts without a sentiment are in no share and no mean; setting `sentiment` has a model score them. What is between -0.05
    and 0.05 is neither positive nor negative, as Hutto & Gilbert (2014), "VADER", draw the lines. Null without reach or scores.
    """
    summed = pl.concat(cut for period in window.periods for cut in _cuts(posts.since(period.start), period))
    rated = with_every_period(summed, window).with_columns(
        engagement_rate=over(pl.sum_horizontal(REACTIONS), "reach"),
        **SENTIMENT.rated("mean_sentiment"),
        weighted_sentiment_total=from_units("weighted_sentiment_total"),
        **proportion("positive_share", "positive", "scored"),
        **proportion("negative_share", "negative", "scored"),
    )
    return (
        cells(rated.with_columns(sentiment_total=SENTIMENT.total), SocialEngagement)
        .with_columns(reach_weighted_sentiment=over("weighted_sentiment_total", "scored_reach"))
        .pipe(SocialEngagement.cast)
    )


def _cuts(rows: pl.LazyFrame, period: Period) -> list[pl.LazyFrame]:
    values = {"all": pl.lit("all"), "platform": pl.col("platform"), "language": pl.col("language")}
    return [
        rows.group_by(segment_by=pl.lit(by), segment_value=value.fill_null(UNKNOWN))
        .agg(**_sums())
        .with_columns(**in_period(period))
        .select(*SEGMENT, *_sums())
        for by, value in values.items()
    ]


def _sums() -> dict[str, pl.Expr]:
    def posts(where: pl.Expr) -> pl.Expr:
        return where.fill_null(value=False).sum().cast(pl.Int64)

    weighted = pl.when(IS_SCORED).then(units("sentiment") * pl.col("reach").cast(pl.Int128))
    return {
        **{f"{kind}s": posts(pl.col("kind") == kind) for kind in ("post", "mention", "review")},
        **{name: pl.col(name).sum() for name in (*REACTIONS, "reach")},
        "scored": posts(IS_SCORED),
        "scored_by_model": posts(pl.col("is_scored_by_model")),
        "positive": posts(pl.col("sentiment") >= POSITIVE_FROM),
        "negative": posts(pl.col("sentiment") <= NEGATIVE_TO),
        "scored_reach": pl.col("reach").filter(IS_SCORED).sum(),
        "weighted_sentiment_total": weighted.sum(),
        **SENTIMENT.sums,
    }
