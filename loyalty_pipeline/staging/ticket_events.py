"""Ticket events: when help was asked for, first given, and no longer needed."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import Sharded, choice, count, day, identifier, instant, key
from loyalty_pipeline.periods import business_month, instant_literal
from loyalty_pipeline.reads import ByMonth, CountedUntil
from loyalty_pipeline.sources.crm import SupportTicket
from loyalty_pipeline.staging.event_merges import EventMerge
from loyalty_pipeline.staging.merges import merged
from loyalty_pipeline.staging.versions import current

INSTANTS = {"opened": "opened_at", "answered": "first_response_at", "resolved": "resolved_at"}


class TicketEvent(Sharded):
    """One row per ticket and thing that happened to it, in the month in which it did."""

    month = day("The month of the event.", key=True)
    ticket_id = key("The ticket.")
    kind = choice("What happened.", tuple(INSTANTS), key=True)
    customer_id = identifier("The customer, after merges.")
    occurred_at = instant("When it happened.")
    waited = count("Since the opening; none where a source says that it came before.", of="microseconds")
    contacts = count("Times the customer got in touch about it.", of="contacts")


def ticket_events(
    support_tickets: dy.LazyFrame[SupportTicket],
    event_merges: dy.LazyFrame[EventMerge],
    counted_until: CountedUntil,
    timezone: str,
) -> ByMonth[TicketEvent]:
    """Openings, first responses and resolutions before the as-of, of tickets opened before it."""
    until = instant_literal(counted_until)
    tickets = (
        current(support_tickets, "ticket_id").filter(pl.col("opened_at") < until).pipe(merged, event_merges)
    )
    waited = (pl.col("occurred_at") - pl.col("opened_at")).dt.total_microseconds().clip(lower_bound=0)
    events = [
        tickets.with_columns(kind=pl.lit(kind), occurred_at=instant) for kind, instant in INSTANTS.items()
    ]
    return (
        pl.concat(events)
        .filter(pl.col("occurred_at") < until)
        .with_columns(month=business_month("occurred_at", timezone), waited=waited)
        .pipe(TicketEvent.cast)
    )
