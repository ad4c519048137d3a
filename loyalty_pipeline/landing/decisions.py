"""What becomes of each row of an extract: it lands, has landed before, repeats another, or is set aside.

Decided on the ledger, in this order: rows that break a rule of their own; what a `distinct` mapping drops, or exact
repeats; rows that refer to a row that is not there, which wait; contradictions (same key, same `updated_at`, other
content: the one with the smallest hash stays, whatever the order of the file); what landed before.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from loyalty_pipeline.landing.history import NO_HASH, History, repeated
from loyalty_pipeline.landing.judgement import Reading
from loyalty_pipeline.sources.catalogue import references
from loyalty_pipeline.validation.rules import KEY, ONE_VERSION, reference_rule_name

Parents = Callable[[str], pl.DataFrame | None]
"""The keys of a table that have landed, with their home months; None for a table that the source lacks."""


@dataclass
class Decision:
    """The ledger with its verdicts, and masks over it (one flag for each row): those still `open` at the end land.

    `revived` are rows of keys that were taken for deleted and are there again, unchanged since.
    """

    reading: Reading
    ledger: pl.DataFrame
    verdicts: pl.DataFrame
    history: History
    open: pl.Series = field(init=False)
    quarantined: pl.Series = field(init=False)
    duplicate: pl.Series = field(init=False)
    landed: pl.Series = field(init=False)
    waiting: pl.Series = field(init=False)
    revived: pl.Series = field(init=False)

    def __post_init__(self) -> None:
        """Rows that break a critical rule of their own are out."""
        names = [rule.name for rule in self.reading.rules if rule.severity == "critical"]
        critical = [name for name in names if name in self.verdicts.columns]
        self.open = self.verdicts.select(pl.all_horizontal(critical).alias("open")).to_series()
        self.quarantined = ~self.open
        self.duplicate = self.landed = self.waiting = self.revived = self._nobody

    @property
    def _nobody(self) -> pl.Series:
        return pl.Series([False]).new_from_index(0, self.ledger.height)

    def decide(self, parents: Parents) -> None:
        """Every row's fate."""
        version = [*self.reading.key, "updated_at"]
        several = repeated(self.ledger, self.reading.key)
        self._drop_repeats(several)
        self._wait(parents)
        self._set_contradictions_aside(several)
        self._recognise_landed()
        twice = self._among(several & self.open, lambda rows: repeated(rows, version))
        self.verdicts = self.verdicts.with_columns((~twice).alias(KEY))

    def _among(self, chosen: pl.Series, judge: Callable[[pl.DataFrame], pl.Series]) -> pl.Series:
        """A flag for each row, judged among some of them; the others' is false."""
        if not chosen.any():
            return self._nobody
        positions = pl.int_range(self.ledger.height, eager=True).filter(chosen)
        return self._nobody.scatter(positions, judge(self.ledger.filter(chosen)))

    def _drop_repeats(self, several: pl.Series) -> None:
        key, earliest = self.reading.key, self.reading.extract.contract.month_of
        identity, order = [*key, "_hash"], ["_row"]
        if self.reading.extract.file.mapping.distinct:
            identity, order = key, [earliest, "_row"] if earliest else ["_row"]
        self._take(
            self._among(several & self.open, lambda rows: _but_first(rows, identity, order)), "duplicate"
        )

    def _set_contradictions_aside(self, several: pl.Series) -> None:
        version = [*self.reading.key, "updated_at"]
        contradictions = self._among(several & self.open, lambda rows: _but_first(rows, version, ["_hash"]))
        self.verdicts = self.verdicts.with_columns((~contradictions).alias(ONE_VERSION))
        self._take(contradictions, "quarantined")

    def _recognise_landed(self) -> None:
        if self.history.is_empty:
            return
        known = self.history.versions if self.reading.is_versioned else self.history.latest
        if self.reading.is_versioned:
            self.revived = self._among(self.open, self._returns)
        self._take(self._known(known) & self.open & ~self.revived, "landed")

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

    def _wait(self, parents: Parents) -> None:
        """Rows wait for what they refer to; who refers to a waiting row of the same table waits as well."""
        targets = references(self.reading.extract.contract)
        missing = dict.fromkeys(targets, self._nobody)
        while True:
            for column, (table, key) in targets.items():
                keys = self._own_keys(key) if table == self.reading.table else _keys(parents(table), key)
                if keys is not None:
                    refers = self.open & self.ledger[column].is_not_null()
                    missing[column] |= refers & ~_has(self.ledger[column], keys)
            newly = pl.Series([False]).new_from_index(0, self.ledger.height)
            for flags in missing.values():
                newly |= flags & self.open
            if not newly.any():
                break
            self.waiting |= newly
            self._take(newly, "quarantined")
        judged = [(~missed).alias(reference_rule_name(column)) for column, missed in missing.items()]
        self.verdicts = self.verdicts.with_columns(judged)

    def _own_keys(self, key: str) -> pl.Series:
        return self.ledger[key].filter(self.open).append(self.history.latest[key])

    def _take(self, rows: pl.Series, fate: str) -> None:
        setattr(self, fate, getattr(self, fate) | rows)
        self.open &= ~rows


def _keys(parents: pl.DataFrame | None, key: str) -> pl.Series | None:
    return None if parents is None else parents[key]


def _has(values: pl.Series, members: pl.Series) -> pl.Series:
    return values.is_in(members.implode()).fill_null(value=False)


def _but_first(rows: pl.DataFrame, identity: list[str], order: list[str]) -> pl.Series:
    """Whether a row is not the first of its identity in that order."""
    firsts = rows.sort(order).unique(identity, keep="first", maintain_order=True)["_row"]
    return ~_has(rows["_row"], firsts)
