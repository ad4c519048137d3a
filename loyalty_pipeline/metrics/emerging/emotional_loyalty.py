"""Emotional loyalty index: how attached customers say they are."""

import dataframely as dy

from loyalty_pipeline.contract import count, high, number
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.survey_sums import POINTS, SurveySum, of_survey
from loyalty_pipeline.periods import Window

UNIT = "points from 0 to 100"


class EmotionalLoyalty(SegmentTable):
    """One row per period and segment value of those who answered."""

    needs = ("survey_responses",)

    responses = count("Customers who answered an emotional item in the period.", of="customers")
    score_total = number("Sum of their scores, each from 0 to 100.", unit="points")
    eli = number("Score total over responses.", unit=UNIT, nullable=True, scored=high("responses"))
    eli_low = number("Low end of its 95 % t interval.", unit=UNIT, nullable=True)
    eli_high = number("High end of its 95 % t interval.", unit=UNIT, nullable=True)


def emotional_loyalty(window: Window, survey_sums: dy.LazyFrame[SurveySum]) -> dy.LazyFrame[EmotionalLoyalty]:
    r"""The mean of the emotional items, brought to 0-100.

    .. math:: eli = \frac{1}{n} \sum 100 \cdot \frac{score - scale\_min}{scale\_max - scale\_min}

    Of a customer who answers several times the last answer of the period counts. The interval is Student's, inside 0 and
    100, null of one response. Emerging: the items differ from company to company.
    """
    rated = of_survey(window, survey_sums, "emotional").with_columns(**POINTS.rated("eli"))
    return cells(rated.with_columns(score_total=POINTS.total), EmotionalLoyalty).pipe(EmotionalLoyalty.cast)
