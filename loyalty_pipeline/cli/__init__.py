"""The command line `loyalty`: the nightly run, the demo company, the UI and a look at the set-up."""

from loyalty_pipeline.cli.app import main

__all__ = ["main"]
