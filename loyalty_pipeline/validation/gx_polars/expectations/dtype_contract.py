"""The dtype contract: which columns of which polars types a table has."""

from typing import Any, ClassVar, Literal

import polars as pl
from great_expectations.compatibility import pydantic
from great_expectations.expectations.expectation import BatchExpectation

from loyalty_pipeline.validation.gx_polars.expectations.names import known
from loyalty_pipeline.validation.gx_polars.expectations.wording import Rendering, worded

DTYPES = frozenset(
    name
    for name, value in vars(pl).items()
    if isinstance(value, type) and issubclass(value, pl.DataType) and value.__name__ == name
)


class ExpectTableDtypesToMatchContract(BatchExpectation):
    """The table has the contract's columns in the contract's types. The order of columns means nothing.

    Args:
        columns: The type of each column, as `str(dtype)` tells it: "Int64", "Decimal(precision=18, scale=4)",
            "Datetime(time_unit='us', time_zone='UTC')".
        extra: Whether columns that the contract does not have pass. They are told in the details either way.
        missing: Whether columns may be missing.
        changed: Whether types may differ. "allow_wider" lets pass what holds the same kind of value: whole numbers of any
            width, floats of both, text as Categorical or Enum, decimals with no fewer places, another unit or zone of an
            instant (but no clock reading in its place), and the type Null for any other, or any other for it.

    The observed value counts the differences; the details list them: `missing` (the expected type by column), `added` (the
    observed one), `changed` (both). A contract with the name of no polars type is an error when the expectation is made.

    Example:
        ExpectTableDtypesToMatchContract(columns={"id": "Int64", "paid_on": "Date"}, changed="allow_wider")

    """

    columns: dict[str, str]
    extra: Literal["allow", "forbid"] = "allow"
    missing: Literal["forbid", "allow"] = "forbid"
    changed: Literal["forbid", "allow", "allow_wider"] = "forbid"

    metric_dependencies: ClassVar[tuple[str, ...]] = ("table.column_types",)
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)
    success_keys: ClassVar[tuple[str, ...]] = ("columns", "extra", "missing", "changed")
    args_keys: ClassVar[tuple[str, ...]] = ("columns", "extra", "missing", "changed")

    @pydantic.validator("columns")
    def _of_polars_types(cls, columns: dict[str, str]) -> dict[str, str]:
        for column, dtype in columns.items():
            known(dtype.partition("(")[0], DTYPES, f"polars type for {column!r} named")
        return columns

    def _validate(
        self, metrics: dict[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration, execution_engine
        observed = {column["name"]: str(column["type"]) for column in metrics["table.column_types"]}
        details: dict[str, dict[str, Any]] = {
            "missing": {name: dtype for name, dtype in self.columns.items() if name not in observed},
            "added": {name: dtype for name, dtype in observed.items() if name not in self.columns},
            "changed": {
                name: {"expected": dtype, "observed": observed[name]}
                for name, dtype in self.columns.items()
                if observed.get(name, dtype) != dtype
            },
        }
        counts = ", ".join(f"{len(columns)} {kind}" for kind, columns in details.items())
        return {
            "success": self._is_met(details),
            "result": {"observed_value": f"{len(observed)} columns: {counts}", "details": details},
        }

    def _is_met(self, details: dict[str, dict[str, Any]]) -> bool:
        wider = self.changed == "allow_wider"
        changes = [each for each in details["changed"].values() if not (wider and _is_wider(**each))]
        return not (
            (details["missing"] and self.missing == "forbid")
            or (details["added"] and self.extra == "forbid")
            or (changes and self.changed != "allow")
        )

    @classmethod
    def _prescriptive_template(cls, renderer_configuration: Rendering) -> Rendering:
        template = "Columns must have the contract's types (columns added: $extra, missing: $missing, changed: $changed): $columns"
        return worded(cls, renderer_configuration, template)


def _is_wider(expected: str, observed: str) -> bool:
    if "Null" in {expected, observed}:
        return True
    if _family(expected) != _family(observed):
        return False
    return _places(observed) >= _places(expected)


def _family(dtype: str) -> str:
    name, _, arguments = dtype.partition("(")
    if name == "Datetime":
        return "clock reading" if "time_zone=None" in arguments else "instant"
    families = {
        "Categorical": "text",
        "Enum": "text",
        "String": "text",
        "Float32": "float",
        "Float64": "float",
    }
    if name.lstrip("U").startswith("Int"):
        return "whole number"
    return families.get(name, name if name in {"Decimal", "Duration"} else dtype)


def _places(dtype: str) -> int:
    _, found, scale = dtype.partition("scale=")
    return int(scale.rstrip(")")) if found else 0
