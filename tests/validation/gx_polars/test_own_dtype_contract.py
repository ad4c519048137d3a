"""`expect_table_dtypes_to_match_contract`: columns and their polars types."""

import polars as pl
import pytest

from loyalty_pipeline.validation.gx_polars import ExpectTableDtypesToMatchContract

FRAME = pl.LazyFrame(schema={"id": pl.Int64, "paid_on": pl.Date})
CONTRACT = {"id": "Int64", "paid_on": "Date"}


def expected(columns=CONTRACT, **given):
    return ExpectTableDtypesToMatchContract(columns=dict(columns), **given)


def test_a_table_with_the_contracts_columns_and_types_matches(validated):
    found = validated(FRAME, expected(extra="forbid"))
    assert found.success
    assert found.result["observed_value"] == "2 columns: 0 missing, 0 added, 0 changed"


def test_the_order_of_columns_means_nothing(validated):
    assert validated(FRAME.select("paid_on", "id"), expected(extra="forbid")).success


def test_differences_are_listed_by_kind(validated):
    found = validated(pl.LazyFrame(schema={"id": pl.String, "new": pl.Int8}), expected())
    assert not found.success
    assert found.result["details"] == {
        "missing": {"paid_on": "Date"},
        "added": {"new": "Int8"},
        "changed": {"id": {"expected": "Int64", "observed": "String"}},
    }


@pytest.mark.parametrize(
    ("frame", "forbidden", "allowed"),
    [
        (FRAME.with_columns(new=1), {"extra": "forbid"}, {}),
        (FRAME.drop("id"), {}, {"missing": "allow"}),
        (FRAME.cast({"id": pl.String}), {}, {"changed": "allow"}),
    ],
)
def test_each_kind_of_difference_is_forbidden_or_allowed_apart(validated, frame, forbidden, allowed):
    assert not validated(frame, expected(**forbidden)).success
    found = validated(frame, expected(**allowed))
    assert found.success
    assert sum(map(len, found.result["details"].values())) == 1


@pytest.mark.parametrize(
    ("contract", "observed"),
    [
        ("Int64", pl.Int32),
        ("Int32", pl.UInt64),
        ("Float64", pl.Float32),
        ("Decimal(precision=18, scale=2)", pl.Decimal(38, 2)),
        ("Decimal(precision=18, scale=2)", pl.Decimal(18, 4)),
        ("Datetime(time_unit='us', time_zone='UTC')", pl.Datetime("ns", "Europe/Berlin")),
        ("Datetime(time_unit='us', time_zone=None)", pl.Datetime("ms")),
        ("Duration(time_unit='us')", pl.Duration("ms")),
        ("String", pl.Categorical()),
        ("Enum(categories=['a'])", pl.String),
        ("Null", pl.String),
        ("Int64", pl.Null),
    ],
)
def test_the_same_kind_of_value_in_another_width_is_allowed_where_wider_is(validated, contract, observed):
    frame = pl.LazyFrame(schema={"a": observed})
    assert not validated(frame, expected({"a": contract})).success
    assert validated(frame, expected({"a": contract}, changed="allow_wider")).success


@pytest.mark.parametrize(
    ("contract", "observed"),
    [
        ("Int64", pl.Float64),
        ("Int64", pl.String),
        ("Decimal(precision=18, scale=4)", pl.Decimal(38, 2)),
        ("Datetime(time_unit='us', time_zone='UTC')", pl.Datetime("us")),
        ("Date", pl.Datetime("us")),
        ("List(Int64)", pl.List(pl.String)),
    ],
)
def test_another_kind_of_value_is_not_wider(validated, contract, observed):
    frame = pl.LazyFrame(schema={"a": observed})
    assert not validated(frame, expected({"a": contract}, changed="allow_wider")).success


def test_the_texts_of_all_types_are_what_polars_tells(validated):
    types = [
        pl.Datetime("us", "UTC"),
        pl.Decimal(18, 4),
        pl.List(pl.Int64),
        pl.Struct({"a": pl.Int8}),
        pl.Time(),
    ]
    schema = {str(number): dtype for number, dtype in enumerate(types)}
    assert validated(
        pl.LazyFrame(schema=schema), expected({name: str(t) for name, t in schema.items()})
    ).success


def test_a_contract_with_no_type_of_polars_names_the_one_that_is_meant():
    with pytest.raises(ValueError, match="no polars type for 'id' named 'int64': did you mean 'Int64'"):
        expected({"id": "int64"})
