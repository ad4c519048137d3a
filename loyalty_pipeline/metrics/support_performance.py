"""Support performance: how fast help came, and how often once was enough."""

from decimal import Decimal

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import count, high, low, number, share
from loyalty_pipeline.months.cells import cells
from loyalty_pipeline.months.customer_cells import CustomerCell
from loyalty_pipeline.months.event_sums import EventSums
from loyalty_pipeline.months.segment_periods import SEGMENT
from loyalty_pipeline.months.segments import SegmentTable
from loyalty_pipeline.periods import Period, Window
from loyalty_pipeline.ratio import proportion
from loyalty_pipeline.reads import PeriodMonths
from loyalty_pipeline.staging.ticket_events import TicketEvent

MICROSECONDS_OF_AN_HOUR = 3_600_000_000


class SupportPerformance(SegmentTable):
    """One row per period and segment value of the customers who asked for help."""

    needs = ("support_tickets",)

    opened = count("Tickets opened in the period.", of="tickets")
    answered = count("Tickets first answered in the period.", of="tickets")
    resolved = count("Tickets resolved in the period.", of="tickets")
    one_contact = count("Of the resolved, those with one contact at most.", of="tickets")
    resolved_in_target = count("Of the resolved, those within the target since their opening.", of="tickets")
    median_first_response_hours = number(
        "From opening to first answer, of the answered.",
        unit="hours",
        nullable=True,
        min=0,
        scored=low("answered"),
    )
    median_resolution_hours = number(
        "From opening to resolution, of the resolved.",
        unit="hours",
        nullable=True,
        min=0,
        scored=low("resolved"),
    )
    first_contact_resolution_rate = share(
        "One contact over resolved.", of="resolved tickets", scored=high("resolved")
    )
    first_contact_resolution_rate_low = share("Low end of its 95 % Wilson interval.", of="resolved tickets")
    first_contact_resolution_rate_high = share("High end of its 95 % Wilson interval.", of="resolved tickets")
    resolved_in_target_rate = share(
        "In target over resolved.", of="resolved tickets", scored=high("resolved")
    )
    resolved_in_target_rate_low = share("Low end of its 95 % Wilson interval.", of="resolved tickets")
    resolved_in_target_rate_high = share("High end of its 95 % Wilson interval.", of="resolved tickets")


def support_performance(
    window: Window,
    ticket_events: PeriodMonths[TicketEvent],
    customer_cells: dy.LazyFrame[CustomerCell],
    support_target_hours: Decimal,
) -> dy.LazyFrame[SupportPerformance]:
    r"""Tickets by what happened to them in the period: a ticket may be opened in one and resolved in another.

    .. math:: first\_contact\_resolution\_rate = \frac{one\ contact}{resolved} \qquad
              resolved\_in\_target\_rate = \frac{within\ target}{resolved}

    The target is `support_target_hours` of elapsed time, nights and weekends too. An answer that a source dates before
    the opening took no time. What is not answered or resolved yet is in no median. Null where nothing was resolved.
    """

    def events(period: Period) -> pl.LazyFrame:
        return ticket_events.since(period.start)

    medians: dict[str, pl.Expr] = {
        "median_first_response_hours": pl.when(pl.col("kind") == "answered").then("waited"),
        "median_resolution_hours": pl.when(pl.col("kind") == "resolved").then("waited"),
    }
    tickets = EventSums(window, customer_cells)
    known = tickets.known(events)
    return (
        cells(tickets.by_segment(known, _sums(support_target_hours)), SupportPerformance)
        .join(tickets.medians(known, medians, MICROSECONDS_OF_AN_HOUR), on=SEGMENT, how="left")
        .with_columns(
            **proportion("first_contact_resolution_rate", "one_contact", "resolved"),
            **proportion("resolved_in_target_rate", "resolved_in_target", "resolved"),
        )
        .pipe(SupportPerformance.cast)
    )


def _sums(target_hours: Decimal) -> dict[str, pl.Expr]:
    def tickets(kind: str, *where: pl.Expr) -> pl.Expr:
        return pl.all_horizontal(pl.col("kind") == kind, *where).sum().cast(pl.Int64)

    return {
        "opened": tickets("opened"),
        "answered": tickets("answered"),
        "resolved": tickets("resolved"),
        "one_contact": tickets("resolved", pl.col("contacts") <= 1),
        "resolved_in_target": tickets(
            "resolved", pl.col("waited") <= int(target_hours * MICROSECONDS_OF_AN_HOUR)
        ),
    }
