"""Sent referrals: who invited whom, and whether the invited came."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, day, flag, identifier, instant, key
from loyalty_pipeline.periods import business_month, instant_literal
from loyalty_pipeline.reads import ByMonth, CountedUntil
from loyalty_pipeline.sources.crm import Referral
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.versions import current


class SentReferral(Sharded):
    """One row per invitation sent before the as-of."""

    month = day("The month it was sent in.", key=True)
    referral_id = key("The invitation.")
    customer_id = identifier("The advocate who sent it, after merges.")
    is_self = flag("Is the invited the advocate?")
    sent_at = instant("When it was sent.")
    converted_at = instant("When the invited became a customer; null while nobody did.", nullable=True)


def sent_referrals(
    referrals: dy.LazyFrame[Referral],
    event_merges: dy.LazyFrame[EventMerge],
    counted_until: CountedUntil,
    timezone: str,
) -> ByMonth[SentReferral]:
    """Invitations by `sent_at`. A conversion at or after the as-of has not happened."""
    until = instant_literal(counted_until)
    invited = current(referrals, "referral_id").filter(pl.col("sent_at") < until)
    referred = (
        invited.select("referral_id", customer_id="referred_customer_id")
        .filter(pl.col("customer_id").is_not_null())
        .pipe(merged, event_merges)
        .rename({"customer_id": "referred_id"})
    )
    return (
        invited.rename({"advocate_customer_id": "customer_id"})
        .pipe(merged, event_merges)
        .join(referred, on="referral_id", how="left")
        .with_columns(
            month=business_month("sent_at", timezone),
            is_self=(pl.col("referred_id") == pl.col("customer_id")).fill_null(value=False),
            converted_at=pl.when(pl.col("converted_at") < until).then("converted_at"),
        )
        .pipe(SentReferral.cast)
    )
