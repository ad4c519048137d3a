"""Whether every currency that amounts are in can be converted."""

from typing import Any

from loyalty_pipeline.faults import DataFault

CURRENCIES = "currencies"
RATES = "fx_rates"


def check_rates(notes: dict[str, dict[str, Any]], reporting_currency: str) -> None:
    """Raise `DataFault` for a currency without a single rate: no amount in it can be published, and none may be lost."""
    rated = {reporting_currency, *notes.get(RATES, {}).get(CURRENCIES, [])}
    for table, note in sorted(notes.items()):
        if unrated := sorted(set(note[CURRENCIES]) - rated):
            advice = f"Add its rates to {RATES}, or correct the rows"
            raise DataFault(table, f"no rate for {', '.join(unrated)}", column="currency", advice=advice)
