"""What a run would compute, told before it runs: certain, possible, and never too little."""

from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.lake.lake import Lake
from loyalty_pipeline.lake.month_runs import month_runs
from loyalty_pipeline.lake.outcome import Outcome
from loyalty_pipeline.lake.part import month_of, work_of
from loyalty_pipeline.lake.plan import Plan, essential, plan_of
from loyalty_pipeline.pipeline import open_lake
from tests.lake.toy import AS_OF, MONTHLY, Shops, computed, recomputed, rewritten, toy_tables
from tests.nights.company import BY_SOURCE, Company, Throws
from tests.nights.policy_changes import CHANGES

MONTHS = ["2024-01", "2024-02", "2024-03", "2024-04", "2024-05"]


@pytest.fixture
def shops(tmp_path: Path) -> Shops:
    made = Shops(tmp_path)
    computed(made.lake())
    return made


def certain(plan: Plan) -> dict[str, dict[str, list[str]]]:
    """Why the stale tasks are stale: table -> unit -> reasons in words."""
    return {
        name: {unit: [reason.told for reason in reasons] for unit, reasons in table.certain.items()}
        for name, table in plan.tables.items()
        if table.certain
    }


def possible(plan: Plan) -> dict[str, dict[str, tuple[str, ...]]]:
    return {
        name: {unit: task.through for unit, task in table.possible.items()}
        for name, table in plan.tables.items()
        if table.possible
    }


def test_where_nothing_changed_nothing_is_planned(shops: Shops) -> None:
    plan = plan_of(shops.lake())
    assert plan.is_idle
    assert plan.months is None
    assert plan.to_dict() == {"months": None, "tables": {}}


def test_a_corrected_row_makes_its_month_stale_and_its_readers_possible_by_their_reach(shops: Shops) -> None:
    shops.sell(("s2", "north", 250, "2024-02-15"))
    plan = plan_of(shops.lake())
    assert certain(plan) == {"payments": {"2024-02": ["raw sales 2024-02/000003 new"]}}
    assert possible(plan) == {
        "balances": {"2024-02": ("payments",), **dict.fromkeys(MONTHS[2:], ("balances",))},
        "outlooks": {"2024-01": ("payments",)},
        "so_far": dict.fromkeys(MONTHS[1:], ("payments",)),
        "quarter_balances": dict.fromkeys(MONTHS[1:], ("balances",)),
        "next_sales": {"2024-01": ("payments",)},
        "named_balances": dict.fromkeys(MONTHS[1:], ("balances",)),
    }
    assert plan.tables["balances"].moves == ("payments",)
    assert plan.months == ("2024-02", "2024-05")


def test_a_whole_table_reaches_every_month_of_its_readers(shops: Shops) -> None:
    shops.name_shops(south="Southern Bank")
    plan = plan_of(shops.lake())
    assert certain(plan) == {"signs": {"whole": ["raw shop_names 2024-01/000003 new"]}}
    assert possible(plan) == {"named_balances": dict.fromkeys(MONTHS, ("signs",))}
    assert plan.months == ("2024-05", "2024-05")


def test_a_changed_setting_is_the_reason_of_those_who_name_it(shops: Shops) -> None:
    plan = plan_of(shops.lake(least=200))
    assert certain(plan) == {"so_far": {month: ["setting least changed"] for month in MONTHS}}
    assert possible(plan) == {}


def test_changed_code_is_the_reason_of_its_own_table(shops: Shops) -> None:
    plan = plan_of(shops.lake(tables=rewritten(toy_tables(), "outlooks")))
    assert certain(plan) == {"outlooks": {month: ["its code changed"] for month in MONTHS}}


def test_a_later_as_of_makes_the_month_it_cuts_stale_and_the_next_one_new(shops: Shops) -> None:
    plan = plan_of(shops.lake(as_of=date(2024, 6, 2)))
    cut = ["the as-of, or how time is counted changed"]
    assert {name: certain(plan)[name] for name in ("balances", "outlooks")} == {
        "balances": {"2024-05": cut, "2024-06": []},
        "outlooks": {"2024-05": cut, "2024-06": []},
    }
    assert plan.to_dict()["tables"]["balances"]["certain"]["2024-06"] == [
        {"kind": "never computed", "told": "never computed"}
    ]


def test_other_months_that_a_later_as_of_makes_a_month_read_are_no_reason_of_their_own(shops: Shops) -> None:
    shops.sell(("s1", "north", 170, "2024-01-15"), ("s9", "south", 20, "2024-05-09"))
    plan = plan_of(shops.lake(as_of=date(2024, 6, 2)))
    found = plan.tables["quarter_balances"].certain["2024-05"]
    assert {reason.change for reason in found if reason.kind == "table"} == {"gone"}
    assert [reason.kind for reason in essential(found)] == ["calendar"]
    assert plan.causes == [
        "sales 2024-01, 2024-05 new",
        "the as-of, or how time is counted changed 2024-05",
        "the as-of, with events after the old one changed 2024-05",
        "never computed 2024-06",
    ]


def test_an_earlier_as_of_drops_the_months_after_it(shops: Shops) -> None:
    plan = plan_of(shops.lake(as_of=date(2024, 3, 10)))
    assert plan.tables["balances"].dropped == ["2024-04", "2024-05"]
    assert list(certain(plan)["balances"]) == ["2024-03"]
    # Their sales have landed, and count no more.
    assert list(certain(plan)["payments"]) == ["2024-04", "2024-05"]
    assert plan.months == ("2024-03", "2024-03")
    assert plan.causes[-1] == "dropped 2024-04..2024-05"


def test_before_the_first_run_what_landed_is_certain_and_the_months_are_expected(tmp_path: Path) -> None:
    plan = plan_of(Shops(tmp_path).lake())
    assert certain(plan) == {
        "payments": {month: [] for month in ("2024-01", "2024-02", "2024-04", "2024-05")},
        "signs": {"whole": []},
    }
    assert {name: list(possible(plan)[name]) for name in MONTHLY} == dict.fromkeys(MONTHLY, MONTHS)
    assert plan.months == ("2024-01", "2024-05")


def test_where_business_may_begin_later_nothing_is_sure_of_its_first_months(tmp_path: Path) -> None:
    shops = Shops(tmp_path, [("s1", "north", 100, "2023-12-31T23:30"), ("s2", "north", 50, "2024-02-10")])
    computed(shops.lake())
    berlin = {"timezone": "Europe/Berlin", "least": 30}
    lake = shops.lake(**berlin)
    plan = plan_of(lake)
    assert certain(plan) == {
        "payments": {month: ["setting timezone changed"] for month in ("2023-12", "2024-02")}
    }
    assert [reason.told for reason in plan.tables["so_far"].possible["2023-12"].reasons or ()] == [
        "setting least changed"
    ]
    assert_covers(plan, computed(lake), lake)
    assert lake.months[0] == "2024-01"


def test_what_a_run_that_died_half_way_left_is_possible_because_it_may_come_out_as_it_was(
    shops: Shops,
) -> None:
    shops.sell(("s2", "north", 250, "2024-02-15"))
    shops.lake().compute("payments")
    died = plan_of(shops.lake())
    assert certain(died)["so_far"]["2024-02"] == ["payments 2024-02/2024-02 changed"]
    shops.sell(("s2", "north", 200, "2024-02-15"))
    plan = plan_of(shops.lake())
    assert list(certain(plan)) == ["payments"]
    unsure = plan.tables["so_far"].possible["2024-02"]
    assert [reason.told for reason in unsure.reasons or ()] == ["payments 2024-02/2024-02 changed"]
    assert recomputed(shops.lake()) == {"payments": ["2024-02"]}


def test_tables_after_a_raw_table_that_is_to_be_read_are_unknown_until_it_has_landed(shops: Shops) -> None:
    plan = plan_of(shops.lake(), ["shop_names"])
    assert {name: table.awaits for name, table in plan.tables.items() if table.awaits} == {
        "signs": ("shop_names",),
        "named_balances": ("shop_names",),
    }


def test_months_in_a_row_are_told_as_one() -> None:
    assert month_runs(["2024-03", "2023-12", "2024-01", "2024-05", "2024-03", "whole"]) == (
        "2023-12..2024-01, 2024-03, 2024-05, whole"
    )


def assert_covers(plan: Plan, outcomes: dict[str, list[Outcome]], lake: Lake) -> None:
    """What was computed was planned; beside the plan only where rows moved to months that nobody could expect."""
    done = {name: {o.month for o in made if o.is_recomputed} for name, made in outcomes.items()}
    missed = {name: done[name] - {*table.certain, *table.possible} for name, table in plan.tables.items()}
    not_done = {name: {*table.certain} - done[name] for name, table in plan.tables.items()}
    moved = {
        name for name in lake.tables if lake.tables[name].is_split and _has_moved(plan, done, lake, name)
    }
    assert {name: units for name, units in not_done.items() if units} == {}
    assert {n: u for n, u in missed.items() if u and not moved.intersection(plan.tables[n].moves)} == {}


def _has_moved(plan: Plan, done: dict[str, set[str]], lake: Lake, name: str) -> bool:
    written = {month_of(part) for part in lake.manifest.tables.get(name, {}) if work_of(part) in done[name]}
    return not written <= {*plan.tables[name].writes}


@st.composite
def sale(draw: st.DrawFn) -> tuple[str, str, int, str]:
    """A sale, new or told anew: a sale that is told with another day is filed where it was."""
    number, day = draw(st.integers(1, 8)), draw(st.integers(1, 170))
    sold_on = date(2023, 12, 15) + timedelta(days=day)
    return (
        f"s{number}",
        draw(st.sampled_from(["north", "south"])),
        draw(st.integers(0, 60)),
        f"{sold_on}T{draw(st.sampled_from(['12:00', '23:30']))}",
    )


NIGHT = st.fixed_dictionaries(
    {
        "sales": st.lists(sale(), min_size=1, max_size=2),
        "name": st.sampled_from([None, None, None, "Gate", "Bank"]),
        "as_of": st.sampled_from([0, 0, 0, 0, 1, -9, 22, -40, 40, -100]),
        "least": st.sampled_from([0, 0, 0, 0, 0, 30]),
        "timezone": st.sampled_from(["UTC", "UTC", "UTC", "Europe/Berlin"]),
        "half": st.sampled_from([0, 0, 0, 1, 3, 7]),
    }
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(nights=st.lists(NIGHT, min_size=1, max_size=3))
def test_whatever_comes_a_plan_has_all_that_is_computed_and_what_it_is_sure_of_is_computed(
    nights: list[dict[str, Any]],
) -> None:
    with TemporaryDirectory() as folder:
        shops = Shops(Path(folder))
        computed(shops.lake())
        for night in nights:
            shops.sell(*night["sales"])
            if night["name"]:
                shops.name_shops(north=night["name"])
            told = {
                "as_of": AS_OF + timedelta(days=night["as_of"]),
                "least": night["least"],
                "timezone": night["timezone"],
            }
            died = shops.lake(**told)
            for name in list(died.tables)[: night["half"]]:
                died.compute(name)
            lake = shops.lake(**told)
            plan = plan_of(lake)
            stale = {name: set(lake.stale(name)) for name in lake.tables}
            assert {name: {*table.stale} for name, table in plan.tables.items()} == stale
            assert_covers(plan, computed(lake), lake)
            assert plan_of(shops.lake(**told)).is_idle


@pytest.mark.slow
@pytest.mark.parametrize("source", BY_SOURCE)
@pytest.mark.parametrize("number", range(2))
def test_over_random_nights_a_plan_has_all_that_is_computed_and_what_it_is_sure_of_is_computed(
    number: int, source: str, tmp_path: Path
) -> None:
    hold_nights(number, source, tmp_path)


def hold_nights(number: int, source: str, folder: Path) -> None:
    """Plan and live through a first night and three after it; some follow on one that died."""
    dice, company = Throws(number), Company.of(number, source)
    for night in range(4):
        for _ in range(dice.one_of((1, 1, 2, 3)) if night else 0):
            CHANGES[dice.one_of(list(CHANGES))](company, dice)
        company.land(folder)
        if dice.chance(3):
            died = open_lake(company.chosen(folder))
            for name in list(died.tables)[: dice.one_of(range(len(died.tables)))]:
                died.compute(name)
            died.commit()
        lake = open_lake(company.chosen(folder))
        plan = plan_of(lake)
        assert_covers(plan, computed(lake), lake)
        lake.commit()
    assert plan_of(open_lake(company.chosen(folder))).is_idle


def test_shards_of_a_month_are_planned_by_themselves_and_changing_their_number_is_a_reason(
    tmp_path: Path,
) -> None:
    company = Company.of(3, "invoice_lines")
    company.land(tmp_path)
    computed(open_lake(company.chosen(tmp_path)))
    company.settings["shards"] = 2
    lake = open_lake(company.chosen(tmp_path))
    plan = plan_of(lake)
    for name in ("payments", "recurring_lines"):
        assert {reason.kind for reasons in plan.tables[name].certain.values() for reason in reasons} == {
            "shards"
        }
    # All activity may come out otherwise, so it is not sure that there are months of business at all.
    assert {unit[7:] for unit in plan.tables["line_state"].possible} == {".1of2", ".2of2"}
    assert plan.tables["line_state"].dropped == lake.months
    assert_covers(plan, computed(lake), lake)
    lake = open_lake(company.chosen(tmp_path))
    assert plan_of(lake).is_idle
    line = company.live("invoice_lines")[0]
    company.say("invoice_lines", line, quantity=line["quantity"] + 1, updated_at=company.now(line))
    company.land(tmp_path)
    lake = open_lake(company.chosen(tmp_path))
    plan = plan_of(lake)
    assert list(plan.tables["payments"].certain) == list(plan.tables["recurring_lines"].certain) != []
    assert_covers(plan, computed(lake), lake)
