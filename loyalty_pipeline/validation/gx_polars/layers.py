"""A layer: the metrics whose dependencies are known, computed together.

First the keys that conditions need passes of their own for; then one streaming select for each set of root columns (one
select for all of them holds three times the memory, one for each metric reads the table many times); then samples, all in
one go, of those conditions that have unexpected rows. What fails is told for each metric apart, and the others are kept.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from loyalty_pipeline.validation.gx_polars.plans import Aggregate, Collected, Condition


@dataclass
class Layer:
    """One layer over one batch. `values` and `errors` are by the metric's id."""

    rows: pl.LazyFrame
    values: dict[Any, Any] = field(default_factory=dict)
    errors: dict[Any, Exception] = field(default_factory=dict)

    def run(self, plans: dict[Any, Any]) -> None:
        """Compute the plans, by the metric's id."""
        aggregates = {name: plan for name, plan in plans.items() if isinstance(plan, Aggregate)}
        queries = {name: plan for name, plan in plans.items() if isinstance(plan, Collected)}
        for name, plan in plans.items():
            if isinstance(plan, Condition):
                self.attempt(name, lambda plan=plan: self._located(plan))  # type: ignore[misc]
            elif name not in aggregates and name not in queries:
                self.values[name] = plan
        counts = _uncounted(queries)
        for group in _by_roots(aggregates | counts):
            self._together(group, self._select)
        for count in counts:
            self.values.pop(count, None)
            self.errors.pop(count, None)
        needed = {}
        for name, query in queries.items():
            if query.condition is not None and query.condition.is_known_empty:
                self.values[name] = query.nothing
            else:
                needed[name] = query
        if needed:
            self._together(needed, self._collect)

    def attempt(self, name: Any, compute: Callable[[], Any]) -> None:
        """One metric's value, or its error."""
        try:
            self.values[name] = compute()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the metric
            self.errors[name] = error

    def _located(self, condition: Condition) -> Condition:
        condition.locate(self.rows)
        return condition

    def _together(self, plans: dict[Any, Any], compute: Callable[[dict[Any, Any]], dict[Any, Any]]) -> None:
        try:
            self.values |= compute(plans)
        except Exception:  # noqa: BLE001 - one plan's error must not cost the others their value
            for name, plan in plans.items():
                self.attempt(name, lambda name=name, plan=plan: compute({name: plan})[name])  # type: ignore[misc]

    def _select(self, plans: dict[Any, Aggregate]) -> dict[Any, Any]:
        values = [plan.value.alias(str(number)) for number, plan in enumerate(plans.values())]
        row = self.rows.select(values).collect(engine="streaming")
        return {name: plan.then(row.item(0, number)) for number, (name, plan) in enumerate(plans.items())}

    def _collect(self, plans: dict[Any, Collected]) -> dict[Any, Any]:
        frames = pl.collect_all([plan.rows for plan in plans.values()], engine="streaming")
        return {name: plan.then(frame) for (name, plan), frame in zip(plans.items(), frames, strict=True)}


def _uncounted(queries: dict[Any, Collected]) -> dict[Any, Aggregate]:
    """The counts that tell whether a query for unexpected rows needs its pass; equal expressions are computed once."""
    conditions = {
        id(query.condition): query.condition for query in queries.values() if query.condition is not None
    }
    counts = {
        ("count", number): c.count()
        for number, c in conditions.items()
        if c.unexpected is not None and c.counted is None
    }
    return {name: count for name, count in counts.items() if isinstance(count, Aggregate)}


def _by_roots(aggregates: dict[Any, Aggregate]) -> list[dict[Any, Aggregate]]:
    groups: dict[tuple[str, ...], dict[Any, Aggregate]] = {}
    for name, plan in aggregates.items():
        roots = tuple(sorted(set(plan.value.meta.root_names())))
        groups.setdefault(roots, {})[name] = plan
    return list(groups.values())
