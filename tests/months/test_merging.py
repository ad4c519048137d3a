"""Tables in the order of their customers, put beside each other and into each other."""

from __future__ import annotations

import polars as pl
import pytest

from loyalty_pipeline.months.merging import beside, inserted, united


def of(column: str, *names: str) -> pl.DataFrame:
    """Draw customers, each with its name in capitals."""
    return pl.DataFrame({"customer_id": names, column: [name.upper() for name in names]}, orient="col")


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        (("ada", "bob", "cyd"), ["ADA", "BOB", "CYD"]),
        (("ada", "cyd"), ["ADA", None, "CYD"]),
        (("abe", "bob", "dan"), [None, "BOB", None]),
    ],
)
def test_beside_a_customer_is_what_the_others_know_of_it(
    others: tuple[str, ...], expected: list[str]
) -> None:
    found = beside(of("left", "ada", "bob", "cyd"), of("right", *others))
    assert found["left"].to_list() == ["ADA", "BOB", "CYD"]
    assert found["right"].to_list() == expected


def test_what_is_inserted_comes_in_its_place_and_lacks_what_it_does_not_have() -> None:
    found = inserted(of("left", "ada", "cyd"), of("right", "abe", "bob").select("customer_id"))
    assert found.rows() == [("abe", None), ("ada", "ADA"), ("bob", None), ("cyd", "CYD")]


def test_united_has_the_customers_of_both_once() -> None:
    found = united(of("left", "ada", "cyd"), of("right", "bob", "cyd"))
    assert found.rows() == [("ada", "ADA", None), ("bob", None, "BOB"), ("cyd", "CYD", "CYD")]
