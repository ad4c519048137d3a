"""Advocates of a whiteboard: scores, ranks, and credits that add up to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from loyalty_pipeline.metrics.advocates import advocates
from loyalty_pipeline.months.advocate_credits import AdvocateCredit
from loyalty_pipeline.staging.advocacy_acts import AdvocacyAct
from loyalty_pipeline.staging.posts import NOBODY, Post
from loyalty_pipeline.staging.sent_referrals import SentReferral
from tests.whiteboard import by_month, month

if TYPE_CHECKING:
    from tests.companies import Row

JANUARY = month("2024-01")
AT = {"month": "2024-01-01"}


def credit(name: str, direct: str, downstream: str = "0") -> Row:
    amounts = {"direct_revenue": Decimal(direct), "downstream_revenue": Decimal(downstream)}
    return AT | {"customer_id": name} | amounts


def sent(name: str, *, converted: bool = False, is_self: bool = False) -> Row:
    converted_at = "2024-01-20" if converted else None
    return AT | {"customer_id": name, "is_self": is_self, "converted_at": converted_at}


def acted(name: str, kind: str = "shared") -> Row:
    return AT | {"customer_id": name, "kind": kind}


def posted(name: str, likes: int = 0) -> Row:
    return AT | {"customer_id": name, "likes": likes, "shares": 0, "comments": 0, "reach": 10 * likes}


def told(
    *,
    referrals: tuple[Row, ...] = (),
    acts: tuple[Row, ...] = (),
    posts: tuple[Row, ...] = (),
    credits_: tuple[Row, ...] = (),
) -> dict[str, Row]:
    found = advocates(
        JANUARY,
        by_month(SentReferral, *referrals),
        by_month(AdvocacyAct, *acts),
        by_month(Post, *posts),
        by_month(AdvocateCredit, *credits_),
    )
    return {row["customer_id"]: row for row in found.collect().to_dicts()}


def test_what_an_advocate_does_is_counted_one_by_one() -> None:
    rows = told(
        referrals=(sent("ada"), sent("ada", converted=True), sent("bob")),
        acts=(acted("ada"), acted("bob", "reviewed"), acted("bob", "testified")),
        posts=(posted("ada", likes=3),),
    )
    scores = {
        name: (
            row["referrals_sent"],
            row["referrals_converted"],
            row["activities"],
            row["posts"],
            row["activity_score"],
        )
        for name, row in rows.items()
    }
    assert scores == {"ada": (2, 1, 1, 1, 4), "bob": (1, 0, 2, 0, 3)}
    assert (rows["ada"]["reach"], rows["ada"]["reactions"]) == (30, 3)
    assert (rows["ada"]["activity_rank"], rows["bob"]["activity_rank"]) == (1, 2)


def test_invitations_to_oneself_joining_and_posts_of_nobody_make_no_advocate() -> None:
    assert (
        told(
            referrals=(sent("ada", is_self=True, converted=True),),
            acts=(acted("ada", "invited"), acted("ada", "joined")),
            posts=(posted(NOBODY, 9),),
        )
        == {}
    )


def test_influence_is_the_mean_of_three_shares() -> None:
    """Ada has 3/4 of the credits, 1/2 of the conversions and all reactions: (0.75 + 0.5 + 1) / 3."""
    rows = told(
        referrals=(sent("ada", converted=True), sent("bob", converted=True)),
        posts=(posted("ada", likes=8),),
        credits_=(credit("ada", "20", "10"), credit("bob", "10")),
    )
    assert rows["ada"]["influence_score"] == pytest.approx(0.75)
    assert rows["bob"]["influence_score"] == pytest.approx(0.25)


def test_refunds_that_outweigh_credits_take_nothing_from_the_others() -> None:
    rows = told(credits_=(credit("ada", "-50", "20"), credit("bob", "10")))
    assert (rows["ada"]["direct_revenue"], rows["ada"]["influence_score"]) == (Decimal("-50.00"), 0)
    assert rows["bob"]["influence_score"] == pytest.approx(1 / 3)


def test_who_ties_shares_the_better_rank_and_the_next_one_is_skipped() -> None:
    rows = told(
        acts=(
            acted("ada"),
            acted("bob"),
            acted("cy"),
            acted("cy"),
            acted("dan"),
            acted("eve"),
            acted("eve"),
            acted("eve"),
        )
    )
    assert {name: row["activity_rank"] for name, row in rows.items()} == {
        "ada": 3,
        "bob": 3,
        "cy": 2,
        "dan": 3,
        "eve": 1,
    }
    assert {row["influence_rank"] for row in rows.values()} == {1}


def test_credits_add_up_to_the_cent_in_the_order_of_the_advocates() -> None:
    """Thirds of a euro: rounded one by one they would lack a cent."""
    rows = told(credits_=tuple(credit(name, "0.3333") for name in ("cy", "ada", "bob")))
    assert {name: row["direct_revenue"] for name, row in rows.items()} == {
        "ada": Decimal("0.33"),
        "bob": Decimal("0.34"),
        "cy": Decimal("0.33"),
    }


def test_a_credit_of_less_than_a_cent_still_makes_a_row() -> None:
    rows = told(credits_=(credit("ada", "0.0049"), credit("bob", "0.0000")))
    assert {name: row["direct_revenue"] for name, row in rows.items()} == {"ada": Decimal(0)}
