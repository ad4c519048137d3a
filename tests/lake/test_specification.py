"""A table function's signature says what it reads, and its module's statements say when it changed."""

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import dataframely as dy
import polars as pl
import pytest

from loyalty_pipeline.catalogue import tables
from loyalty_pipeline.lake.specification import Specification, code_digest, specify
from loyalty_pipeline.pipeline import POLICY
from tests.lake.toy import FUNCTIONS, RAW, Payment, toy_tables

MODULE = '''"""Says what it does."""
from loyalty_pipeline import ratio

def halved(amount):
    """Half of it."""
    # A reason.
    return ratio.over(amount, 2)
'''


@pytest.fixture
def digest_of_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    monkeypatch.syspath_prepend(str(tmp_path))
    written = []

    def digest(source: str) -> str:
        name = f"{tmp_path.name}_{len(written)}"
        written.append(name)
        (tmp_path / f"{name}.py").write_text(source)
        import_module(name)
        return code_digest(name)

    return digest


def test_what_a_function_would_import_is_no_part_of_the_code(
    digest_of_module: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "def opened():\n    import lately_there\n    return lately_there\n"
    before = digest_of_module(source)
    library = ModuleType("lately_there")
    library.__version__ = "1.0"
    monkeypatch.setitem(sys.modules, "lately_there", library)
    assert digest_of_module(source) == before


def test_every_reach_is_read_from_the_signature() -> None:
    made = toy_tables()
    reaches = {name: [(r.table, r.reach, r.is_raw) for r in table.reads] for name, table in made.items()}
    assert reaches == {
        "payments": [("sales", "same", True), ("", "counted until", False)],
        "signs": [("shop_names", "whole", True)],
        "balances": [("balances", "previous", False), ("payments", "same", False)],
        "outlooks": [("payments", "following", False)],
        "so_far": [("payments", "through", False)],
        "quarter_balances": [("balances", "period months", False)],
        "next_sales": [("payments", "later", False)],
        "named_balances": [("balances", "same", False), ("signs", "whole", False)],
    }


def test_what_is_no_table_is_a_setting() -> None:
    assert {name: table.settings for name, table in toy_tables().items() if table.settings} == {
        "payments": ("timezone",),
        "balances": ("bonus",),
        "so_far": ("least",),
    }


def test_a_task_makes_a_month_a_home_month_or_the_whole_table() -> None:
    made = toy_tables()
    assert [made[name].unit for name in ("payments", "signs", "balances")] == ["home", "whole", "month"]
    assert [name for name, table in made.items() if table.is_split] == ["payments"]


def test_a_function_that_returns_no_table_is_refused() -> None:
    def nothing(payments: dy.LazyFrame[Payment]) -> pl.LazyFrame:
        return payments

    with pytest.raises(TypeError, match="nothing does not say which table it returns"):
        specify([*FUNCTIONS, nothing], RAW)


def test_every_setting_that_a_table_names_is_part_of_the_policy() -> None:
    named = {setting for table in tables().values() for setting in table.settings}
    assert named <= {*POLICY, "line_source", "sentiment_model", "benchmarks", "targets"}
    assert {*POLICY} <= named


def test_every_table_of_the_pipeline_is_made_before_it_is_read() -> None:
    made: set[str] = set()
    for name, table in tables().items():
        for read in table.reads:
            if not read.is_raw and read.reach not in ("counted until", "previous"):
                assert read.table in made, f"{name} reads {read.table}, which comes later"
        made.add(name)


def test_the_code_of_a_table_is_more_than_its_own_module() -> None:
    made: dict[str, Specification] = tables()
    assert made["churn"].code != made["mrr_growth"].code
    assert made["churn"].code == code_digest("loyalty_pipeline.metrics.churn")


def test_words_about_the_code_are_not_the_code(digest_of_module: Callable[[str], str]) -> None:
    reworded = MODULE.replace("Says what it does.", "Other words.").replace("Half of it.", "A half.")
    assert digest_of_module(MODULE) == digest_of_module(reworded.replace("# A reason.", "# Another."))


@pytest.mark.parametrize(("old", "new"), [("(amount, 2)", "(amount, 3)"), ("ratio.over", "ratio.wilson")])
def test_a_changed_statement_changes_the_digest(
    digest_of_module: Callable[[str], str], old: str, new: str
) -> None:
    assert digest_of_module(MODULE) != digest_of_module(MODULE.replace(old, new))


def test_what_a_module_imports_from_this_package_is_part_of_it(
    digest_of_module: Callable[[str], str],
) -> None:
    unimported = MODULE.replace("from loyalty_pipeline import ratio\n", "")
    with_money = MODULE.replace("import ratio", "import money as ratio")
    assert "loyalty_pipeline.ratio" in sys.modules
    assert len({digest_of_module(source) for source in (MODULE, unimported, with_money)}) == 3


def test_the_description_is_the_row_and_then_the_formula() -> None:
    table = tables()["churn"]
    assert table.description.startswith(
        "One row per period and segment value in which somebody was a customer."
    )
    assert r"\frac{churned}{opening}" in table.description
