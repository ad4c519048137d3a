"""Every raw table by its name, parents before children, so that references can be checked in this order."""

from loyalty_pipeline.sources import billing, crm, social
from loyalty_pipeline.sources.raw import RawTable

MAY_LACK = ("updated_at", "deleted_at")
"""What a source need not have: nothing is then known of when a row changed, or that it was deleted."""

RAW_TABLES: dict[str, type[RawTable]] = {
    "customers": crm.Customer,
    "plans": billing.Plan,
    "subscriptions": billing.Subscription,
    "subscription_items": billing.SubscriptionItem,
    "invoices": billing.Invoice,
    "invoice_lines": billing.InvoiceLine,
    "refunds": billing.Refund,
    "fx_rates": billing.FxRate,
    "survey_responses": crm.SurveyResponse,
    "referrals": crm.Referral,
    "interactions": crm.Interaction,
    "support_tickets": crm.SupportTicket,
    "loyalty_events": crm.LoyaltyEvent,
    "advocacy_activities": crm.AdvocacyActivity,
    "retention_costs": crm.RetentionCost,
    "social_posts": social.SocialPost,
}


def required_columns(contract: type[RawTable]) -> tuple[str, ...]:
    """The columns that a source must have."""
    columns = contract.columns().items()
    return tuple(name for name, column in columns if name not in MAY_LACK and not column.nullable)


def references(contract: type[RawTable]) -> dict[str, tuple[str, str]]:
    """The columns that refer to another table's row: column -> (table, its key).

    A null refers to nothing. A reference to an optional table that the source lacks cannot be checked.
    """
    found = {}
    for column, definition in contract.columns().items():
        target = (definition.metadata or {}).get("references", "")
        if target:
            table, key = target.split(".")
            found[column] = (table, key)
    return found


def personal_columns(contract: type[RawTable]) -> tuple[str, ...]:
    """The columns that must not leave the raw tables."""
    return tuple(
        column
        for column, definition in contract.columns().items()
        if (definition.metadata or {}).get("personal", False)
    )
