"""Customer satisfaction: how many of those who answered are satisfied, and how satisfied all of them are."""

import dataframely as dy

from loyalty_pipeline.contract import count, high, number, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.survey_sums import POINTS, SurveySum, of_survey
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import proportion

UNIT = "points from 0 to 100"


class Csat(SegmentTable):
    """One row per period and segment value of those who were asked or answered."""

    needs = ("survey_responses",)

    responses = count("Customers who answered in the period.", of="customers")
    satisfied = count("Of those, whose last answer is one of the top two of its scale.", of="customers")
    score_total = number("Sum of their scores, each from 0 to 100.", unit="points")
    invited = count("Questions sent in the period.", of="questions")
    answered = count("Of those, answered by the as-of.", of="questions")
    csat = share("Satisfied over responses.", of="responses", scored=high("responses"))
    csat_low = share("Low end of its 95 % Wilson interval.", of="responses")
    csat_high = share("High end of its 95 % Wilson interval.", of="responses")
    mean_score = number("Score total over responses.", unit=UNIT, nullable=True, scored=high("responses"))
    mean_score_low = number("Low end of its 95 % t interval.", unit=UNIT, nullable=True)
    mean_score_high = number("High end of its 95 % t interval.", unit=UNIT, nullable=True)
    response_rate = share("Answered over invited.", of="questions")
    response_rate_low = share("Low end of its 95 % Wilson interval.", of="questions")
    response_rate_high = share("High end of its 95 % Wilson interval.", of="questions")


def csat(window: Window, survey_sums: dy.LazyFrame[SurveySum]) -> dy.LazyFrame[Csat]:
    r"""Satisfied over all who answered, and the mean of the scores brought to 0-100.

    .. math:: csat = \frac{satisfied}{responses} \qquad
              mean\_score = \frac{1}{n} \sum 100 \cdot \frac{score - scale\_min}{scale\_max - scale\_min}

    Of a customer who answers several times the last answer of the period counts. Satisfied is the top two of a scale,
    whatever its length. The interval of the mean is Student's, inside 0 and 100, null of one response.
    """
    rated = of_survey(window, survey_sums, "csat").with_columns(
        **proportion("csat", "satisfied", "responses"),
        **POINTS.rated("mean_score"),
        **proportion("response_rate", "answered", "invited"),
    )
    return cells(rated.with_columns(score_total=POINTS.total), Csat).pipe(Csat.cast)
