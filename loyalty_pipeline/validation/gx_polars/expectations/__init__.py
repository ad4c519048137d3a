"""Expectations that Great Expectations does not have. Importing registers them."""

from loyalty_pipeline.validation.gx_polars.expectations.agreement import ExpectColumnValuesToAgreeByKey
from loyalty_pipeline.validation.gx_polars.expectations.dtype_contract import ExpectTableDtypesToMatchContract
from loyalty_pipeline.validation.gx_polars.expectations.foreign_key import ExpectColumnValuesToExistIn
from loyalty_pipeline.validation.gx_polars.expectations.freshness import ExpectTableToBeFresh
from loyalty_pipeline.validation.gx_polars.expectations.reconciliation import ExpectTableToReconcileWithSource
from loyalty_pipeline.validation.gx_polars.expectations.row_rules import ExpectRowsToSatisfy
from loyalty_pipeline.validation.gx_polars.expectations.volume import ExpectVolumeToBeUsual

__all__ = [
    "ExpectColumnValuesToAgreeByKey",
    "ExpectColumnValuesToExistIn",
    "ExpectRowsToSatisfy",
    "ExpectTableDtypesToMatchContract",
    "ExpectTableToBeFresh",
    "ExpectTableToReconcileWithSource",
    "ExpectVolumeToBeUsual",
]
