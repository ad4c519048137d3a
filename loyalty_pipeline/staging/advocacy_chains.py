"""Advocacy chains: everybody who is credited for what a referred customer pays."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Table, count, key
from loyalty_pipeline.reads import Whole
from loyalty_pipeline.staging.advocacy import Advocacy


class AdvocacyChain(Table):
    """One row per referred customer and advocate up its chain."""

    customer_id = key("The referred customer.")
    step = count("0 for its own advocate, 1 for the advocate of that one, and so on.", of="steps", key=True)
    advocate_id = key("The advocate.")


def advocacy_chains(advocacy: Whole[Advocacy], advocacy_depth: int) -> dy.LazyFrame[AdvocacyChain]:
    """The one advocate of each referred customer, and while that one was itself referred, earlier, the advocate's advocate.

    At most `advocacy_depth` steps beyond the first. Each step goes back in time, so that no chain bites its tail.
    """
    links = advocacy.select("customer_id", "advocate_id", "converted_at").collect()
    above = links.rename(
        {"customer_id": "advocate_id", "advocate_id": "above_id", "converted_at": "referred_at"}
    )
    step, steps = links, [links.with_columns(step=pl.lit(0, pl.Int64))]
    for number in range(1, advocacy_depth + 1):
        step = (
            step.join(above, on="advocate_id")
            .filter(pl.col("referred_at") < pl.col("converted_at"))
            .select("customer_id", advocate_id="above_id", converted_at="referred_at")
        )
        if step.is_empty():
            break
        steps.append(step.with_columns(step=pl.lit(number, pl.Int64)))
    return pl.concat(steps).lazy().pipe(AdvocacyChain.cast)
