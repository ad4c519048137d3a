"""What the social media feed promises: posts by the company and about it."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, count, identifier, instant, key, number, text
from loyalty_pipeline.sources.crm import CUSTOMER
from loyalty_pipeline.sources.raw import RawTable, language


class SocialPost(RawTable):
    """One row is one post: the company's own, one that mentions it, or a review of it."""

    system = "social"
    is_optional = True
    month_of = "posted_at"

    post_id = key("The post.")
    platform = text("Where it was posted.")
    kind = choice(
        "A post of the company, a mention of it by others or a review.", ("post", "mention", "review")
    )
    author_handle = text("The author's name on the platform.", nullable=True, personal=True)
    customer_id = identifier(
        "The customer who wrote it; null where no customer was matched.", references=CUSTOMER, nullable=True
    )
    posted_at = instant("When it was posted.", event=True)
    likes = count("Likes so far.", of="likes")
    shares = count("Times it was passed on so far.", of="shares")
    comments = count("Comments so far.", of="comments")
    reach = count("People who saw it so far.", of="people")
    sentiment = number(
        "How it speaks of the company: -1 against, 0 neither, 1 for.", unit="from -1 to 1", nullable=True
    )
    language = language("The language it is written in.")
    text = text("Its words.", nullable=True, personal=True)

    @dy.rule()
    def sentiment_is_between_minus_one_and_one(cls) -> pl.Expr:
        """Both ends are inside."""
        return pl.col("sentiment").is_between(-1, 1)
