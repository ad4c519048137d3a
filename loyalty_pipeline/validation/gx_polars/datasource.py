"""The data source: `context.data_sources.add_polars(name)`, with assets whose batches are LazyFrames."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self, Type  # noqa: UP035 - `type` is a field of data sources

import polars as pl
from great_expectations.compatibility import pydantic
from great_expectations.core import IDDict
from great_expectations.core.batch import LegacyBatchDefinition
from great_expectations.core.batch_spec import RuntimeDataBatchSpec
from great_expectations.datasource.fluent.batch_identifier_util import make_batch_identifier
from great_expectations.datasource.fluent.batch_request import BatchRequest
from great_expectations.datasource.fluent.interfaces import Batch, DataAsset, Datasource
from great_expectations.exceptions.exceptions import BuildBatchRequestError
from great_expectations.types.base import SerializableDotDict

from loyalty_pipeline.validation.gx_polars.engine import (
    ROWS_PER_PASS,
    PolarsBatchData,
    PolarsExecutionEngine,
)

OPTIONS = frozenset({"dataframe", "references", "rules"})


class HandedOver(SerializableDotDict):
    """References or rules by name, of which only the names are written into a result."""

    def to_json_dict(self) -> dict[str, str]:
        """The names, with what stands under each: never the rows."""
        return {name: f"<{type(thing).__name__.upper()}>" for name, thing in self.items()}

    def __deepcopy__(self, memo: Any) -> Self:
        """The same things under the same names: a copy of a result does not copy tables."""
        del memo
        return type(self)(self)


class LazyFrameAsset(DataAsset):  # type: ignore[type-arg] # its arguments are for partitioners
    """A table whose rows are handed over with each batch.

    Batch parameters: `dataframe`, a LazyFrame or DataFrame; `references`, other tables by name, for foreign keys;
    `rules`, named boolean expressions, for `expect_rows_to_satisfy`.
    """

    type: Literal["lazyframe"] = "lazyframe"

    class Config:
        """Unknown settings are errors."""

        extra = pydantic.Extra.forbid

    def test_connection(self) -> None:
        """Nothing to connect to."""

    def get_batch_parameters_keys(self, partitioner: Any = None) -> tuple[str, ...]:
        """What a batch is asked for with."""
        del partitioner
        return ("dataframe",)

    def add_batch_definition_whole_dataframe(self, name: str) -> Any:
        """A batch definition that takes all rows."""
        return self.add_batch_definition(name=name, partitioner=None)

    def build_batch_request(
        self, options: Mapping[str, Any] | None = None, batch_slice: Any = None, partitioner: Any = None
    ) -> BatchRequest[Any]:
        """Ask for a batch. Raises `BuildBatchRequestError` for anything but a frame and its references."""
        if batch_slice is not None or partitioner is not None:
            message = "batch_slice and partitioner are not supported: filter the LazyFrame instead"
            raise BuildBatchRequestError(message=message)
        given = dict(options or {})
        if not isinstance(given.get("dataframe"), pl.LazyFrame | pl.DataFrame) or given.keys() - OPTIONS:
            message = "batch parameters must be {'dataframe': <polars LazyFrame or DataFrame>}, and at most 'references' and 'rules'"
            raise BuildBatchRequestError(message=message)
        _write_names_only(options)
        return BatchRequest(datasource_name=self.datasource.name, data_asset_name=self.name, options=given)

    def _validate_batch_request(self, batch_request: BatchRequest[Any]) -> None:
        self.build_batch_request(batch_request.options)

    def get_batch_identifiers_list(self, batch_request: BatchRequest[Any]) -> list[dict[str, Any]]:
        """One batch a request."""
        return [IDDict(batch_request.options)]

    def get_batch(self, batch_request: BatchRequest[Any]) -> Batch:
        """The batch, ready to be validated."""
        self._validate_batch_request(batch_request)
        engine: PolarsExecutionEngine = self.datasource.get_execution_engine()
        options = dict(batch_request.options)
        rows = PolarsBatchData(engine, options["dataframe"], options.get("references"), options.get("rules"))
        spec = RuntimeDataBatchSpec(batch_data=rows)
        data, markers = engine.get_batch_data_and_markers(batch_spec=spec)
        identity = {"dataframe": options["dataframe"]}
        definition = LegacyBatchDefinition(
            datasource_name=self.datasource.name,
            data_connector_name="fluent",
            data_asset_name=self.name,
            batch_identifiers=make_batch_identifier(identity),
            batch_spec_passthrough=None,
        )
        return Batch(
            datasource=self.datasource,
            data_asset=self,
            batch_request=batch_request,
            data=data,
            metadata=self._get_batch_metadata_from_batch_request(
                batch_request=batch_request, ignore_options=tuple(OPTIONS)
            ),
            batch_markers=markers,
            batch_spec=spec,
            batch_definition=definition,
        )


class PolarsDatasource(Datasource):  # type: ignore[type-arg] # as above
    """Polars LazyFrames as a source of batches. `rows_per_pass` bounds the memory of uniqueness and foreign keys."""

    asset_types: ClassVar[list[Type[DataAsset]]] = [LazyFrameAsset]  # type: ignore[type-arg] # noqa: UP006

    type: Literal["polars"] = "polars"
    rows_per_pass: int = ROWS_PER_PASS
    assets: list[LazyFrameAsset] = []  # noqa: RUF012 - pydantic copies it

    @property
    def execution_engine_type(self) -> Type[PolarsExecutionEngine]:  # noqa: UP006
        """The engine that validates its batches."""
        return PolarsExecutionEngine

    def test_connection(self, test_assets: bool = True) -> None:  # noqa: FBT001, FBT002 - Great Expectations' signature
        """Nothing to connect to."""

    def add_lazyframe_asset(self, name: str) -> LazyFrameAsset:
        """Add a table."""
        added: LazyFrameAsset = self._add_asset(LazyFrameAsset(name=name))
        return added


def _write_names_only(options: Any) -> None:
    # A run writes the very parameters that it was called with into its result, after it asked for the batch;
    # Great Expectations replaces only `dataframe`, and fails on what JSON does not know.
    for name in {"references", "rules"} & options.keys():
        if options[name] and isinstance(options, dict):
            options[name] = HandedOver(options[name])
