"""The golden company: a dozen customers worked on paper."""
