"""Emotional loyalty index: how attached customers say they are."""

import dataframely as dy

from loyalty_pipeline.contract import count, high, number
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.survey_answers import answer_sums, answers_of, mean_points
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.survey_events import SurveyEvent

SCORE = mean_points("score_total")
POINTS = "points from 0 to 100"


class EmotionalLoyalty(SegmentTable):
    """One row per period and segment value of those who answered."""

    needs = ("survey_responses",)

    responses = count("Customers who answered an emotional item in the period.", of="customers")
    score_total = number("Sum of their scores, each from 0 to 100.", unit="points")
    eli = number("Score total over responses.", unit=POINTS, nullable=True, scored=high("responses"))
    eli_low = number("Low end of its 95 % t interval.", unit=POINTS, nullable=True)
    eli_high = number("High end of its 95 % t interval.", unit=POINTS, nullable=True)


def emotional_loyalty(
    window: Window,
    survey_events: PeriodMonths[SurveyEvent],
    customer_cells: dy.LazyFrame[CustomerCell],
) -> dy.LazyFrame[EmotionalLoyalty]:
    r"""The mean of the emotional items, brought to 0-100.

    .. math:: eli = \frac{1}{n} \sum 100 \cdot \frac{score - scale\_min}{scale\_max - scale\_min}

    Of a customer who answers several times the last answer of the period counts. The interval is Student's, inside 0 and
    100, null of one response. Emerging: the items differ from company to company.
    """
    sums = answer_sums() | SCORE.sums
    rated = (
        EventSums(window, customer_cells)
        .by_segment(answers_of(survey_events, "emotional"), sums)
        .with_columns(**SCORE.rated("eli"))
    )
    return cells(rated.with_columns(score_total=SCORE.total), EmotionalLoyalty).pipe(EmotionalLoyalty.cast)
