"""An expectation as a sentence, for those who wrote no note."""

from collections.abc import Mapping
from typing import Any

from loyalty_pipeline.validation.entries.vocabulary import PARAMETER

SENTENCES = {
    "column_values_to_exist_in": "values of {column} must be in {reference}.{reference_column}",
    "column_values_to_agree_by_key": "values of {column} must be the same in all rows of one {key}",
    "table_to_be_fresh": "the newest {column} must be at most {max_age} old",
    "volume_to_be_usual": "a day must have about as many rows, by {column}, as the days like it",
}
SUBJECTS = {
    "column": "{column}",
    "column_values": "values of {column}",
    "column_value_lengths": "lengths of {column}",
    "column_value_z_scores": "z-scores of {column}",
    "column_distinct_values": "distinct values of {column}",
    "column_pair_values": "{column_A} and {column_B}",
    "column_pair_values_a": "{column_A}",
    "compound_columns": "{column_list} together",
    "multicolumn_sum": "the sum of {column_list}",
    "multicolumn_values": "{column_list}",
    "select_column_values": "{column_list}",
    "table": "the table",
    "rows": "rows",
}
SIGNS = {"IN": "in", "NOT_IN": "not in"}


def sentence(expectation: str, arguments: Mapping[str, Any]) -> str:
    """Such as `values of amount must be between 0 and 10, where kind == usage`."""
    where = f", where {_condition(arguments['row_condition'])}" if "row_condition" in arguments else ""
    named = {name: _told(name, value) for name, value in arguments.items()}
    if expectation in SENTENCES:
        return SENTENCES[expectation].format_map(named) + where
    noun, _, verb = expectation.partition("_to_")
    subject = SUBJECTS.get(noun) or _measure(noun)
    said = {name for name in named if f"{{{name}}}" in subject}
    rest = {name: value for name, value in named.items() if value and name not in {*said, "row_condition"}}
    return f"{subject.format_map(named)} must {_must(verb, rest)}{where}"


def _measure(noun: str) -> str:
    """`column_max` is `the max of {column}`."""
    thing, _, measure = noun.partition("_")
    return f"the {measure.replace('_', ' ')} of {'{column}' if thing == 'column' else 'the ' + thing}"


def _must(verb: str, rest: dict[str, str]) -> str:
    words = verb.replace("_", " ")
    least, most = rest.pop("min_value", ""), rest.pop("max_value", "")
    if words.endswith("be between") and (least or most):
        words = words.removesuffix("between") + _range(least, most)
    if words.endswith(" than b"):
        words = words.removesuffix("b") + rest.pop("column_B", "b")
    if len(rest) == 1:
        return f"{words} {next(iter(rest.values()))}"
    told = ", ".join(
        value if value == _plain(name) else f"{_plain(name)} {value}" for name, value in rest.items()
    )
    return f"{words} ({told})" if told else words


def _range(least: str, most: str) -> str:
    if least and most:
        return f"between {least} and {most}"
    return f"at least {least}" if least else f"at most {most}"


def _condition(condition: Mapping[str, Any]) -> str:
    if condition["type"] == "and":
        return " and ".join(_condition(part) for part in condition["conditions"])
    column = condition["column"]["name"]
    if condition["type"] == "nullity":
        return f"{column} is {'' if condition['is_null'] else 'not '}null"
    operator = SIGNS.get(condition["operator"], condition["operator"])
    return f"{column} {operator} {_shown(condition['parameter'])}"


def _told(name: str, value: Any) -> str:
    """A question that is answered yes is told by its name, and one that is answered no is not told."""
    if isinstance(value, bool):
        return _plain(name) if value else ""
    return _shown(value)


def _plain(name: str) -> str:
    return name.strip("_").replace("_", " ")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, Mapping) and PARAMETER in value:
        return _plain(str(value[PARAMETER]))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).lower() if isinstance(value, bool) else str(value)
