"""Whatever comes night after night, every row is in one place, and that is where a plain count puts it."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from loyalty_pipeline.landing import LandingReport
from loyalty_pipeline.sources.catalogue import RAW_TABLES, references
from loyalty_pipeline.validation.rules import ONE_VERSION
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
NUMBERS = st.sampled_from([1, 2, 1, 3])


@st.composite
def rows(draw: st.DrawFn, table: str) -> Row:
    text = good(table) | draw(st.sampled_from([{}, {}, OTHER_CONTENT[table]])) | key(table, draw(NUMBERS))
    text |= {"updated_at": draw(st.sampled_from(["2024-03-01", "2024-03-02"]))}
    for column, (target, _) in references(RAW_TABLES[table]).items():
        if target in TABLES and draw(st.integers(0, 2)) == 2:
            text[column] = key(target, draw(NUMBERS)).popitem()[1]
    broken: list[str] = []
    if draw(st.integers(0, 4)) == 4:
        for name in draw(st.lists(st.sampled_from(reasons(table)), min_size=1, max_size=3, unique=True)):
            touched = {column for other in broken for column in dirt(table)[other]}
            if touched.isdisjoint(dirt(table)[name]):
                broken.append(name)
                text |= dirt(table)[name]
    own = [name for name in reasons(table) if name in broken and not name.endswith("_refers_to_a_row")]
    if draw(st.integers(0, 4)) == 4 and not broken:
        text["deleted_at"] = "  "
    return Row(text, tuple(own))


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, list[Row] | None]]:
    """Up to four nights. Every night's rows are from one lot, so that rows come back; None is a file left as it was."""
    lots = {
        table: [Row(good(table)), *draw(st.lists(rows(table), min_size=2, max_size=6))] for table in TABLES
    }
    extracts = {table: st.none() | st.lists(st.sampled_from(lot), max_size=7) for table, lot in lots.items()}
    return draw(st.lists(st.fixed_dictionaries(extracts), min_size=2, max_size=4))


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


@pytest.mark.slow
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(history=histories())
def test_every_row_is_where_a_plain_count_puts_it_after_any_nights(history):
    with TemporaryDirectory() as folder:
        nights = Nights(Path(folder))
        for night in history:
            nights.land(night)
