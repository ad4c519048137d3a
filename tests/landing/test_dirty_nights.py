"""Whatever comes night after night, every row is in one place, and that is where a plain count puts it."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.landing import LandingReport
from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from loyalty_pipeline.validation.rule import ONE_VERSION
from tests.validation.dirt import dirt, frame_of, good, key, reasons

from .company import Company
from .plain_landing import ACCEPTED, DUPLICATE, KNOWN, QUARANTINED, Fate, PlainTable, Row, content

TABLES = ("customers", "subscriptions", "invoices", "invoice_lines", "social_posts")
"""Parents before children, as they are landed; plans, which some refer to, never come."""

OTHER_CONTENT = {
    "customers": {"country": "FR"},
    "subscriptions": {"status": "over"},
    "invoices": {"issued_at": "2024-03-10"},
    "invoice_lines": {"amount": "12.50"},
    "social_posts": {"text": "\u00e9t\u00e9 \u2600"},
}
HOW_OFTEN_ELSEWHERE = 0.3
HOW_OFTEN_NEW = 0.75


def made_up(table: str, dice: random.Random) -> Row:
    """A row of one of three keys, which may refer to what never comes, or break up to three rules."""
    text = good(table) | dice.choice([{}, {}, OTHER_CONTENT[table]]) | key(table, dice.choice([1, 2, 3]))
    text |= {
        "updated_at": dice.choice(["2024-03-01", "2024-03-02"]),
        "deleted_at": dice.choice([None, None, "  "]),
    }
    for column, (target, _) in references(RAW_TABLES[table]).items():
        if target in TABLES and dice.random() < HOW_OFTEN_ELSEWHERE:
            text[column] = key(target, dice.choice([1, 2, 3, 4])).popitem()[1]
    broken: list[str] = []
    for name in dice.sample(reasons(table), dice.choice([0, 0, 0, 0, 1, 1, 2, 3])):
        if {column for other in broken for column in dirt(table)[other]}.isdisjoint(dirt(table)[name]):
            broken.append(name)
            text |= dirt(table)[name]
    own = [name for name in reasons(table) if name in broken and not name.endswith("_refers_to_a_row")]
    return Row(text, tuple(own))


def history(dice: random.Random) -> list[dict[str, list[Row] | None]]:
    """Four nights. All rows of a table are from one lot, so that they come back; None is a file left as it was."""
    lots = {table: [Row(good(table)), *(made_up(table, dice) for _ in range(9))] for table in TABLES}

    def extract(lot: list[Row]) -> list[Row] | None:
        return dice.choices(lot, k=dice.randint(0, 8)) if dice.random() < HOW_OFTEN_NEW else None

    return [{table: extract(lot) for table, lot in lots.items()} for _ in range(4)]


class Nights:
    """A company and the plain count of it, night by night."""

    def __init__(self, folder: Path) -> None:
        self.company = Company(folder, max_bad_share=1.0)
        self.tables: dict[str, PlainTable] = {}
        for table in TABLES:
            self.tables[table] = PlainTable(table, self.tables)
        self.rows: dict[str, list[Row]] = {}
        self.losers: dict[str, set[int]] = {}
        self.winners: dict[frozenset[tuple[str | None, ...]], tuple[str | None, ...]] = {}

    def land(self, night: dict[str, list[Row] | None]) -> None:
        for table, given_rows in night.items():
            if given_rows is not None or table not in self.rows:
                self.rows[table] = given_rows or []
                texts = [row.text for row in self.rows[table]]
                frame_of(table, texts).write_parquet(self.company.source / f"{table}.parquet")
        report = self.company.land()
        for table in TABLES:
            self.compare(table, report)

    def compare(self, table: str, report: LandingReport) -> None:
        plain, stated, found = self.tables[table], self.rows[table], report.tables[table]
        set_aside = {} if found.skipped else self.quarantined(table, report.batch)
        if not found.skipped:
            contradicted = [number - 1 for number, row in set_aside.items() if ONE_VERSION in row["_reasons"]]
            self.losers[table] = set(contradicted)
        losers = self.losers[table]
        expected = plain.fates(stated, losers.__contains__)
        if found.skipped:
            assert ACCEPTED not in {fate.kind for fate in expected}, (
                "a table was skipped that had rows to land"
            )
            return
        self.contradictions(plain, expected, losers)
        numbers = {kind: [n for n, fate in enumerate(expected, 1) if fate.kind == kind] for kind in KINDS}
        assert found.extracted == len(stated)
        assert [getattr(found, kind) for kind in KINDS.values()] == [
            len(places) for places in numbers.values()
        ]
        assert found.waiting == sum(fate.is_waiting for fate in expected)
        assert found.released == plain.releases(stated, expected)
        assert self.landed(table, report.batch) == numbers[ACCEPTED]
        assert sorted(set_aside) == numbers[QUARANTINED]
        for number, row in set_aside.items():
            self.is_whole(row, stated[number - 1], expected[number - 1])
        if table != "invoice_lines":  # a line that moves with its invoice leaves one behind as well
            assert found.tombstones == plain.leave(stated)
        plain.remember(stated, expected)

    def is_whole(self, row: dict[str, object], stated: Row, fate: Fate) -> None:
        assert row["_reasons"] == fate.reasons
        assert row["_waiting"] == fate.is_waiting
        assert row["_waiting"] == all(name.endswith("_refers_to_a_row") for name in fate.reasons)
        assert {name: row[name] for name in stated.text} == stated.text

    def contradictions(self, plain: PlainTable, expected: list[Fate], losers: set[int]) -> None:
        """Of rows that contradict each other one stays, whatever the night and the order of the file."""
        stated = self.rows[plain.name]
        for positions in plain.groups(stated, expected):
            (winner,) = set(positions) - losers
            contents = frozenset(content(stated[position]) for position in positions)
            assert self.winners.setdefault(contents, content(stated[winner])) == content(stated[winner])

    def quarantined(self, table: str, batch: str) -> dict[int, dict[str, object]]:
        if not (self.company.settings.data_dir / "quarantine" / table / f"{batch}.parquet").exists():
            return {}
        return {row["_row"]: row for row in self.company.quarantined(table, batch).to_dicts()}

    def landed(self, table: str, batch: str) -> list[int]:
        parts = self.company.parts(table)
        return sorted(
            number
            for part in parts.values()
            for number in part.filter(_batch=batch)["_row"].drop_nulls().to_list()
        )


KINDS = {
    ACCEPTED: "accepted",
    QUARANTINED: "quarantined",
    DUPLICATE: "duplicates",
    KNOWN: "already_landed",
}


# Without shrinking: the seed is enough to repeat an example.
@pytest.mark.slow
@settings(max_examples=12, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(seed=st.integers(0, 2**32))
def test_every_row_is_where_a_plain_count_puts_it_after_any_nights(seed: int) -> None:
    with TemporaryDirectory() as folder:
        nights = Nights(Path(folder))
        for night in history(random.Random(seed)):  # noqa: S311 - not a secret
            nights.land(night)
