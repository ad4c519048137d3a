"""Tables that dlt really lands of a local fake of Stripe's API.

Needs the dependency group `connectors` (dlt, localstripe); a machine without it skips these tests.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest

from . import dlt_load, local_stripe
from .landed import by_key
from .local_stripe import asked

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (find_spec("dlt") and find_spec("localstripe")), reason="the group connectors is not installed"
    ),
]

LANDING = "dlt_stripe"
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2050, "cvc": 123}


@pytest.fixture(scope="module")
def api() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen([sys.executable, local_stripe.__file__, str(port)])
    address = f"http://127.0.0.1:{port}/v1"
    try:
        _wait(address, server)
        yield address
    finally:
        server.kill()
        server.wait()


def _wait(address: str, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        assert server.poll() is None, "the fake of Stripe's API has ended"
        try:
            asked(f"{address}/customers")
        except URLError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the fake of Stripe's API does not answer")


@pytest.fixture(scope="module")
def landed(api: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two loads have landed, between which a payment was given back and a subscription was cancelled."""
    folder = tmp_path_factory.mktemp("dlt")
    _fill(api)
    _load(api, folder)
    charge = next(one for one in _all(api, "charges") if one["currency"] == "jpy")
    asked(f"{api}/refunds", {"charge": charge["id"], "amount": 1200})
    subscription = next(one for one in _subscriptions(api) if one["plan"]["id"] == "gold")
    asked(f"{api}/subscriptions/{subscription['id']}", method="DELETE")
    _load(api, folder)
    return folder / "stripe"


def _fill(api: str) -> None:
    """Seven customers: one pays in yen, one has something billed that is no subscription, all pay tax on top."""
    asked(
        f"{api}/plans",
        {"id": "gold", "product[name]": "Gold", "amount": 1999, "currency": "eur", "interval": "month"},
    )
    asked(
        f"{api}/plans",
        {"id": "yen", "product[name]": "Yen", "amount": 1200, "currency": "jpy", "interval": "year"},
    )
    tax = asked(f"{api}/tax_rates", {"display_name": "VAT", "inclusive": "false", "percentage": 20})["id"]
    for number in range(7):
        customer = asked(f"{api}/customers", {"email": f"{number}@example.org", "name": f"Ann {number}"})[
            "id"
        ]
        card = {f"card[{name}]": value for name, value in CARD.items()}
        method = asked(f"{api}/payment_methods", {"type": "card"} | card)["id"]
        asked(f"{api}/payment_methods/{method}/attach", {"customer": customer})
        asked(f"{api}/customers/{customer}", {"invoice_settings[default_payment_method]": method})
        if number == 1:
            asked(
                f"{api}/invoiceitems",
                {"customer": customer, "amount": 500, "currency": "eur", "description": "Setup"},
            )
        plan = {"items[0][plan]": "gold" if number else "yen", "items[0][quantity]": 2}
        asked(f"{api}/subscriptions", {"customer": customer, "default_tax_rates[0]": tax} | plan)


def _load(api: str, folder: Path) -> None:
    quiet = {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
        "DLT_DATA_DIR": str(folder / "home"),
    }
    done = subprocess.run(
        [sys.executable, dlt_load.__file__, api, str(folder)],
        env=os.environ | quiet,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def _all(api: str, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(f"{api}/{name}{'&' if '?' in name else '?'}limit=100")["data"]
    return found


def _subscriptions(api: str) -> list[dict[str, Any]]:
    return _all(api, "subscriptions?status=all")


def _at(seconds: int | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _major(amount: int, currency: str) -> Decimal:
    return Decimal(amount) if currency == "jpy" else Decimal(amount) / 100


def test_customers_are_those_of_the_api(api: str, landed: Path) -> None:
    told = {one["id"]: (one["name"], one["email"], _at(one["created"])) for one in _all(api, "customers")}
    made = by_key(LANDING, landed, "customers")
    assert {key: (row["name"], row["email"], row["created_at"]) for key, row in made.items()} == told
    assert len(told) == 7


def test_plans_are_those_of_the_api(landed: Path) -> None:
    made = by_key(LANDING, landed, "plans")
    assert {
        key: (row["name"], row["amount"], row["currency"], row["interval"]) for key, row in made.items()
    } == {
        "gold": ("Gold", Decimal("19.99"), "EUR", "month"),
        "yen": ("Yen", Decimal(1200), "JPY", "year"),
    }


def test_subscriptions_are_as_the_last_load_has_them(api: str, landed: Path) -> None:
    told = {
        one["id"]: (
            one["customer"],
            one["plan"]["id"],
            one["status"],
            _at(one["start_date"]),
            _at(one["ended_at"]),
        )
        for one in _subscriptions(api)
    }
    made = by_key(LANDING, landed, "subscriptions")
    columns = ("customer_id", "plan_id", "status", "started_at", "ended_at")
    assert {key: tuple(row[name] for name in columns) for key, row in made.items()} == told
    assert sorted(status for _, _, status, *_ in told.values()) == [*["active"] * 6, "canceled"]


def test_invoices_are_those_of_the_api(api: str, landed: Path) -> None:
    told = {
        one["id"]: (
            one["customer"],
            one["subscription"],
            one["status"],
            _at(one["status_transitions"]["paid_at"]),
            _major(one["total"], one["currency"]),
        )
        for one in _all(api, "invoices")
    }
    made = by_key(LANDING, landed, "invoices")
    columns = ("customer_id", "subscription_id", "status", "paid_at", "total")
    assert {key: tuple(row[name] for name in columns) for key, row in made.items()} == told


def test_lines_are_those_of_the_api_and_once_each(api: str, landed: Path) -> None:
    told = {
        line["id"]: (
            invoice["id"],
            "recurring" if line["type"] == "subscription" else "one_off",
            float(line["quantity"]),
            _major(line["amount"], line["currency"]),
            line["plan"]["id"] if line["plan"] else None,
        )
        for invoice in _all(api, "invoices")
        for line in invoice["lines"]["data"]
    }
    made = by_key(LANDING, landed, "invoice_lines")
    columns = ("invoice_id", "kind", "quantity", "amount", "plan_id")
    assert {key: tuple(row[name] for name in columns) for key, row in made.items()} == told
    assert sorted(row["kind"] for row in made.values()) == ["one_off", *["recurring"] * 7]


def test_lines_and_their_tax_add_up_to_the_invoices(landed: Path) -> None:
    totals: dict[str, Decimal] = {}
    for line in by_key(LANDING, landed, "invoice_lines").values():
        totals[line["invoice_id"]] = totals.get(line["invoice_id"], Decimal(0)) + line["amount"] + line["tax"]
    assert totals == {key: row["total"] for key, row in by_key(LANDING, landed, "invoices").items()}


def test_a_refund_of_a_taxed_payment_is_net_and_on_its_invoice(api: str, landed: Path) -> None:
    (refund,) = by_key(LANDING, landed, "refunds").values()
    (invoice,) = (one for one in _all(api, "invoices") if one["currency"] == "jpy")
    # 2 x 1200 yen and 20 % of tax make 2880, of which 1200 were given back.
    assert (refund["invoice_id"], refund["amount"], refund["currency"]) == (
        invoice["id"],
        Decimal(1000),
        "JPY",
    )
