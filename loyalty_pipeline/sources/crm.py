"""What the CRM promises: customers, what they say, do and cost."""

import dataframely as dy
import polars as pl

from loyalty_pipeline.contract import choice, count, day, exact, identifier, instant, key, text, whole
from loyalty_pipeline.sources.raw import ROW_CURRENCY, RawTable, country, currency, language

CUSTOMER = "customers.customer_id"


class Customer(RawTable):
    """One row is one customer record. Records of one customer are joined by `merged_into_customer_id`."""

    system = "crm"
    month_of = "created_at"

    customer_id = key("The customer record.")
    created_at = instant("When the record was created.")
    name = text("The customer's name.", nullable=True, personal=True)
    email = text("The customer's e-mail address.", nullable=True, personal=True)
    country = country("Where the customer is.")
    region = text("The region the company puts the customer in.", nullable=True)
    language = language("The language the customer reads.")
    customer_segment = text("The segment the company puts the customer in.", nullable=True)
    acquisition_channel = text("What brought the customer.", nullable=True)
    birth_year = whole("The customer's year of birth.", unit="calendar year", nullable=True)
    merged_into_customer_id = identifier(
        "The record this one was merged into; null when it stands for itself.",
        references=CUSTOMER,
        nullable=True,
    )


class SurveyResponse(RawTable):
    """One row is one question asked of one customer, answered or not."""

    system = "crm"
    is_optional = True
    month_of = "sent_at"

    response_id = key("The question asked.")
    customer_id = identifier("The customer asked.", references=CUSTOMER)
    survey = choice("What was asked for.", ("nps", "csat", "ces", "trust", "emotional"))
    touchpoint = text("The occasion of the survey.", nullable=True)
    scale_min = whole("The lowest score of the scale.", unit="points of the scale")
    scale_max = whole("The highest score of the scale.", unit="points of the scale")
    score = whole("The answer; null when there was none.", unit="points of the scale", nullable=True)
    comment = text("What the customer added in words.", nullable=True, personal=True)
    language = language("The language of the survey.")
    sent_at = instant("When the survey was sent.", event=True)
    responded_at = instant("When the customer answered.", nullable=True, event=True)

    @dy.rule()
    def scale_ends_above_its_start(cls) -> pl.Expr:
        """A scale of one point tells nothing: its 0-100 value would divide by zero."""
        return pl.col("scale_max") > pl.col("scale_min")

    @dy.rule()
    def score_is_inside_its_scale(cls) -> pl.Expr:
        """Both ends of the scale are inside it."""
        return pl.col("score").is_between("scale_min", "scale_max")


class Referral(RawTable):
    """One row is one invitation that a customer sent to somebody."""

    system = "crm"
    is_optional = True
    month_of = "sent_at"

    referral_id = key("The invitation.")
    advocate_customer_id = identifier("The customer who referred.", references=CUSTOMER)
    referred_customer_id = identifier(
        "The customer who came of it; null while nobody did.", references=CUSTOMER, nullable=True
    )
    channel = text("How the invitation was sent.", nullable=True)
    sent_at = instant("When the invitation was sent.", event=True)
    converted_at = instant("When the invited became a customer.", nullable=True, event=True)


class Interaction(RawTable):
    """One row is one visit, call or other contact of a customer with the company."""

    system = "crm"
    is_optional = True
    month_of = "started_at"

    interaction_id = key("The contact.")
    customer_id = identifier("The customer in contact.", references=CUSTOMER)
    channel = choice(
        "Where the contact took place.", ("web", "app", "email", "phone", "chat", "store", "community")
    )
    started_at = instant("When the contact began.", event=True)
    duration_seconds = count("How long the contact lasted.", of="seconds")
    actions = count("What the customer did during it.", of="actions")


class SupportTicket(RawTable):
    """One row is one request for help."""

    system = "crm"
    is_optional = True
    month_of = "opened_at"

    ticket_id = key("The request.")
    customer_id = identifier("The customer who asked.", references=CUSTOMER)
    topic = text("What the request is about.", nullable=True)
    opened_at = instant("When the customer asked.", event=True)
    first_response_at = instant("When the first answer was given.", nullable=True, event=True)
    resolved_at = instant("When the request was settled.", nullable=True, event=True)
    contacts = count("Times the customer got in touch about it.", of="contacts")


class LoyaltyEvent(RawTable):
    """One row is one event of a customer's membership in the loyalty programme."""

    system = "crm"
    is_optional = True
    month_of = "occurred_at"

    event_id = key("The event.")
    customer_id = identifier("The member.", references=CUSTOMER)
    kind = choice("What happened.", ("enrol", "earn", "redeem", "expire", "leave"))
    points = count("Points that moved; their direction is that of the kind, never a sign.", of="points")
    occurred_at = instant("When it happened.", event=True)


class AdvocacyActivity(RawTable):
    """One row is one act of a customer on the company's behalf, or one step into the advocacy programme."""

    system = "crm"
    is_optional = True
    month_of = "occurred_at"

    activity_id = key("The act.")
    customer_id = identifier("The advocate.", references=CUSTOMER)
    kind = choice(
        "What the advocate did.",
        ("invited", "joined", "shared", "reviewed", "testified", "referenced", "referred"),
    )
    occurred_at = instant("When it happened.", event=True)


class RetentionCost(RawTable):
    """One row is one cost of keeping customers: of a programme, a segment or a single customer."""

    system = "crm"
    is_optional = True
    month_of = "incurred_on"

    cost_id = key("The cost.")
    incurred_on = day("The day the cost belongs to.")
    programme = text("What the money was spent on.")
    amount = exact("The cost; negative for one taken back.", of=ROW_CURRENCY)
    currency = currency("The currency of the amount.")
    customer_segment = text("The segment it was spent on; null for all.", nullable=True)
    customer_id = identifier(
        "The customer it was spent on; null for many.", references=CUSTOMER, nullable=True
    )
