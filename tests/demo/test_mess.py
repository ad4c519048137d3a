from pathlib import Path

import polars as pl
import pytest

from loyalty_pipeline.demo import ALL_MESS, DemoCompany, write_company

from .conftest import Tables, key_of, raw_tables

KEYS = {"fx_rates": ["rate_date", "currency"]}


def with_only(kind: str, folder: Path) -> Tables:
    return raw_tables(write_company(folder, customers=1_500, months=24, mess=frozenset({kind})))


def key_columns(name: str, frame: pl.DataFrame) -> list[str]:
    return KEYS.get(name, [frame.columns[0]])


def added(frame: pl.DataFrame, clean: pl.DataFrame) -> pl.DataFrame:
    assert frame.head(clean.height).equals(clean)
    return frame.tail(frame.height - clean.height)


def test_duplicates_are_rows_that_stand_there_twice(clean: DemoCompany, tmp_path: Path) -> None:
    before, after = raw_tables(clean), with_only("duplicates", tmp_path)
    for name, frame in after.items():
        assert frame.unique().height == before[name].height
        assert (
            added(frame, before[name])
            .join(before[name], on=frame.columns, how="anti", nulls_equal=True)
            .is_empty()
        )
    assert after["invoice_lines"].height > before["invoice_lines"].height


def test_stale_versions_are_older_than_the_row_beside_them_and_differ_from_it(
    clean: DemoCompany, tmp_path: Path
) -> None:
    before, after = raw_tables(clean), with_only("stale_versions", tmp_path)
    for name, frame in after.items():
        key = key_columns(name, frame)
        stale = added(frame, before[name])
        current = (
            before[name]
            .select(*key, current_at=pl.col("updated_at"))
            .group_by(key)
            .agg(pl.col("current_at").min())
        )
        assert (
            stale.join(current, on=key).filter(pl.col("updated_at") < pl.col("current_at")).height
            == stale.height
        )
    assert added(after["invoices"], before["invoices"]).height > 0


def test_a_stale_version_of_a_customer_has_the_attributes_of_the_first(
    clean: DemoCompany, tmp_path: Path
) -> None:
    before, after = raw_tables(clean)["customers"], with_only("stale_versions", tmp_path)["customers"]
    attributes = ["customer_id", "created_at", "country", "region", "language", "customer_segment",
                  "acquisition_channel", "birth_year", "merged_into_customer_id"]  # fmt: skip
    first = before.sort("updated_at").unique("customer_id", keep="first")
    stale = added(after, before)
    assert stale.height > 0
    assert stale.join(first, on=attributes, how="anti", nulls_equal=True).is_empty()


def test_bad_rows_have_keys_of_their_own_and_are_few(clean: DemoCompany, tmp_path: Path) -> None:
    before, after = raw_tables(clean), with_only("bad_rows", tmp_path)
    bad = {name: added(frame, before[name]) for name, frame in after.items()}
    for name, rows in bad.items():
        key = key_columns(name, rows)[-1]
        assert rows.height < 0.01 * before[name].height
        assert (
            rows.drop_nulls(key).join(before[name], on=key, how="anti").height == rows.drop_nulls(key).height
        )
    assert {name for name, rows in bad.items() if rows.height} >= {
        "customers",
        "invoices",
        "invoice_lines",
        "fx_rates",
    }


@pytest.mark.parametrize(
    ("table", "rule"),
    [
        ("invoice_lines", pl.col("line_id").is_null()),
        ("invoice_lines", pl.col("invoice_id") == "does_not_exist"),
        ("invoice_lines", pl.col("period_end") <= pl.col("period_start")),
        ("invoice_lines", (pl.col("kind") == "recurring") & pl.col("period_start").is_null()),
        ("invoices", pl.col("currency") == "ZZZ"),
        ("customers", pl.col("updated_at").dt.year() > 2100),
        ("interactions", pl.col("duration_seconds") < 0),
        ("survey_responses", pl.col("score") > pl.col("scale_max")),
    ],
)
def test_every_rule_that_is_named_is_broken_only_with_bad_rows(
    table: str, rule: pl.Expr, clean: DemoCompany, messy: DemoCompany
) -> None:
    assert raw_tables(clean)[table].filter(rule).is_empty()
    assert raw_tables(messy)[table].filter(rule).height > 0


def test_email_variants_differ_in_case_and_white_space_only(clean: DemoCompany, tmp_path: Path) -> None:
    before, after = raw_tables(clean)["customers"], with_only("email_variants", tmp_path)["customers"]
    assert after.drop("email").equals(before.drop("email"))
    assert after["email"].str.strip_chars().str.to_lowercase().equals(before["email"])
    assert 0.01 < (after["email"] != before["email"]).mean() < 0.1


def test_without_bad_rows_the_latest_version_of_each_key_is_the_true_row(
    clean: DemoCompany, messy: DemoCompany
) -> None:
    before, after = raw_tables(clean), raw_tables(messy)
    for name in after.keys() - {"customers"}:
        key = key_columns(name, after[name])
        good = after[name].drop_nulls(key)
        if key[0].endswith("_id"):
            good = good.filter(~pl.col(key[0]).str.starts_with("bad_"))
        latest = good.unique().sort(*key, "updated_at").unique(key, keep="last", maintain_order=True)
        assert latest.equals(before[name].sort(key)), name


def test_no_mess_changes_the_key(clean: DemoCompany, messy: DemoCompany) -> None:
    assert len(ALL_MESS) == 4
    for source in ("subscription_items", "invoice_lines"):
        before, after = key_of(clean, source), key_of(messy, source)
        assert all(after[name].equals(before[name]) for name in before)
