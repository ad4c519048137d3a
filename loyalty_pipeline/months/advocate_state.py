"""Advocate state: who was invited to the advocacy programme, and who joined it."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, flag, key
from loyalty_pipeline.months.states import since_before
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Previous, Through
from loyalty_pipeline.staging.advocacy_acts import AdvocacyAct


class AdvocateState(Sharded):
    """One row per customer with an act of advocacy before the closing."""

    customer_id = key("The customer.")
    is_invited = flag("Was it ever invited?")
    has_joined = flag("Did it ever join?")


def advocate_state(
    window: Window, previous: Previous[AdvocateState], advocacy_acts: Through[AdvocacyAct]
) -> dy.LazyFrame[AdvocateState]:
    """The month before, and the month's acts. Nobody leaves: the source knows no such step."""
    before = previous.collect()
    acted = since_before(before, advocacy_acts, window).select(
        "customer_id", is_invited=pl.col("kind") == "invited", has_joined=pl.col("kind") == "joined"
    )
    return (
        pl.concat([before.lazy(), acted])
        .group_by("customer_id")
        .agg(pl.col("is_invited", "has_joined").any())
        .pipe(AdvocateState.cast)
    )
