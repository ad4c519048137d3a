"""The scorecard: every rate beside benchmarks, targets and earlier periods."""
