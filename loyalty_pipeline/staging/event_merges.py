"""Event merges: the merged records that a month's surveys, contacts, points, acts, costs and posts name.

Like `met_merges`, so that a new merge restates the months in which the customers concerned appear, and no others.
"""

import dataframely as dy
import polars as pl

from loyalty_pipeline.reads import Whole
from loyalty_pipeline.sources.billing import Subscription
from loyalty_pipeline.sources.crm import (
    AdvocacyActivity,
    Interaction,
    LoyaltyEvent,
    Referral,
    RetentionCost,
    SupportTicket,
    SurveyResponse,
)
from loyalty_pipeline.sources.social import SocialPost
from loyalty_pipeline.staging.merges import Merge
from loyalty_pipeline.staging.met_merges import MetMerge


class EventMerge(MetMerge):
    """One row per merged customer record that a row of the month names, invoices and subscription items aside."""


def event_merges(
    subscriptions: dy.LazyFrame[Subscription],
    survey_responses: dy.LazyFrame[SurveyResponse],
    referrals: dy.LazyFrame[Referral],
    interactions: dy.LazyFrame[Interaction],
    support_tickets: dy.LazyFrame[SupportTicket],
    loyalty_events: dy.LazyFrame[LoyaltyEvent],
    advocacy_activities: dy.LazyFrame[AdvocacyActivity],
    retention_costs: dy.LazyFrame[RetentionCost],
    social_posts: dy.LazyFrame[SocialPost],
    merges: Whole[Merge],
) -> dy.LazyFrame[EventMerge]:
    """The merges whose record appears in the month."""
    of_customers = [
        subscriptions,
        survey_responses,
        interactions,
        support_tickets,
        loyalty_events,
        advocacy_activities,
        retention_costs,
        social_posts,
    ]
    named = pl.concat(
        [
            *(rows.select("customer_id") for rows in of_customers),
            referrals.select(customer_id="advocate_customer_id"),
            referrals.select(customer_id="referred_customer_id"),
        ]
    )
    return merges.join(named, left_on="record_id", right_on="customer_id", how="semi").pipe(EventMerge.cast)
