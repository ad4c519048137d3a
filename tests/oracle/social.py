"""Posts by the company and about it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .customers import UNKNOWN
from .exact import mean_interval, over, rounded, share, total
from .segments import Fact, Rows, cut

if TYPE_CHECKING:
    from .events import Events
    from .periods import Period
    from .records import Row

POSITIVE = 0.05


def social_engagement(events: Events) -> Rows:
    """Return the table; it is cut by the post's own platform and language, by no customer."""
    if not events.landed("social_posts"):
        return []
    rows = events.happened("social_posts", "post_id", "posted_at")

    def of(period: Period) -> list[Fact]:
        return [(segments(row), row) for row in rows if events.is_in(period, row["posted_at"])]

    return cut(events.company, of, lambda _, inside: counts(inside) | rates(inside))


def segments(row: Row) -> dict[str, str]:
    """Return what a post counts in."""
    words = {name: row.get(name) or "" for name in ("platform", "language")}
    return {"all": "all"} | {name: word if word.strip() else UNKNOWN for name, word in words.items()}


def sentiment(row: Row) -> Decimal:
    """Return a post's sentiment to 8 places."""
    return rounded(Decimal(repr(float(row["sentiment"]))), 8)


def scored(inside: list[Row]) -> list[Row]:
    """Return the posts with a sentiment."""
    return [row for row in inside if row.get("sentiment") is not None]


def counts(inside: list[Row]) -> dict[str, Any]:
    """Add up."""
    kinds = [row["kind"] for row in inside]
    with_score = scored(inside)
    sentiments = [sentiment(row) for row in with_score]
    return {
        "posts": kinds.count("post"),
        "mentions": kinds.count("mention"),
        "reviews": kinds.count("review"),
        **{name: sum(row[name] for row in inside) for name in ("likes", "shares", "comments", "reach")},
        "scored": len(with_score),
        "scored_by_model": 0,
        "positive": sum(1 for row in with_score if row["sentiment"] >= POSITIVE),
        "negative": sum(1 for row in with_score if row["sentiment"] <= -POSITIVE),
        "sentiment_total": total(sentiments),
        "scored_reach": sum(row["reach"] for row in with_score),
        "weighted_sentiment_total": total([sentiment(row) * row["reach"] for row in with_score]),
    }


def rates(inside: list[Row]) -> dict[str, float | None]:
    """Divide."""
    sums = counts(inside)
    with_score = scored(inside)
    sentiments = [sentiment(row) for row in with_score]
    weighted = sum((sentiment(row) * row["reach"] for row in with_score), Decimal(0))
    low, high = mean_interval(sentiments, (-1.0, 1.0))
    return {
        "engagement_rate": over(sums["likes"] + sums["shares"] + sums["comments"], sums["reach"]),
        "mean_sentiment": over(sum(sentiments, Decimal(0)), len(sentiments)),
        "mean_sentiment_low": low,
        "mean_sentiment_high": high,
        "reach_weighted_sentiment": over(weighted, sums["scored_reach"]),
        **share("positive_share", sums["positive"], sums["scored"]),
        **share("negative_share", sums["negative"], sums["scored"]),
    }
