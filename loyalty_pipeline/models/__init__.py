"""Probability models of customer value, fitted by maximum likelihood on grouped sufficient statistics."""
