"""What becomes of each row of an extract: it lands, has landed before, repeats another, or is set aside.

Decided on the ledger, in this order: rows that break a rule of their own; what a `distinct` mapping drops, or exact
repeats; rows that refer to a row that is not there, which wait; contradictions (same key, same `updated_at`, other
content: the one with the smallest hash stays, whatever the order of the file); what landed before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from loyalty_pipeline.landing.history import NO_HASH, History, repeated
from loyalty_pipeline.landing.reading import Reading
from loyalty_pipeline.sources.catalogue import references
from loyalty_pipeline.validation.rule import CANDIDATE, reference_rule_name
from loyalty_pipeline.validation.validator import REASONS, Judgement

Parents = Callable[[str], pl.DataFrame | None]
"""The keys of a table that have landed, with their home months; None for a table that the source lacks."""

Judge = Callable[[pl.DataFrame, dict[str, pl.LazyFrame]], Judgement]
"""Judges a ledger by the rules that look beyond one row, given the tables that it refers to."""


@dataclass
class Decision:
    """The ledger, and masks over it (one flag for each row): those still `open` at the end land.

    `reasons` has `_row` and `_reasons` of the rows that break a critical rule of their own, and after `decide` of all that are
    `quarantined`. `revived` are rows of keys that were taken for deleted and are there again, unchanged since.
    """

    reading: Reading
    ledger: pl.DataFrame
    history: History
    reasons: pl.DataFrame
    open: pl.Series = field(init=False)
    quarantined: pl.Series = field(init=False)
    duplicate: pl.Series = field(init=False)
    landed: pl.Series = field(init=False)
    waiting: pl.Series = field(init=False)
    revived: pl.Series = field(init=False)

    def __post_init__(self) -> None:
        """Rows that break a critical rule of their own are out."""
        self.quarantined = self._numbered(self.reasons)
        self.open = ~self.quarantined
        self.duplicate = self.landed = self.waiting = self.revived = self._nobody

    @property
    def _nobody(self) -> pl.Series:
        return pl.Series([False]).new_from_index(0, self.ledger.height)

    @property
    def _reference_rules(self) -> list[str]:
        return [reference_rule_name(column) for column in references(self.reading.extract.contract)]

    @property
    def twice(self) -> pl.Series:
        """Rows that would land with the key and the `updated_at` of another row: there are none, or landing is at fault."""
        version = [*self.reading.key, "updated_at"]
        return self._among(self.open, lambda rows: repeated(rows, version))

    def decide(self, judge: Judge, parents: Parents) -> Judgement:
        """Every row's fate, and what came of the rules that look beyond one row."""
        several = repeated(self.ledger, self.reading.key)
        self._drop_repeats(several)
        judged = self._refer(judge, parents)
        self._recognise_landed()
        return judged

    def _among(self, chosen: pl.Series, judge: Callable[[pl.DataFrame], pl.Series]) -> pl.Series:
        """A flag for each row, judged among some of them; the others' is false."""
        if not chosen.any():
            return self._nobody
        positions = pl.int_range(self.ledger.height, eager=True).filter(chosen)
        return self._nobody.scatter(positions, judge(self.ledger.filter(chosen)))

    def _numbered(self, rows: pl.DataFrame) -> pl.Series:
        """A flag for each row: whether its number is among some rows'."""
        return self._nobody if rows.is_empty() else _has(self.ledger["_row"], rows["_row"])

    def _drop_repeats(self, several: pl.Series) -> None:
        key, earliest = self.reading.key, self.reading.extract.contract.month_of
        identity, order = [*key, "_hash"], ["_row"]
        if self.reading.extract.origin.mapping.distinct:
            identity, order = key, [earliest, "_row"] if earliest else ["_row"]
        self.duplicate = self._among(several & self.open, lambda rows: _but_first(rows, identity, order))
        self.open &= ~self.duplicate

    def _refer(self, judge: Judge, parents: Parents) -> Judgement:
        """Rows wait for what they refer to; who refers to a waiting row of the same table waits as well.

        A row that is out already is told what it refers to in vain, too.
        """
        contract, table = self.reading.extract.contract, self.reading.table
        targets = dict(references(contract).values())
        found = {target: _keys(parents(target), key) for target, key in targets.items() if target != table}
        tables = {target: keys for target, keys in found.items() if keys is not None}
        late = self._nobody
        while True:
            # A row that waits is nobody's target, and contradicts nobody.
            candidates = self.ledger.with_columns((self.open & ~late).alias(CANDIDATE))
            own = {table: self._own_keys(targets[table], late)} if table in targets else {}
            judged = judge(candidates, tables | own)
            in_vain = pl.col(REASONS).list.eval(pl.element().is_in(self._reference_rules)).list.any()
            waits = self.open & self._numbered(judged.reasons.filter(in_vain))
            if waits.equals(late):
                break
            late = waits
        self._set_aside(judged.reasons)
        return judged

    def _own_keys(self, key: str, late: pl.Series) -> pl.LazyFrame:
        there = self.ledger[key].filter(self.open & ~late).append(self.history.latest[key])
        return there.to_frame().lazy()

    def _set_aside(self, more: pl.DataFrame) -> None:
        self.quarantined |= self._numbered(more) & ~self.duplicate
        self.open &= ~self.quarantined
        stacked = pl.concat(
            [self.reasons, more.filter(_has(more["_row"], self.ledger["_row"].filter(self.quarantined)))]
        )
        self.reasons = (
            stacked.group_by("_row", maintain_order=True).agg(pl.col(REASONS).list.explode()).sort("_row")
        )
        is_late = pl.col(REASONS).list.eval(pl.element().is_in(self._reference_rules)).list.all()
        self.waiting = self._numbered(self.reasons.filter(is_late))

    def _recognise_landed(self) -> None:
        if self.history.is_empty:
            return
        known = self.history.versions if self.reading.is_versioned else self.history.latest
        if self.reading.is_versioned:
            self.revived = self._among(self.open, self._returns)
        self.landed = self._known(known) & self.open & ~self.revived
        self.open &= ~self.landed

    def _known(self, versions: pl.DataFrame) -> pl.Series:
        """Whether a row's key and hash are among some versions. The hashes find pairs, the keys must then agree."""
        ours = self.ledger.select("_hash").with_row_index("_ours")
        pairs = ours.join(versions.select("_hash").with_row_index("_theirs"), on="_hash", how="inner")
        same = pl.repeat(value=True, n=pairs.height, eager=True)
        for name in self.reading.key:
            same &= (
                self.ledger[name].gather(pairs["_ours"]).eq_missing(versions[name].gather(pairs["_theirs"]))
            )
        return self._nobody.scatter(pairs["_ours"].filter(same), values=True)

    def _returns(self, rows: pl.DataFrame) -> pl.Series:
        """Whether a row is the last of its key, and not newer than the tombstone that the key got from us."""
        key = self.reading.key
        gone = self.history.latest.filter(pl.col("deleted_at").is_not_null(), pl.col("_hash") == NO_HASH)
        if gone.is_empty():
            return pl.repeat(value=False, n=rows.height, eager=True)
        back = rows.join(gone.select(*key, _gone_at="updated_at"), on=key, how="inner")
        last = back.sort("updated_at", "_row").unique(key, keep="last", maintain_order=True)
        return _has(rows["_row"], last.filter(pl.col("updated_at") <= pl.col("_gone_at"))["_row"])


def _keys(parents: pl.DataFrame | None, key: str) -> pl.LazyFrame | None:
    return None if parents is None else parents.lazy().select(key)


def _has(values: pl.Series, members: pl.Series) -> pl.Series:
    return values.is_in(members.implode()).fill_null(value=False)


def _but_first(rows: pl.DataFrame, identity: list[str], order: list[str]) -> pl.Series:
    """Whether a row is not the first of its identity in that order."""
    firsts = rows.sort(order).unique(identity, keep="first", maintain_order=True)["_row"]
    return ~_has(rows["_row"], firsts)
