"""Dagster over the pipeline: it shows, schedules and retries, and computes nothing."""

from loyalty_pipeline.orchestration.build import build_defs

__all__ = ["build_defs"]
