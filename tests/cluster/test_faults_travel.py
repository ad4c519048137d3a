"""What went wrong on a worker arrives as it was: with its type, its words, what it holds and its notes."""

import pickle
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest

import loyalty_pipeline
from loyalty_pipeline.faults import DataFault
from loyalty_pipeline.lake.audit import Breach, ContractBroken
from loyalty_pipeline.landing.checks import ChecksFailed
from loyalty_pipeline.sources.databases.postgres import _NoPlaceError
from loyalty_pipeline.validation.entries.entry import EntryError
from loyalty_pipeline.validation.entries.files import Fault

EXAMPLES: dict[type[BaseException], BaseException] = {
    DataFault: DataFault(
        "invoices", "total is negative", column="total", rows="3 rows", advice="Correct them."
    ),
    ChecksFailed: ChecksFailed("invoices", "currency is known", column="currency"),
    EntryError: EntryError([Fault(Path("invoices.yaml"), 3, "total", "expected a number")]),
    _NoPlaceError: _NoPlaceError(frozenset({"total"})),
    ContractBroken: ContractBroken([Breach("churn", "2024-05", "key_is_unique", 2)]),
}
"""One of each kind whose constructor takes something else than words."""


class Plain(pickle.Pickler):
    """As a worker has it, which knows Dask before it knows this package: a library of Dask's mends what it finds when it is loaded."""

    dispatch_table: dict[type, Any] = {}  # noqa: RUF012 - the pickler's own name


def there_and_back(fault: BaseException) -> Any:
    sent = BytesIO()
    Plain(sent).dump(fault)
    return pickle.loads(sent.getvalue())  # noqa: S301 - our own


def kinds() -> Iterator[type[BaseException]]:
    """Every exception of the package."""
    for module in walk_packages(loyalty_pipeline.__path__, "loyalty_pipeline."):
        if module.name.rpartition(".")[2] == "__main__":
            continue
        for one in vars(import_module(module.name)).values():
            if isinstance(one, type) and issubclass(one, BaseException) and one.__module__ == module.name:
                yield one


@pytest.mark.parametrize("kind", sorted(kinds(), key=lambda kind: kind.__qualname__))
def test_every_fault_arrives_in_another_process_as_it_was(kind: type[BaseException]) -> None:
    fault = EXAMPLES.get(kind) or kind("what went wrong")
    fault.add_note("where it was")
    arrived = there_and_back(fault)
    assert type(arrived) is kind
    assert str(arrived) == str(fault) != ""
    assert vars(arrived) == vars(fault)


def test_what_stopped_a_landing_keeps_the_checks_until_then() -> None:
    fault = DataFault("invoices", "total is negative")
    fault.checked = ["one", "two"]
    assert there_and_back(fault).checked == ["one", "two"]
