"""Which of Great Expectations' core expectations polars can do, found out by validating an example of each.

`python -m loyalty_pipeline.validation.gx_polars.support` writes the table into the README.
"""

from pathlib import Path
from typing import Any, NamedTuple

import great_expectations as gx
from great_expectations.expectations import core
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)

from loyalty_pipeline.validation.gx_polars.examples import EXAMPLES, TABLE
from loyalty_pipeline.validation.gx_polars.unsupported import NOT_SUPPORTED

README = Path(__file__).parent / "README.md"
BEGINNING, END = "<!-- support -->", "<!-- /support -->"


class Support(NamedTuple):
    """One core expectation. `reason` says why it is not supported; empty if it is."""

    name: str
    is_supported: bool
    reason: str


def core_expectations() -> list[str]:
    """The types of the core expectations of the installed version, in order."""
    names = list_registered_expectation_implementations()
    return sorted(name for name in names if _is_core(get_expectation_impl(name)))


def example(name: str) -> Expectation:
    """One expectation that the example table meets. Raises `KeyError` for a type that has no example."""
    made: Expectation = get_expectation_impl(name)(**EXAMPLES[name])
    return made


def results(source: Any) -> dict[str, Any]:
    """What a batch definition's batch of the example table says of each example, by type."""
    suite = gx.ExpectationSuite(name="examples")
    for name in core_expectations():
        if name in EXAMPLES:
            suite.add_expectation(example(name))
    found = source.validate(suite).results
    return {result.expectation_config.type: result for result in found}


def supported() -> list[Support]:
    """Every core expectation of the installed version."""
    context = gx.get_context(mode="ephemeral")
    variables: Any = context.variables
    variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_polars("support").add_lazyframe_asset("examples")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
        {"dataframe": TABLE.lazy(), "references": {"other": TABLE.lazy()}}
    )
    found = results(batch)
    return [_support(name, found.get(name)) for name in core_expectations()]


def markdown() -> str:
    """The table, as Markdown."""
    rows = [
        f"| `{found.name}` | {'yes' if found.is_supported else 'no'} | {found.reason} |"
        for found in supported()
    ]
    return "\n".join(["| expectation | on polars | |", "| --- | --- | --- |", *rows])


def written(readme: str) -> str:
    """A README with the table between its markers. Raises `ValueError` where they are missing."""
    before, _, rest = readme.partition(BEGINNING)
    _, found, after = rest.partition(END)
    if not found:
        message = f"the README has no {BEGINNING} and {END}"
        raise ValueError(message)
    return f"{before}{BEGINNING}\n{markdown()}\n{END}{after}"


def main() -> None:
    """Write the table into the README."""
    README.write_text(written(README.read_text()))


def _is_core(expectation: type[Expectation]) -> bool:
    return getattr(core, expectation.__name__, None) is expectation


def _support(name: str, result: Any) -> Support:
    if result is None:
        return Support(name, is_supported=False, reason="not tried yet")
    told = [str(details.get("exception_message", "")) for details in _exceptions(result)]
    if not told:
        return Support(name, is_supported=True, reason="")
    known = [message.partition(NOT_SUPPORTED)[2] for message in told if NOT_SUPPORTED in message]
    return Support(name, is_supported=False, reason=next(iter(known), told[0]))


def _exceptions(result: Any) -> list[dict[str, Any]]:
    """A result holds one exception, or one for each metric that has one."""
    told = result.exception_info or {}
    found = [told] if "raised_exception" in told else list(told.values())
    return [details for details in found if details["raised_exception"]]


if __name__ == "__main__":
    main()
