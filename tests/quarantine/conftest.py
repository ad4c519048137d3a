"""Rows are judged without Great Expectations here, whose import alone takes seconds; tests/validation has both agree."""

from importlib import import_module

import pytest

from tests.landing.plain_validator import PlainValidator
from tests.quarantine.shop import Shop


@pytest.fixture(autouse=True)
def counted_in_python(monkeypatch):
    # The package has a function of the module's name.
    monkeypatch.setattr(import_module("loyalty_pipeline.landing.standards"), "Validator", PlainValidator)


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)
