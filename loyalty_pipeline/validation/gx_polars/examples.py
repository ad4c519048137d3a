"""One example of each of Great Expectations' core expectations, about one small table: all of them are met."""

from typing import Any

import polars as pl

TABLE = pl.DataFrame(
    {
        "number": [1, 2, 3, 4],
        "copy": [1, 2, 3, 4],
        "rest": [4, 3, 2, 1],
        "bigger": [11, 12, 13, 14],
        "label": ["ab", "cd", "ef", "gh"],
        "day": ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"],
        "document": ['{"a": 1}', '{"a": 2}', '{"a": 3}', '{"a": 4}'],
    }
)

NUMBER = {"column": "number"}
LABEL = {"column": "label"}
FROM_ZERO = {**NUMBER, "min_value": 0}
LABELS = {**LABEL, "value_set": ["ab", "cd", "ef", "gh"]}
PAIR = {"column_A": "number", "column_B": "copy"}
QUANTILES = {"quantiles": [0.25, 0.5], "value_ranges": [[1, 2], [2, 3]]}
WEIGHTS = {"bins": [0, 2.5, 5], "weights": [0.5, 0.5]}

EXAMPLES: dict[str, dict[str, Any]] = {
    "expect_column_distinct_values_to_be_in_set": LABELS,
    "expect_column_distinct_values_to_contain_set": LABELS,
    "expect_column_distinct_values_to_equal_set": LABELS,
    "expect_column_kl_divergence_to_be_less_than": {**NUMBER, "partition_object": WEIGHTS, "threshold": 0.1},
    "expect_column_max_to_be_between": FROM_ZERO,
    "expect_column_mean_to_be_between": FROM_ZERO,
    "expect_column_median_to_be_between": FROM_ZERO,
    "expect_column_min_to_be_between": FROM_ZERO,
    "expect_column_most_common_value_to_be_in_set": {**LABELS, "ties_okay": True},
    "expect_column_pair_values_a_to_be_greater_than_b": {"column_A": "bigger", "column_B": "number"},
    "expect_column_pair_values_to_be_equal": PAIR,
    "expect_column_pair_values_to_be_in_set": {**PAIR, "value_pairs_set": [(n, n) for n in range(1, 5)]},
    "expect_column_proportion_of_non_null_values_to_be_between": FROM_ZERO,
    "expect_column_proportion_of_unique_values_to_be_between": FROM_ZERO,
    "expect_column_quantile_values_to_be_between": {**NUMBER, "quantile_ranges": QUANTILES},
    "expect_column_stdev_to_be_between": FROM_ZERO,
    "expect_column_sum_to_be_between": FROM_ZERO,
    "expect_column_to_exist": NUMBER,
    "expect_column_type_to_be": {**NUMBER, "type_": "int64"},
    "expect_column_unique_value_count_to_be_between": FROM_ZERO,
    "expect_column_value_lengths_to_be_between": {**LABEL, "min_value": 1},
    "expect_column_value_lengths_to_equal": {**LABEL, "value": 2},
    "expect_column_value_z_scores_to_be_less_than": {**NUMBER, "threshold": 3, "double_sided": True},
    "expect_column_values_to_be_between": FROM_ZERO,
    "expect_column_values_to_be_dateutil_parseable": {"column": "day"},
    "expect_column_values_to_be_decreasing": {"column": "rest"},
    "expect_column_values_to_be_in_set": LABELS,
    "expect_column_values_to_be_in_type_list": {**NUMBER, "type_list": ["int64"]},
    "expect_column_values_to_be_increasing": NUMBER,
    "expect_column_values_to_be_json_parseable": {"column": "document"},
    "expect_column_values_to_be_null": {**NUMBER, "mostly": 0},
    "expect_column_values_to_be_of_type": {**NUMBER, "type_": "int64"},
    "expect_column_values_to_be_unique": NUMBER,
    "expect_column_values_to_match_json_schema": {"column": "document", "json_schema": {"required": ["a"]}},
    "expect_column_values_to_match_like_pattern": {**LABEL, "like_pattern": "__"},
    "expect_column_values_to_match_like_pattern_list": {**LABEL, "like_pattern_list": ["__"]},
    "expect_column_values_to_match_regex": {**LABEL, "regex": "^[a-h]+$"},
    "expect_column_values_to_match_regex_list": {**LABEL, "regex_list": ["^[a-h]+$"]},
    "expect_column_values_to_match_strftime_format": {"column": "day", "strftime_format": "%Y-%m-%d"},
    "expect_column_values_to_not_be_in_set": {**LABEL, "value_set": ["zz"]},
    "expect_column_values_to_not_be_null": NUMBER,
    "expect_column_values_to_not_be_outliers": NUMBER,
    "expect_column_values_to_not_match_like_pattern": {**LABEL, "like_pattern": "z%"},
    "expect_column_values_to_not_match_like_pattern_list": {**LABEL, "like_pattern_list": ["z%"]},
    "expect_column_values_to_not_match_regex": {**LABEL, "regex": "z"},
    "expect_column_values_to_not_match_regex_list": {**LABEL, "regex_list": ["z"]},
    "expect_compound_columns_to_be_unique": {"column_list": ["number", "label"]},
    "expect_multicolumn_sum_to_equal": {"column_list": ["number", "rest"], "sum_total": 5},
    "expect_multicolumn_values_to_be_equal": {"column_list": ["number", "copy"]},
    "expect_query_results_to_match_comparison": {
        "base_query": "SELECT 1 FROM {batch}",
        "comparison_data_source_name": "other",
        "comparison_query": "SELECT 1",
    },
    "expect_select_column_values_to_be_unique_within_record": {"column_list": ["number", "bigger"]},
    "expect_table_column_count_to_be_between": {"min_value": 1, "max_value": 10},
    "expect_table_column_count_to_equal": {"value": TABLE.width},
    "expect_table_columns_to_match_ordered_list": {"column_list": TABLE.columns},
    "expect_table_columns_to_match_set": {"column_set": TABLE.columns},
    "expect_table_row_count_to_be_between": {"min_value": 1},
    "expect_table_row_count_to_equal": {"value": TABLE.height},
    "expect_table_row_count_to_equal_other_table": {"other_table_name": "other"},
    "unexpected_rows_expectation": {"unexpected_rows_query": "SELECT * FROM {batch} WHERE number > 9"},
}
"""The arguments, by the expectation's type."""
