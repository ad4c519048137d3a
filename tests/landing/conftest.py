"""Landing is tested without Great Expectations, whose import alone takes seconds; tests/validation has both agree."""

from importlib import import_module

import pytest

from .plain_validator import PlainValidator


@pytest.fixture(autouse=True)
def counted_in_python(monkeypatch, request):
    """A test that takes `great_expectations` lets the real one judge."""
    if "great_expectations" not in request.fixturenames:
        monkeypatch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", PlainValidator)


@pytest.fixture
def great_expectations():
    """Says that the test is with Great Expectations."""
