"""Indices on which the field has not settled; the rest of the package does not depend on them."""
