"""Landing: what the sources say, as they say it, in immutable batches filed by the month the rows belong to."""

from loyalty_pipeline.landing.land import land
from loyalty_pipeline.landing.report import LandingReport, TableReport

__all__ = ["LandingReport", "TableReport", "land"]
