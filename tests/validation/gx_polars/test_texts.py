"""Texts: lengths, patterns, and what they stand for."""

import re

import great_expectations.expectations as gxe
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.validation.gx_polars.patterns import matches

TEXTS = pl.DataFrame({"x": ["abc", "äß😀", None, "a1", "a1", "x y"]})


def unexpected(result):
    assert not result.exception_info.get("exception_message"), result.exception_info
    return result.result["partial_unexpected_list"]


def test_a_length_is_in_characters(validated):
    rule = gxe.ExpectColumnValueLengthsToEqual(column="x", value=3)
    assert unexpected(validated(TEXTS, rule)) == ["a1", "a1"]
    short = gxe.ExpectColumnValueLengthsToBeBetween(column="x", min_value=2, max_value=3, strict_max=True)
    assert unexpected(validated(TEXTS, short)) == ["abc", "äß😀", "x y"]


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["abc", "äß😀", "a1", "x y"])])
def test_labels_are_texts(validated, dtype):
    frame = TEXTS.with_columns(pl.col("x").cast(dtype))
    rule = gxe.ExpectColumnValuesToMatchRegex(column="x", regex=r"^a\w+$")
    assert unexpected(validated(frame, rule)) == ["äß😀", "x y"]


def test_whole_numbers_and_days_are_written_but_floats_are_not_text(validated):
    frame = pl.DataFrame({"n": [123, 4], "f": [1.5, 2.0]})
    assert unexpected(validated(frame, gxe.ExpectColumnValueLengthsToEqual(column="n", value=3))) == [4]
    result = validated(frame, gxe.ExpectColumnValuesToMatchRegex(column="f", regex="1"))
    assert "cast it to text first" in str(result.exception_info)


@pytest.mark.parametrize(
    ("regex", "without"),
    [
        ("b", ["äß😀", "a1", "a1", "x y"]),
        (r"^a\w*$", ["äß😀", "x y"]),
        (r"(?=a)a", ["äß😀", "x y"]),
        (r"(\S)\s(?!\1)", ["abc", "äß😀", "a1", "a1"]),
    ],
)
def test_a_pattern_is_found_anywhere_by_polars_or_by_python(validated, regex, without):
    rule = gxe.ExpectColumnValuesToMatchRegex(column="x", regex=regex)
    assert unexpected(validated(TEXTS, rule)) == without
    opposite = gxe.ExpectColumnValuesToNotMatchRegex(column="x", regex=regex)
    with_it = [text for text in TEXTS["x"].drop_nulls() if text not in without]
    assert unexpected(validated(TEXTS, opposite)) == with_it


def test_several_patterns_match_any_all_or_none(validated):
    any_of = gxe.ExpectColumnValuesToMatchRegexList(column="x", regex_list=["1", "b"])
    assert unexpected(validated(TEXTS, any_of)) == ["äß😀", "x y"]
    all_of = gxe.ExpectColumnValuesToMatchRegexList(column="x", regex_list=["a", "b"], match_on="all")
    assert unexpected(validated(TEXTS, all_of)) == ["äß😀", "a1", "a1", "x y"]
    none_of = gxe.ExpectColumnValuesToNotMatchRegexList(column="x", regex_list=["1", "b"])
    assert unexpected(validated(TEXTS, none_of)) == ["abc", "a1", "a1"]


def test_a_pattern_that_is_none_is_an_error(validated):
    result = validated(TEXTS, gxe.ExpectColumnValuesToMatchRegex(column="x", regex="(a"))
    assert "is not valid" in str(result.exception_info)


PATTERNS = [
    r"^a$",
    r"\d",
    r"^\w+$",
    r"\bb",
    r"\s",
    r"(?i)ß|É",
    r"[^a]b",
    r"(\w)\1",
    r"a++b",
    r"[a&&b]",
    r"a{,2}b",
    r"(?m)^b$",
]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(PATTERNS),
    st.lists(st.text("abAB \n\t1²½éÉßſ‿\x1c\u0301😀&", max_size=5), max_size=20),  # noqa: RUF001
)
def test_a_pattern_means_what_it_means_to_python(regex, texts):
    frame = pl.DataFrame({"x": pl.Series([*texts, None], dtype=pl.String)})
    matched = frame.select(matches(pl.col("x"), regex)).to_series().to_list()
    assert matched == [*(re.search(regex, text) is not None for text in texts), None]


def test_an_sql_pattern_is_about_the_whole_text(validated):
    like = gxe.ExpectColumnValuesToMatchLikePattern(column="x", like_pattern="a_")
    assert unexpected(validated(TEXTS, like)) == ["abc", "äß😀", "x y"]
    unlike = gxe.ExpectColumnValuesToNotMatchLikePattern(column="x", like_pattern="a%")
    assert unexpected(validated(TEXTS, unlike)) == ["abc", "a1", "a1"]
    both = gxe.ExpectColumnValuesToMatchLikePatternList(
        column="x", like_pattern_list=["a%", "%c"], match_on="all"
    )
    assert unexpected(validated(TEXTS, both)) == ["äß😀", "a1", "a1", "x y"]
    none = gxe.ExpectColumnValuesToNotMatchLikePatternList(column="x", like_pattern_list=["a_c", "x%"])
    assert unexpected(validated(TEXTS, none)) == ["abc", "x y"]


def test_a_text_is_json_and_of_a_schema(validated):
    frame = pl.DataFrame({"x": ['{"a": 1}', "[1,", "1", None, '{"a": "x"}']})
    assert unexpected(validated(frame, gxe.ExpectColumnValuesToBeJsonParseable(column="x"))) == ["[1,"]
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    rule = gxe.ExpectColumnValuesToMatchJsonSchema(column="x", json_schema=schema)
    assert unexpected(validated(frame, rule)) == ["[1,", "1", '{"a": "x"}']
    wrong = gxe.ExpectColumnValuesToMatchJsonSchema(column="x", json_schema={"type": "objekt"})
    assert "objekt" in str(validated(frame, wrong).exception_info)


def test_a_text_is_a_day_that_exists_in_a_format(validated):
    days = ["2024-02-29", "2023-02-29", None, "2024-1-5", "0000-01-01", "24-01-01", "2024-01-01 "]
    frame = pl.DataFrame({"x": days, "t": [f"{day} 10:00:59" if day else None for day in days]})
    rule = gxe.ExpectColumnValuesToMatchStrftimeFormat(column="x", strftime_format="%Y-%m-%d")
    not_days = ["2023-02-29", "0000-01-01", "24-01-01", "2024-01-01 "]
    assert unexpected(validated(frame, rule)) == not_days
    timed = gxe.ExpectColumnValuesToMatchStrftimeFormat(column="t", strftime_format="%Y-%m-%d %H:%M:%S")
    assert len(unexpected(validated(frame, timed))) == 3
    named = gxe.ExpectColumnValuesToMatchStrftimeFormat(column="x", strftime_format="%d %b %Y")
    assert len(unexpected(validated(frame, named))) == 6


def test_dateutil_reads_many_formats(validated):
    frame = pl.DataFrame(
        {"x": ["2024-01-01", "1 Jan 2024", None, "2024-02-30", "soon", "2024-01-01T10:00:00"]}
    )
    rule = gxe.ExpectColumnValuesToBeDateutilParseable(column="x")
    assert unexpected(validated(frame, rule)) == ["2024-02-30", "soon"]


def test_what_is_no_text_any_more_is_an_error(validated):
    frame = pl.DataFrame({"x": [1]})
    result = validated(frame, gxe.ExpectColumnValuesToBeDateutilParseable(column="x"))
    assert "while it is still text" in str(result.exception_info)
