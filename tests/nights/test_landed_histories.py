"""Nights through the real landing end where a full rebuild does, and where one night over the last files would.

The second holds where the source tells of every row the version that it changed last and keeps what customers once were, and
no row that others refer to leaves it. In which month a row was first filed does not matter, nor do rows that left and returned.
Who leaves `mrr_source` open also has to keep one subscription item: a table that ever had rows counts as there.
"""

from pathlib import Path

import pytest

from loyalty_pipeline.pipeline import Night, nightly, open_lake
from tests.nights.company import BY_SOURCE, Company, Throws
from tests.nights.policy_changes import CHANGES, POLICY_CHANGES
from tests.nights.rebuild import difference, metrics_in, rebuilt
from tests.nights.row_changes import ROW_CHANGES
from tests.nights.source import Source

HISTORIES = [(source, seed) for source in BY_SOURCE for seed in range(2)]


def change(source: Source, dice: Throws) -> None:
    """Some changes at the source, and sometimes of the settings."""
    for _ in range(dice.one_of((1, 2, 4))):
        kind = dice.one_of((ROW_CHANGES, ROW_CHANGES, POLICY_CHANGES, {}))
        if kind:
            CHANGES[dice.one_of(list(kind))](source.company, dice)
        else:
            source.leave_or_return(dice)
    if source.company.settings.get("mrr_source") is None:
        source.company.settings["mrr_source"] = "invoice_lines"


def landed(source: Source, data: str = "data") -> Night:
    """A night over the source as it is now."""
    source.write()
    return nightly(source.settings(data))


@pytest.mark.slow
@pytest.mark.parametrize(("where_lines_come_from", "seed"), HISTORIES)
def test_nights_through_the_real_landing_end_where_a_rebuild_and_where_one_night_does(
    where_lines_come_from: str, seed: int, tmp_path: Path
) -> None:
    dice, source = Throws(seed), Source(Company.of(1000 + seed, where_lines_come_from), tmp_path)
    source.company.has_todays_clock = True
    landed(source)
    for _ in range(3):
        change(source, dice)
        night = landed(source)
    settings = source.settings("data")
    assert difference(open_lake(settings), rebuilt(settings, tmp_path / "fresh")) == {}
    once = landed(source, "once").publication
    assert night.publication.metrics == once.metrics
    assert metrics_in(night.publication) == metrics_in(once)
