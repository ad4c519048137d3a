"""What a source seems to have: for each raw table the table or file that it may be read from, and its columns.

Names are compared without case and punctuation, then by the words that systems commonly use, then by likeness. What is
proposed is for a person to read: nothing is mapped by a guess when a night runs.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from loyalty_pipeline.sources.catalogue import required_columns
from loyalty_pipeline.sources.raw import RawTable

LIKENESS = 0.87

TABLES: dict[str, str] = {
    "customers": "customer client clients account accounts user users contact contacts person people member members",
    "plans": "plan price prices product products tariff tariffs",
    "subscriptions": "subscription contract contracts agreement agreements",
    "subscription_items": "subscription_item subscription_history subscription_states contract_items",
    "invoices": "invoice bill bills order orders",
    "invoice_lines": "invoice_line invoice_item invoice_items invoice_line_item invoice_line_items line_items bill_lines order_lines",
    "refunds": "refund credit_notes reimbursements",
    "fx_rates": "fx_rate exchange_rates exchange_rate currency_rates rates",
    "survey_responses": "survey_response surveys survey_answers nps_responses feedback",
    "referrals": "referral invitations invites",
    "interactions": "interaction activities engagements contacts_log touchpoints",
    "support_tickets": "support_ticket tickets ticket cases case",
    "loyalty_events": "loyalty_event points points_ledger loyalty_transactions",
    "advocacy_activities": "advocacy_activity advocacy",
    "retention_costs": "retention_cost retention_spend",
    "social_posts": "social_post posts mentions reviews",
}
"""What others call a raw table."""

COLUMNS: dict[str, str] = {
    "customer_id": "customer client_id client account_id user_id contact_id member_id",
    "created_at": "created create_date createdate creation_date created_on signup_date registered_at joined_at",
    "updated_at": "updated modified modified_at last_modified lastmodifieddate changed_at updated_on _fivetran_synced _airbyte_extracted_at",
    "deleted_at": "deleted deleted_on removed_at",
    "name": "full_name customer_name display_name",
    "email": "email_address mail",
    "country": "country_code address_country billing_country",
    "region": "state province address_state",
    "language": "locale preferred_language",
    "customer_segment": "segment tier",
    "acquisition_channel": "channel source utm_source",
    "invoice_id": "invoice bill_id order_id",
    "issued_at": "issued invoice_date issue_date date created created_at ordered_at",
    "due_at": "due due_date",
    "paid_at": "paid_on payment_date",
    "currency": "currency_code iso_currency",
    "total": "total_amount amount_due gross_total grand_total",
    "amount": "net_amount line_total price value",
    "discount": "discount_amount",
    "tax": "tax_amount vat",
    "quantity": "qty units",
    "period_start": "service_start starts_at start_date",
    "period_end": "service_end ends_at end_date",
    "interval": "billing_interval billing_period recurring_interval",
    "interval_count": "billing_interval_count recurring_interval_count",
    "subscription_id": "subscription contract_id",
    "plan_id": "plan price_id product_id",
    "started_at": "start_date starts_at started begin_at",
    "ended_at": "end_date ends_at ended",
    "cancelled_at": "canceled_at cancelled_on canceled_on",
    "cancel_reason": "cancellation_reason churn_reason",
    "opened_at": "created_at created opened_on",
    "resolved_at": "solved_at closed_at",
    "refunded_at": "created_at created refund_date",
    "rate_date": "date day",
    "rate": "exchange_rate value",
}
"""What others call a column."""


@dataclass(frozen=True)
class Proposal:
    """Where a raw table may be read from: `columns` are those that are called otherwise there, `missing` the required ones."""

    table: str
    place: str
    columns: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing that the raw table needs."""
        return not self.missing


def nearest_table(table: str, names: Iterable[str]) -> str | None:
    """What of a source's tables a raw table may be; None where nothing looks like it."""
    known = {plain(name.rpartition(".")[2]): name for name in sorted(names, reverse=True)}
    return _nearest([table, *TABLES.get(table, "").split()], known)


def proposed(table: str, contract: type[RawTable], place: str, columns: Iterable[str]) -> Proposal:
    """How the columns of a place may become those of a raw table. Each column is taken once, by the best of its names."""
    left = {plain(name): name for name in columns}
    found: dict[str, str] = {}
    names = list(contract.columns())
    for others in (_exactly, _commonly, _alike):
        for name in names:
            if name not in found and (match := others(table, contract, name, left)):
                found[name] = left.pop(match)
    missing = tuple(name for name in required_columns(contract) if name not in found)
    renamed = {name: found[name] for name in names if found.get(name, name) != name}
    return Proposal(table, place, renamed, missing)


def plain(name: str) -> str:
    """A name without case and punctuation."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _exactly(table: str, contract: type[RawTable], name: str, left: Mapping[str, str]) -> str | None:
    del table, contract
    return plain(name) if plain(name) in left else None


def _commonly(table: str, contract: type[RawTable], name: str, left: Mapping[str, str]) -> str | None:
    # A table's own key is mostly called id.
    own = ["id", f"{table.removesuffix('s')}_id", f"{table}_id"] if [name] == contract.primary_key() else []
    others = [*own, *COLUMNS.get(name, "").split()]
    return next((plain(other) for other in others if plain(other) in left), None)


def _alike(table: str, contract: type[RawTable], name: str, left: Mapping[str, str]) -> str | None:
    del table, contract
    return next(iter(get_close_matches(plain(name), list(left), n=1, cutoff=LIKENESS)), None)


def _nearest(wanted: list[str], known: Mapping[str, str]) -> str | None:
    for name in wanted:
        if plain(name) in known:
            return known[plain(name)]
    close = get_close_matches(plain(wanted[0]), list(known), n=1, cutoff=LIKENESS)
    return known[close[0]] if close else None
