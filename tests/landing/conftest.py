"""Landing is tested without Great Expectations, whose import alone takes seconds; tests/validation has both agree."""

import polars as pl
import pytest

from loyalty_pipeline.validation import expectations


@pytest.fixture(autouse=True)
def counted_in_polars(monkeypatch, request):
    """A test that takes `great_expectations` lets the real one judge."""
    if "great_expectations" not in request.fixturenames:
        monkeypatch.setattr(expectations, "_validated", counted)


@pytest.fixture
def great_expectations():
    """Says that the test is with Great Expectations."""


def counted(_table, shown, judged, tolerated, rows):
    """Which rules pass, by counting."""
    if rows is None:
        bad = shown.select((~pl.col(rule.name)).sum() for rule in judged).row(0, named=True)
    else:
        bad = shown.row(0, named=True)
    return {rule.name: bad[rule.name] <= tolerated[rule.name] * (rows or shown.height) for rule in judged}
