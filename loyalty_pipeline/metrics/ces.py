"""Customer effort score: how hard it was for those who answered. Lower is easier."""

import dataframely as dy

from loyalty_pipeline.contract import count, high, low, number, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.months.survey_sums import POINTS, SurveySum, of_survey
from loyalty_pipeline.periods import Window
from loyalty_pipeline.ratio import proportion

UNIT = "points from 0 to 100"


class Ces(SegmentTable):
    """One row per period and segment value of those who were asked or answered."""

    needs = ("survey_responses",)

    responses = count("Customers who answered in the period.", of="customers")
    low_effort = count("Of those, whose last answer is in the lowest third of its scale.", of="customers")
    effort_total = number("Sum of their efforts, each from 0 to 100.", unit="points")
    invited = count("Questions sent in the period.", of="questions")
    answered = count("Of those, answered by the as-of.", of="questions")
    ces = number(
        "Effort total over responses: lower is easier.", unit=UNIT, nullable=True, scored=low("responses")
    )
    ces_low = number("Low end of its 95 % t interval.", unit=UNIT, nullable=True)
    ces_high = number("High end of its 95 % t interval.", unit=UNIT, nullable=True)
    low_effort_share = share("Low effort over responses.", of="responses", scored=high("responses"))
    low_effort_share_low = share("Low end of its 95 % Wilson interval.", of="responses")
    low_effort_share_high = share("High end of its 95 % Wilson interval.", of="responses")
    response_rate = share("Answered over invited.", of="questions")
    response_rate_low = share("Low end of its 95 % Wilson interval.", of="questions")
    response_rate_high = share("High end of its 95 % Wilson interval.", of="questions")


def ces(window: Window, survey_sums: dy.LazyFrame[SurveySum]) -> dy.LazyFrame[Ces]:
    r"""The mean effort of all who answered, brought to 0-100, and how many found it easy.

    .. math:: ces = \frac{1}{n} \sum 100 \cdot \frac{score - scale\_min}{scale\_max - scale\_min}

    A high score is much effort. Of a customer who answers several times the last answer of the period counts. The interval
    is Student's, inside 0 and 100, null of one response.
    Source: Dixon, Freeman & Toman (2010), "Stop Trying to Delight Your Customers", HBR 88(7/8).
    """
    rated = of_survey(window, survey_sums, "ces").with_columns(
        **POINTS.rated("ces"),
        **proportion("low_effort_share", "low_effort", "responses"),
        **proportion("response_rate", "answered", "invited"),
    )
    return cells(rated.with_columns(effort_total=POINTS.total), Ces).pipe(Ces.cast)
