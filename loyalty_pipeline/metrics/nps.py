"""Net promoter score: promoters less detractors among those who answered."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, number, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.survey_sums import SurveySum, of_survey
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import NORMAL_95, over, proportion

BEST = 100


class Nps(SegmentTable):
    """One row per period and segment value of those who were asked or answered."""

    needs = ("survey_responses",)

    responses = count("Customers who answered in the period.", of="customers")
    promoters = count("Of those, with a last answer of 9 or 10.", of="customers")
    passives = count("Of those, with a last answer of 7 or 8.", of="customers")
    detractors = count("Of those, with a last answer of 6 or less.", of="customers")
    invited = count("Questions sent in the period.", of="questions")
    answered = count("Of those, answered by the as-of.", of="questions")
    nps = number(
        "Promoters less detractors over responses, times 100.",
        unit="points from -100 to 100",
        nullable=True,
        min=-100,
        max=100,
        scored=high("responses"),
    )
    nps_low = number("Low end of its 95 % interval.", unit="points from -100 to 100", nullable=True)
    nps_high = number("High end of its 95 % interval.", unit="points from -100 to 100", nullable=True)
    response_rate = share("Answered over invited.", of="questions")
    response_rate_low = share("Low end of its 95 % Wilson interval.", of="questions")
    response_rate_high = share("High end of its 95 % Wilson interval.", of="questions")

    @dy.rule()
    def every_response_is_in_one_group(cls) -> pl.Expr:
        """Nobody is two things."""
        groups = pl.col("promoters") + pl.col("passives") + pl.col("detractors")
        return groups == pl.col("responses")


def nps(window: Window, survey_sums: dy.LazyFrame[SurveySum]) -> dy.LazyFrame[Nps]:
    r"""Promoters less detractors over all who answered.

    .. math:: nps = 100 \cdot \frac{promoters - detractors}{responses} \qquad
              nps \pm 1.96 \cdot 100 \cdot \sqrt{s^2 / responses}

    Of a customer who answers several times the last answer of the period counts. On a scale that does not end at 10, 9 and
    7 tenths along it are where promoters and passives begin. :math:`s^2` is the sample variance of 1, 0 and -1; the
    interval stays inside -100 and 100 and is null of one response. Null without responses.
    Source: Reichheld (2003), "The One Number You Need to Grow", HBR 81(12).
    """
    low, high = _interval()
    return (
        cells(of_survey(window, survey_sums, "nps"), Nps)
        .with_columns(nps=over(BEST * _net(), "responses"), nps_low=low, nps_high=high)
        .with_columns(**proportion("response_rate", "answered", "invited"))
        .pipe(Nps.cast)
    )


def _net() -> pl.Expr:
    return pl.col("promoters") - pl.col("detractors")


def _interval() -> tuple[pl.Expr, pl.Expr]:
    n, net = pl.col("responses"), _net()
    # Whole numbers to the end: where all answer alike there is no variance at all.
    scatter = n * (pl.col("promoters") + pl.col("detractors")) - net * net
    error = (scatter / (n - 1)).sqrt() / n
    spread = pl.when(n > 1).then(NORMAL_95 * BEST * error)
    middle = over(BEST * net, "responses")
    return (middle - spread).clip(-BEST, BEST), (middle + spread).clip(-BEST, BEST)
