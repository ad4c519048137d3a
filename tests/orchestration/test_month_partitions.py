from datetime import UTC, date, datetime

from loyalty_pipeline.orchestration.columns import plain
from loyalty_pipeline.orchestration.month_partitions import month_partitions, selected_units
from loyalty_pipeline.orchestration.trend import picture
from loyalty_pipeline.settings import Settings

MONTHS = ["2026-01", "2026-02", "2026-03"]


def test_without_a_landing_there_are_five_years_before_the_as_of(tmp_path):
    partitions = month_partitions(Settings(data_dir=tmp_path, as_of=date(2026, 10, 17)))
    assert partitions.get_first_partition_key() == "2021-10"


def test_months_end_with_a_fixed_as_of_and_else_with_the_running_month(tmp_path):
    fixed = month_partitions(Settings(data_dir=tmp_path, as_of=date(2025, 3, 1)))
    assert fixed.get_last_partition_key() == "2025-02"
    running = month_partitions(Settings(data_dir=tmp_path))
    assert running.get_last_partition_key() == f"{datetime.now(UTC):%Y-%m}"


def test_with_a_landing_the_first_month_of_business_is_the_first(source, landed):
    settings = Settings.load(source=str(source), data_dir=landed)
    assert month_partitions(settings).get_first_partition_key() == "2026-06"


def test_the_first_month_brings_the_older_ones_and_the_last_the_newer():
    units = ["1999-12", "2026-01", "2026-02", "2026-03", "2030-01"]
    assert selected_units(["2026-01"], units, MONTHS) == ["1999-12", "2026-01"]
    assert selected_units(["2026-02"], units, MONTHS) == ["2026-02"]
    assert selected_units(["2026-03"], units, MONTHS) == ["2026-03", "2030-01"]


def test_months_without_business_are_left_out():
    assert selected_units(MONTHS, ["2026-02"], MONTHS) == ["2026-02"]


def test_fractions_keep_their_brackets():
    assert (
        plain(r"gross = \frac{churned + contracted}{opening^*}")
        == "gross = (churned + contracted) / opening*"
    )
    assert plain(r"s = \frac{arpa \cdot margin}{\overline{churn}}") == "s = (arpa · margin) / mean(churn)"


def test_a_picture_needs_two_points():
    assert picture("rows", {"2026-01": 3.0}) == "_rows: no line yet, 1 months_"
    assert picture("rows", {"2026-01": 3.0, "2026-02": 3.0}).startswith("![rows](data:image/svg+xml;base64,")
