"""A run on a Dask cluster ends as one in a single process does; a cluster that is not fit is told so."""
