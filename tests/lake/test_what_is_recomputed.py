"""What a night costs: which tasks are stale, and where the ripple of a change stops."""

from datetime import UTC, date, datetime
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest

from loyalty_pipeline.contract import polars_schema
from loyalty_pipeline.lake.audit import ContractBroken
from loyalty_pipeline.lake.store import Store
from loyalty_pipeline.periods import Window
from loyalty_pipeline.reads import Previous
from tests.lake.toy import (
    MONTHLY,
    Balance,
    Payment,
    Shops,
    computed,
    digests,
    recomputed,
    rewritten,
    toy_tables,
)

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05"]


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    return Shops(tmp_path)


def kept(shops: Shops) -> Shops:
    computed(shops.lake())
    return shops


def test_the_first_night_computes_every_task_once(shops: Shops) -> None:
    night = recomputed(shops.lake())
    assert night["payments"] == ["2024-01", "2024-02", "2024-04", "2024-05"]
    assert night["signs"] == ["whole"]
    assert {name: night[name] for name in MONTHLY} == dict.fromkeys(MONTHLY, MONTHS)


def test_a_night_without_news_computes_nothing_and_commits_nothing(shops: Shops) -> None:
    lake = kept(shops).lake()
    before = (shops.root / "lake" / "current.json").read_bytes()
    assert [name for name in lake.tables if lake.stale(name)] == []
    assert recomputed(lake) == {}
    assert (shops.root / "lake" / "current.json").read_bytes() == before


def test_what_every_way_of_reading_sees(shops: Shops) -> None:
    lake = kept(shops).lake()

    def month(name: str, part: str) -> list[tuple[object, ...]]:
        return pl.read_parquet(lake.store.path(lake.manifest.tables[name][part])).rows()

    assert month("balances", "2024-03") == [("north", 300), ("south", 300)]
    assert month("outlooks", "2024-03") == [("north", 400)]
    assert month("outlooks", "2024-05") == []
    assert month("so_far", "2024-02") == [(3,)]
    assert month("quarter_balances", "2024-05") == [("north", 700), ("south", 800)]
    assert [month("next_sales", m) for m in MONTHS] == [[(1,)], [(1,)], [(1,)], [(1,)], [(0,)]]
    assert month("named_balances", "2024-01") == [("north", "NORTH GATE 100")]
    sold_at = datetime(2024, 4, 20, tzinfo=UTC)
    assert month("payments", "2024-04/2024-04") == [(date(2024, 4, 1), "s4", "north", sold_at, 400)]


def test_a_changed_month_restales_who_reads_it_by_the_reach_they_declare(shops: Shops) -> None:
    kept(shops).sell(("s2", "north", 250, "2024-02-15"))
    night = recomputed(shops.lake())
    assert night["payments"] == ["2024-02"]
    assert night["balances"] == ["2024-02", "2024-03", "2024-04", "2024-05"]
    assert night["outlooks"] == ["2024-01"]
    assert night["so_far"] == ["2024-02", "2024-03", "2024-04", "2024-05"]
    assert night["quarter_balances"] == ["2024-02", "2024-03", "2024-04", "2024-05"]
    assert night["next_sales"] == ["2024-01"]
    assert night["named_balances"] == ["2024-02", "2024-03", "2024-04", "2024-05"]
    assert "signs" not in night


def test_the_ripple_stops_where_rows_come_out_as_they_were(shops: Shops) -> None:
    kept(shops).sell(("s2", "north", 209, "2024-02-15"))
    lake = shops.lake()
    outcomes = computed(lake)
    assert [(o.month, o.is_changed) for o in outcomes["payments"] if o.is_recomputed] == [("2024-02", False)]
    assert [name for name, made in outcomes.items() if any(o.is_recomputed for o in made)] == ["payments"]


def test_a_ripple_through_months_stops_at_the_first_that_is_as_it_was(shops: Shops) -> None:
    # What the shop lacks in February it brings in March: from there on the balance is what it was.
    kept(shops).sell(("s2", "north", 150, "2024-02-15"), ("s9", "north", 50, "2024-03-02"))
    made = computed(shops.lake())["balances"]
    assert [o.month for o in made if o.is_recomputed] == ["2024-02", "2024-03"]
    assert [o.month for o in made if o.is_changed] == ["2024-02"]


def test_a_reader_of_later_months_depends_on_those_it_took_and_no_others(shops: Shops) -> None:
    kept(shops).sell(("s5", "south", 900, "2024-05-05"))
    assert recomputed(shops.lake())["next_sales"] == ["2024-04"]


def test_a_month_that_comes_nearer_than_the_one_that_was_taken_is_seen(shops: Shops) -> None:
    kept(shops).sell(("s9", "south", 10, "2024-03-20"))
    assert recomputed(shops.lake())["next_sales"] == ["2024-02"]


def test_a_changed_setting_restales_only_who_names_it(shops: Shops) -> None:
    night = recomputed(kept(shops).lake(least=200))
    assert night == {"so_far": MONTHS}


def test_a_changed_function_restales_its_own_table_and_no_other_where_rows_stay(shops: Shops) -> None:
    kept(shops)
    night = recomputed(shops.lake(tables=rewritten(toy_tables(), "balances")))
    assert night == {"balances": MONTHS}


def test_a_whole_table_restales_its_readers_in_every_month(shops: Shops) -> None:
    kept(shops).name_shops(south="Southern Bank")
    assert recomputed(shops.lake()) == {"signs": ["whole"], "named_balances": MONTHS}


def test_a_later_as_of_restales_the_month_it_cuts_and_months_that_begin(shops: Shops) -> None:
    kept(shops)
    night = recomputed(shops.lake(as_of=date(2024, 5, 11)))
    # The last event in landing is before both: counting until the as-of is counting until that event.
    assert "payments" not in night
    assert {name: night[name] for name in MONTHLY} == {name: ["2024-05"] for name in MONTHLY}
    beyond = recomputed(shops.lake(as_of=date(2024, 6, 2)))
    assert beyond["balances"] == ["2024-05", "2024-06"]


def test_an_event_after_the_as_of_counts_from_the_day_it_has_come(shops: Shops) -> None:
    shops.sell(("s9", "north", 60, "2024-05-20"))
    shops = kept(shops)
    assert shops.lake().scan("payments").filter(pl.col("sale_id") == "s9").collect().is_empty()
    night = recomputed(shops.lake(as_of=date(2024, 5, 21)))
    assert night["payments"] == ["2024-05"]
    assert shops.lake().scan("payments").filter(pl.col("sale_id") == "s9").collect().height == 1


def test_an_earlier_as_of_takes_away_the_months_after_it(shops: Shops) -> None:
    kept(shops)
    lake = shops.lake(as_of=date(2024, 3, 10))
    computed(lake)
    assert lake.months == ["2024-01", "2024-02", "2024-03"]
    assert list(lake.manifest.tables["balances"]) == lake.months
    assert list(lake.manifest.tasks["balances"]) == lake.months
    computed(shops.lake(as_of=date(2024, 3, 10), folder="fresh"))
    fresh = shops.lake(as_of=date(2024, 3, 10), folder="fresh")
    assert digests(lake) == digests(fresh)


def test_a_table_split_by_month_moves_a_row_whose_month_changed(shops: Shops) -> None:
    berlin = {"timezone": "Europe/Berlin"}
    shops.sell(("s9", "north", 70, "2024-02-29T23:30"))
    computed(shops.lake())
    assert "2024-03/2024-02" not in shops.lake().manifest.tables["payments"]
    lake = shops.lake(**berlin)
    computed(lake)
    assert "2024-03/2024-02" in lake.manifest.tables["payments"]
    computed(shops.lake())
    assert "2024-03/2024-02" not in shops.lake().manifest.tables["payments"]


def test_full_computes_everything_and_finds_that_nothing_changed(shops: Shops) -> None:
    lake = kept(shops).lake()
    outcomes = [o for made in computed(lake, is_full=True).values() for o in made]
    assert all(o.is_recomputed for o in outcomes)
    assert not any(o.is_changed for o in outcomes)


def test_chosen_units_leave_the_others_stale(shops: Shops) -> None:
    lake = shops.lake()
    lake.compute("payments")
    lake.compute("signs")
    outcomes = lake.compute("so_far", ["2024-02", "2024-04"])
    assert [o.month for o in outcomes] == ["2024-02", "2024-04"]
    assert lake.stale("so_far") == ["2024-01", "2024-03", "2024-05"]


def test_an_outcome_counts_the_rows_and_bytes_of_its_files(shops: Shops) -> None:
    lake = shops.lake()
    february = computed(lake)["payments"][1]
    entry = lake.manifest.tables["payments"]["2024-02/2024-02"]
    assert (february.rows, february.bytes, february.digest) == (2, entry.bytes, entry.digest)
    assert lake.store.path(entry).stat().st_size == entry.bytes


def test_without_activity_there_are_no_months(tmp_path: Path) -> None:
    lake = Shops(tmp_path, sales=[]).lake()
    outcomes = computed(lake)
    assert lake.months == []
    assert [name for name, made in outcomes.items() if made] == ["signs"]
    assert lake.scan("balances").collect().schema == polars_schema(Balance)


def in_debt(
    window: Window,  # noqa: ARG001 - makes the table one of months
    previous: Previous[Balance],
    payments: dy.LazyFrame[Payment],
    bonus: int,
) -> dy.LazyFrame[Balance]:
    lost = payments.select("shop", amount=pl.col("amount") - 350 + bonus)
    return pl.concat([previous, lost]).group_by("shop").agg(pl.col("amount").sum())


def test_rows_that_break_the_contract_are_named_and_nothing_of_their_table_is_committed(shops: Shops) -> None:
    kept(shops)
    before, current = digests(shops.lake()), (shops.root / "lake" / "current.json").read_bytes()
    lake = shops.lake(tables=rewritten(toy_tables(), "balances", function=in_debt))
    with pytest.raises(ContractBroken, match="balances 2024-01: nobody_owes broken by 1 rows") as broken:
        lake.compute("balances")
    assert [(b.table, b.month, b.rule, b.rows) for b in broken.value.breaches] == [
        ("balances", "2024-01", "nobody_owes", 1)
    ]
    assert (shops.root / "lake" / "current.json").read_bytes() == current
    assert digests(shops.lake()) == before


def doubled(
    window: Window,  # noqa: ARG001 - makes the table one of months
    previous: Previous[Balance],
    payments: dy.LazyFrame[Payment],
    bonus: int,
) -> dy.LazyFrame[Balance]:
    rows = pl.concat([previous, payments.select("shop", amount=pl.col("amount") + bonus)])
    return pl.concat([rows, rows])


def test_a_key_that_is_not_unique_is_a_breach(shops: Shops) -> None:
    lake = shops.lake(tables=rewritten(toy_tables(), "balances", function=doubled))
    lake.compute("payments")
    with pytest.raises(ContractBroken, match="balances 2024-01: key_is_unique broken by 1 rows"):
        lake.compute("balances")


def test_digests_do_not_know_the_order_in_which_rows_landed(tmp_path: Path) -> None:
    there, back = Shops(tmp_path / "there"), Shops(tmp_path / "back", sales=[])
    for sale in [
        ("s5", "south", 500, "2024-05-05"),
        ("s4", "north", 400, "2024-04-20"),
        ("s3", "south", 300, "2024-02-16"),
        ("s1", "north", 100, "2024-01-15"),
        ("s2", "north", 200, "2024-02-15"),
    ]:
        back.sell(sale)
        computed(back.lake())
    computed(there.lake())
    assert digests(there.lake()) == digests(back.lake())
    assert (
        Store(tmp_path / "there" / "landing").read().tables
        != Store(tmp_path / "back" / "landing").read().tables
    )
