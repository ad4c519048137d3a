"""`python -m loyalty_pipeline.cli` is `loyalty`."""

from loyalty_pipeline.cli.app import main

main()
