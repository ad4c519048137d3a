"""A table's contract, counted before any manifest names its file."""

from dataclasses import dataclass

import dataframely as dy
import polars as pl


@dataclass(frozen=True)
class Breach:
    """One rule of a contract, and how many rows of one month break it."""

    table: str
    month: str
    rule: str
    rows: int


class ContractBroken(Exception):
    """A computed table does not keep its contract: nothing of it was committed."""

    def __init__(self, breaches: list[Breach]) -> None:
        """Names every rule with its rows."""
        told = "; ".join(f"{b.table} {b.month}: {b.rule} broken by {b.rows} rows" for b in breaches)
        super().__init__(f"{told}. This is a fault of the pipeline or of the contract, not of a row: please report it")
        self.breaches = breaches


def rules(contract: type[dy.Schema]) -> dict[str, str]:
    """The rules a table is held to: name -> what it says. Columns as one, the key, and each rule of its own."""
    own = {name: name.replace("_", " ") for name in _own_rules(contract)}
    keys = {"key_is_unique": f"unique: {', '.join(contract.primary_key())}"} if contract.primary_key() else {}
    return {"columns_keep_to_the_contract": "types, nulls, ranges and closed sets", **keys, **own}


def breaches(frame: pl.DataFrame, contract: type[dy.Schema], *, table: str, month: str) -> list[Breach]:
    """The rules that some rows break, counted in one pass."""
    evaluated = contract._validation_rules(with_cast=False)  # noqa: SLF001 - counting costs a third of validate()
    own = _own_rules(contract)
    columns = [rule.expr.fill_null(value=True) for name, rule in evaluated.items() if name not in {*own, "primary_key"}]
    counted = frame.select(
        columns_keep_to_the_contract=(~pl.all_horizontal(columns)).sum() if columns else pl.lit(0),
        **{name: (~evaluated[name].expr.fill_null(value=True)).sum() for name in own},
    )
    found = counted.row(0, named=True) if frame.height else {}
    if key := contract.primary_key():
        found["key_is_unique"] = frame.height - frame.select(pl.struct(key).n_unique()).item() if frame.height else 0
    return [Breach(table, month, rule, rows) for rule, rows in found.items() if rows]


def _own_rules(contract: type[dy.Schema]) -> list[str]:
    return [n for n in contract._validation_rules(with_cast=False) if "|" not in n and n != "primary_key"]  # noqa: SLF001
