"""What Dagster loads: `[tool.dg]` and workspace.yaml name this module."""

import os
from pathlib import Path

from loyalty_pipeline.orchestration.build import build_defs
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.settings_sources import FILE_NAME, PREFIX


def settings() -> Settings:
    """The settings of the working directory; where it has none, those that lie with the default source.

    So the page that opens after `make demo` goes by the demo's settings, and shows what `make demo` computed.
    """
    is_told = Path(FILE_NAME).exists() or f"{PREFIX}SOURCE" in os.environ
    return Settings.load() if is_told else Settings.load(source=Settings.model_fields["source"].default)


defs = build_defs(settings())
