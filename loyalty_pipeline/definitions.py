"""What Dagster loads: `[tool.dg]` and workspace.yaml name this module."""

from loyalty_pipeline.orchestration.build import build_defs
from loyalty_pipeline.settings import Settings

defs = build_defs(Settings.load())
