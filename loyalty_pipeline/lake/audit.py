"""A table's contract, counted before any manifest names its file."""

from dataclasses import dataclass
from functools import cache

import dataframely as dy
import polars as pl

from loyalty_pipeline.faults import Carried


@dataclass(frozen=True)
class Breach:
    """One rule of a contract, and how many rows of one month break it."""

    table: str
    month: str
    rule: str
    rows: int


class ContractBroken(Carried):
    """A computed table does not keep its contract: nothing of it was committed."""

    def __init__(self, breaches: list[Breach]) -> None:
        """Names every rule with its rows."""
        told = "; ".join(f"{b.table} {b.month}: {b.rule} broken by {b.rows} rows" for b in breaches)
        super().__init__(
            f"{told}. This is a fault of the pipeline or of the contract, not of a row: please report it"
        )
        self.breaches = breaches


def rules(contract: type[dy.Schema]) -> dict[str, str]:
    """The rules a table is held to: name -> what it says. Columns as one, the key, and each rule of its own."""
    own = {name: name.replace("_", " ") for name in _own_rules(contract)}
    keys = {"key_is_unique": f"unique: {', '.join(contract.primary_key())}"} if contract.primary_key() else {}
    return {"columns_keep_to_the_contract": "types, nulls, ranges and closed sets", **keys, **own}


def breaches(frame: pl.DataFrame, contract: type[dy.Schema], *, table: str, month: str) -> list[Breach]:
    """The rules that some rows break. The rows are in the order of their key."""
    # Rows hardly ever break one. To ask each rule if all keep it costs a tenth of counting those that do not.
    if frame.is_empty() or all(frame.select(**_kept(contract)).row(0)):
        return []
    counted = frame.select(**_broken(contract)).row(0, named=True)
    return [Breach(table, month, rule, rows) for rule, rows in counted.items() if rows]


@cache
def _kept(contract: type[dy.Schema]) -> dict[str, pl.Expr]:
    evaluated = contract._validation_rules(with_cast=False)  # noqa: SLF001 - as below
    kept = {name: rule.expr.all() for name, rule in evaluated.items() if name != "primary_key"}
    return kept | {name: ~is_repeated.any() for name, is_repeated in _repeated_keys(contract).items()}


@cache
def _broken(contract: type[dy.Schema]) -> dict[str, pl.Expr]:
    evaluated = contract._validation_rules(with_cast=False)  # noqa: SLF001 - counting costs a third of validate()
    own = _own_rules(contract)
    columns = [
        rule.expr.fill_null(value=True)
        for name, rule in evaluated.items()
        if name not in {*own, "primary_key"}
    ]
    broken = {"columns_keep_to_the_contract": (~pl.all_horizontal(columns)).sum()} if columns else {}
    keys = {name: is_repeated.sum() for name, is_repeated in _repeated_keys(contract).items()}
    return broken | keys | {name: (~evaluated[name].expr.fill_null(value=True)).sum() for name in own}


def _repeated_keys(contract: type[dy.Schema]) -> dict[str, pl.Expr]:
    # In order, equal keys are neighbours: hashing them all would cost ten times as much.
    repeated = [pl.col(name).eq_missing(pl.col(name).shift()).slice(1) for name in contract.primary_key()]
    return {"key_is_unique": pl.all_horizontal(repeated)} if repeated else {}


def _own_rules(contract: type[dy.Schema]) -> list[str]:
    return [n for n in contract._validation_rules(with_cast=False) if "|" not in n and n != "primary_key"]  # noqa: SLF001
