"""Posts: what was said in public, by the company and about it."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, count, day, flag, identifier, key, number, text
from loyalty_pipeline.periods import business_month, instant_literal
from loyalty_pipeline.reads import ByMonth, CountedUntil
from loyalty_pipeline.sources.social import SocialPost
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.sentiment import scored
from loyalty_pipeline.staging.versions import current

NOBODY = ""


class Post(Sharded):
    """One row per post, mention or review before the as-of."""

    month = day("The month it was posted in.", key=True)
    post_id = key("The post.")
    customer_id = identifier("The customer who wrote it, after merges; empty where none was matched.")
    platform = identifier("Where it was posted.")
    kind = choice(
        "A post of the company, a mention of it by others or a review.", ("post", "mention", "review")
    )
    language = text("The language it is written in.", nullable=True)
    likes = count("Likes so far.", of="likes")
    shares = count("Times it was passed on so far.", of="shares")
    comments = count("Comments so far.", of="comments")
    reach = count("People who saw it so far.", of="people")
    sentiment = number("How it speaks of the company.", unit="from -1 to 1", nullable=True)
    is_scored_by_model = flag("Was the sentiment read from its text, because the source gave none?")


def posts(
    social_posts: dy.LazyFrame[SocialPost],
    event_merges: dy.LazyFrame[EventMerge],
    counted_until: CountedUntil,
    timezone: str,
    sentiment_model: str,
) -> ByMonth[Post]:
    """Posts by `posted_at`, with the sentiment that the source gives, or else that of a model, if one was asked for.

    `sentiment_model` is empty, or the name and version of the model.
    """
    rows = (
        current(social_posts, "post_id")
        .filter(pl.col("posted_at") < instant_literal(counted_until))
        .pipe(merged, event_merges)
        .collect()
    )
    is_read = rows["sentiment"].is_null() & rows["text"].is_not_null() & bool(sentiment_model)
    unread = rows.filter(is_read).select("post_id", "text", "language")
    read = (
        unread.select("post_id", read=scored(unread["text"], unread["language"]))
        if unread.height
        else unread.select("post_id", read=pl.lit(None, pl.Float64))
    )
    return (
        rows.lazy()
        .join(read.lazy(), on="post_id", how="left")
        .with_columns(
            pl.col("customer_id").fill_null(NOBODY),
            month=business_month("posted_at", timezone),
            sentiment=pl.coalesce("sentiment", "read"),
            is_scored_by_model=pl.col("sentiment").is_null() & pl.col("read").is_not_null(),
            language=pl.when(pl.col("language").str.strip_chars() != "").then("language"),
        )
        .pipe(Post.cast)
    )
