"""How amounts, sums and instants of the quarantine are written."""

import json
import sys
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.console import Console

NOTHING = "-"
WIDE = 200


def mrr_text(worth: dict[str, Any], currency: str) -> str:
    """What a row or a sum would move: an amount, what is unknown beside it, revenue, or nothing. Never 0 for unknown."""
    parts = []
    if worth.get("mrr") is not None:
        parts.append(f"{_amount(worth['mrr'])} {currency}")
    if worth.get("unknown"):
        parts.append(_unknown(worth))
    if worth.get("revenue") is not None:
        parts.append(f"revenue {_amount(worth['revenue'])} {currency}")
    if worth.get("unknown_revenue"):
        parts.append("revenue unknown")
    return " + ".join(parts) or NOTHING


def as_json(told: object) -> str:
    """JSON with exact decimals and instants as text."""
    return json.dumps(told, indent=1, default=_plain)


def day(instant: datetime | None) -> str:
    """The day of an instant, empty where it is not known."""
    return f"{instant:%Y-%m-%d}" if instant else ""


def console() -> Console:
    """Where tables are printed: into a file or a pipe nothing is cut to a terminal that is not there."""
    return Console() if sys.stdout.isatty() else Console(width=WIDE)


def _unknown(worth: dict[str, Any]) -> str:
    own = worth.get("own_mrr")
    if own is not None:
        return f"unknown ({_amount(own)} {worth['currency'] or 'in an unknown currency'})"
    return "unknown" if worth["unknown"] == 1 else f"{worth['unknown']:,} unknown"


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _amount(value: Decimal) -> str:
    cents = value.quantize(Decimal("0.01"))
    return f"{cents:,}" if cents == value else f"{value.normalize():,f}"
