"""Attribute changes: what became known of customers in a month, in one file where staging has many."""

import dataframely as dy

from loyalty_pipeline.staging.customers import CustomerChange


class AttributeChange(CustomerChange):
    """One row per later version of a customer record."""


def attribute_changes(customer_changes: dy.LazyFrame[CustomerChange]) -> dy.LazyFrame[AttributeChange]:
    """The month's changes from all the months that records are filed in: later months read them many times."""
    return customer_changes.pipe(AttributeChange.cast)
