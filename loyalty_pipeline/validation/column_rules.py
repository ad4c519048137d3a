"""What a contract says of single columns and of rows, as rules."""

from typing import Any

import dataframely as dy
import polars as pl

from loyalty_pipeline.sources.raw import RawTable
from loyalty_pipeline.validation.rule import BETWEEN, Rule, by_condition, flagged, unreadable

READING_DECIDES = frozenset({"inf", "nan", "min_length"})
"""Limits that no typed value exceeds: an infinite number cannot be read, NaN and an empty text are read as nothing."""


def contract_rules(contract: type[RawTable]) -> list[Rule]:
    """The limits of columns and the row rules, in the contract's order."""
    found = []
    for name, rule in contract._validation_rules(with_cast=False).items():  # noqa: SLF001 - no public list of rules
        column, _, limit = name.rpartition("|")
        if name == "primary_key" or limit in READING_DECIDES:
            continue
        if not column:
            words = name.replace("_", " ")
            found.append(by_condition(name, rule.expr.meta.root_names()[0], words, rule.expr))
        elif limit.startswith("check__"):
            check = limit.removeprefix("check__")
            found.append(_check_rule(column, check, contract.columns()[column], rule.expr))
        else:
            found.append(_limit_rule(column, limit, contract.columns()[column]))
    return found


def _check_rule(column: str, check: str, definition: dy.Column, condition: pl.Expr) -> Rule:
    options = (definition.metadata or {}).get("options")
    name = f"{column}_is_one_of_its_values" if check.startswith("one of ") else check
    words = f"{column} is {check}" if check.startswith("one of ") else check.replace("_", " ")
    if options is None:
        return by_condition(name, column, words, condition)
    # What a closed set may hold is nobody's secret, and the wrong word tells at once what went wrong.
    arguments = {"column": column, "value_set": list(options)}
    return Rule(name, column, words, "column_values_to_be_in_set", arguments, shows_values=True)


def _limit_rule(column: str, limit: str, definition: dy.Column) -> Rule:
    fact = getattr(definition, limit, None)
    named = {"column": column}
    if limit == "nullability":
        # What is there and cannot be read is not missing as well.
        readable = {"row_condition": flagged(unreadable(column), answer=False)}
        arguments = named if isinstance(definition, dy.String) else named | readable
        return Rule(
            f"{column}_is_set", column, f"{column} is there", "column_values_to_not_be_null", arguments
        )
    bounds: dict[str, tuple[str, str, dict[str, Any]]] = {
        "min": ("is_at_least_its_minimum", f"is at least {fact}", {"min_value": fact}),
        "min_exclusive": (
            "is_above_its_minimum",
            f"is above {fact}",
            {"min_value": fact, "strict_min": True},
        ),
        "max": ("is_at_most_its_maximum", f"is at most {fact}", {"max_value": fact}),
        "max_exclusive": (
            "is_below_its_maximum",
            f"is below {fact}",
            {"max_value": fact, "strict_max": True},
        ),
    }
    if limit in bounds:
        suffix, words, arguments = bounds[limit]
        return Rule(f"{column}_{suffix}", column, f"{column} {words}", BETWEEN, named | arguments)
    name, words = f"{column}_has_the_right_shape", f"{column} matches {fact}"
    return Rule(name, column, words, "column_values_to_match_regex", named | {limit: fact})


def expected_rules(contract: type[RawTable]) -> list[Rule]:
    """Values that are likely mistakes but cost no row: a warning."""
    return [
        Rule(
            f"{column}_is_a_known_value",
            column,
            f"{column} is a known {(definition.metadata or {}).get('unit', 'value')}",
            "column_values_to_be_in_set",
            {"column": column, "value_set": list(definition.metadata["expected"])},
            severity="warning",
            tolerance="its own",
            shows_values=True,
        )
        for column, definition in contract.columns().items()
        if definition.metadata and "expected" in definition.metadata
    ]
