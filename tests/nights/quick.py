"""Nights at the speed of memory: what survives a power cut is tested elsewhere, and so is how functions are read."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import import_module

import pytest

from loyalty_pipeline.catalogue import tables


@contextmanager
def quick() -> Iterator[pytest.MonkeyPatch]:
    """Nothing waits for the disk, and the catalogue is read once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        patch.setattr(import_module("loyalty_pipeline.pipeline"), "tables", cache(tables))
        yield patch
