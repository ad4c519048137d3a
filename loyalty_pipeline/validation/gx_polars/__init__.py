"""Great Expectations on polars: an execution engine and a data source for LazyFrames.

To validate a table:

    import great_expectations as gx
    from loyalty_pipeline.validation import gx_polars  # registers itself

    source = gx.get_context().data_sources.add_polars("lake")
    asset = source.add_lazyframe_asset("invoice_lines")
    definition = asset.add_batch_definition_whole_dataframe("all")
    definition.get_batch({"dataframe": pl.scan_parquet(...)}).validate(suite)
"""

from loyalty_pipeline.validation.gx_polars.datasource import LazyFrameAsset, PolarsDatasource
from loyalty_pipeline.validation.gx_polars.engine import PolarsBatchData, PolarsExecutionEngine
from loyalty_pipeline.validation.gx_polars.expectations import (
    ExpectColumnValuesToAgreeByKey,
    ExpectColumnValuesToExistIn,
    ExpectRowsToSatisfy,
    ExpectTableDtypesToMatchContract,
    ExpectTableToBeFresh,
    ExpectTableToReconcileWithSource,
    ExpectVolumeToBeUsual,
)
from loyalty_pipeline.validation.gx_polars.flags import conditions, reasons
from loyalty_pipeline.validation.gx_polars.metrics import columns, tables
from loyalty_pipeline.validation.gx_polars.unsupported import declare

declare()

__all__ = [
    "ExpectColumnValuesToAgreeByKey",
    "ExpectColumnValuesToExistIn",
    "ExpectRowsToSatisfy",
    "ExpectTableDtypesToMatchContract",
    "ExpectTableToBeFresh",
    "ExpectTableToReconcileWithSource",
    "ExpectVolumeToBeUsual",
    "LazyFrameAsset",
    "PolarsBatchData",
    "PolarsDatasource",
    "PolarsExecutionEngine",
    "columns",
    "conditions",
    "reasons",
    "tables",
]
