"""Amounts that are rounded together, so that what is published adds up, and shares that are rounded once."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import polars as pl
from hypothesis import example, given
from hypothesis import strategies as st

from loyalty_pipeline.money import EXACT, cents_of_share, shared_cents

CENT = Decimal("0.01")
amounts = st.decimals(Decimal(-1_000_000), Decimal(1_000_000), places=4) | st.integers(-400, 400).map(
    lambda n: Decimal(n) / 200
)
shares = st.integers(0, 10_000).map(lambda n: Decimal(n) / 10_000)


def rounded(amount: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = 60
        return amount.quantize(CENT, ROUND_HALF_UP)


def shared(found: list[Decimal]) -> list[Decimal]:
    frame = pl.DataFrame({"amount": found}, schema={"amount": EXACT})
    return frame.select(shared_cents("amount")).to_series().to_list()


@given(st.lists(amounts, max_size=12))
@example([Decimal("0.0050")] * 7)
@example([Decimal("-0.0050"), Decimal("0.0050")])
def test_shared_cents_add_up_to_the_rounded_sum_and_none_is_off_by_more_than_a_cent(
    found: list[Decimal],
) -> None:
    published = shared(found)
    assert sum(published) == rounded(sum(found, Decimal(0)))
    # At most half a cent is left over before a row, and half a cent after it.
    assert all(abs(cents - exact) <= CENT for cents, exact in zip(published, found, strict=True))


@given(st.lists(amounts.map(rounded), max_size=12))
def test_whole_cents_are_shared_as_they_are(found: list[Decimal]) -> None:
    assert shared(found) == found


def test_what_rounding_leaves_goes_on_to_the_next_row() -> None:
    assert shared([Decimal("0.0040")] * 5) == [
        Decimal(0),
        Decimal("0.01"),
        Decimal(0),
        Decimal("0.01"),
        Decimal(0),
    ]


@given(amounts, shares, amounts)
def test_a_share_and_what_is_added_to_it_are_rounded_once(
    amount: Decimal, share: Decimal, more: Decimal
) -> None:
    frame = pl.DataFrame({"amount": [amount], "more": [more]}, schema={"amount": EXACT, "more": EXACT})
    alone, with_more = frame.select(
        alone=cents_of_share("amount", share), with_more=cents_of_share("amount", share, plus="more")
    ).row(0)
    assert alone == rounded(amount * share)
    assert with_more == rounded(amount * share + more)
