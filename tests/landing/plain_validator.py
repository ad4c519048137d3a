"""The rules of the contracts counted row by row in plain Python, without Great Expectations.

It stands in for the validator where landing is tested, because the import alone takes seconds, and it is what the validator is
compared with.
"""

import re
from collections import defaultdict
from datetime import datetime
from decimal import Decimal

import polars as pl

from loyalty_pipeline.validation.results import SAMPLES, CheckResult
from loyalty_pipeline.validation.validator import Judgement, Rows, Validator


class PlainValidator(Validator):
    def validate(self, rows, rules):
        table = rows.frame.with_columns(
            *(rule.condition.alias(f"rule {rule.name}") for rule in rules if rule.condition is not None)
        ).collect()
        records = table.to_dicts()
        results, reasons = [], defaultdict(list)
        for rule in rules:
            if rule.scope in ("table", "source"):
                results.append(self._of_table(rule, rows, table))
                continue
            bad = [
                record for record, kept in zip(records, _kept(rule, records, rows), strict=True) if not kept
            ]
            results.append(self._of_rows(rule, rows, bad))
            if rule.severity == "critical":
                for record in bad:
                    reasons[record["_row"]].append(rule.name)
        schema = {"_row": pl.Int64, "_reasons": pl.List(pl.String)}
        return Judgement(
            results, pl.DataFrame({"_row": list(reasons), "_reasons": list(reasons.values())}, schema=schema)
        )

    def _of_rows(self, rule, rows: Rows, bad):
        share = 1 - Decimal(str(rule.mostly)) if rule.mostly is not None else Decimal(str(self.max_bad_share))
        allowed = 0 if rule.tolerance == "none" else share * max(rows.height, rows.population)
        keys = [[record[name] for name in rows.key] for record in bad[:SAMPLES]]
        keys = [", ".join(map(str, key)) for key in keys if None not in key]
        return _result(rule, rows, passed=len(bad) <= allowed, bad_rows=len(bad), sample_keys=keys)

    def _of_table(self, rule, rows: Rows, table):
        if rule.expectation == "table_to_reconcile_with_source":
            return _result(rule, rows, passed=table.height == rows.parameters["source_rows"], bad_rows=0)
        wanted, found = rule.arguments["columns"], {n: str(t) for n, t in table.schema.items()}
        missing = sorted(wanted.keys() - found.keys())
        added = sorted(found.keys() - wanted.keys())
        is_wider = rule.arguments.get("changed") == "allow_wider"
        changed = sorted(
            name
            for name in wanted.keys() & found.keys()
            if wanted[name] != found[name]
            and not (is_wider and _family(wanted[name]) == _family(found[name]))
        )
        passed = not (
            (missing and rule.arguments.get("missing", "forbid") == "forbid")
            or (added and rule.arguments.get("extra", "allow") == "forbid")
            or (changed and rule.arguments.get("changed", "forbid") != "allow")
        )
        observed = f"missing: {missing}; added: {added}; changed: {changed}"
        return _result(rule, rows, passed=passed, bad_rows=0, observed=observed)


def _result(rule, rows: Rows, **found):
    about = (rows.table, rule.column, rule.name, rule.description, rule.severity)
    return CheckResult(*about, rows=rows.height, expectation=rule.expectation, **found)


def _family(dtype):
    """Whole numbers of any width are alike; landing compares numbers among each other itself."""
    return "whole" if dtype.startswith(("Int", "UInt")) else dtype


def _kept(rule, records, rows: Rows):
    given = rule.arguments
    chosen = [_chosen(given.get("row_condition"), record) for record in records]
    verdicts = KEPT[rule.expectation](records, given, rows)
    return [kept or not takes_part for kept, takes_part in zip(verdicts, chosen, strict=True)]


def _chosen(condition, record):
    return condition is None or record[condition["column"]["name"]] == condition["parameter"]


def _values(test):
    """A rule about the values of one column; null keeps it."""

    def kept(records, given, rows):
        values = [record[given["column"]] for record in records]
        return [value is None or test(value, given, rows) for value in values]

    return kept


def _between(value, given, rows):
    low, high = given.get("min_value"), given.get("max_value")
    if isinstance(high, dict):
        high = datetime.fromisoformat(rows.parameters[high["$PARAMETER"]])
    if low is not None and (value < low or (value == low and given.get("strict_min"))):
        return False
    return high is None or value < high or (value == high and not given.get("strict_max"))


def _exists(value, given, rows):
    return value in set(rows.references[given["reference"]].collect()[given["reference_column"]].to_list())


def _agree(records, given, _rows):
    first = {}
    for record in records:
        if _chosen(given["row_condition"], record):
            key = tuple(record[name] for name in given["key"])
            first[key] = min(first.get(key, record[given["column"]]), record[given["column"]])
    keys = [tuple(record[name] for name in given["key"]) for record in records]
    return [
        record[given["column"]] == first.get(key, record[given["column"]])
        for record, key in zip(records, keys, strict=True)
    ]


KEPT = {
    "rows_to_satisfy": lambda records, given, _: [r[f"rule {given['rule']}"] is not False for r in records],
    "column_values_to_not_be_null": lambda records, given, _: [
        r[given["column"]] is not None for r in records
    ],
    "column_values_to_be_in_set": _values(lambda value, given, _: value in given["value_set"]),
    "column_values_to_be_between": _values(_between),
    "column_value_lengths_to_be_between": _values(lambda value, given, _: len(value) >= given["min_value"]),
    "column_values_to_match_regex": _values(lambda value, given, _: bool(re.search(given["regex"], value))),
    "column_values_to_exist_in": _values(_exists),
    "column_values_to_agree_by_key": _agree,
}
