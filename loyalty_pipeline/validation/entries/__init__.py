"""Entries: what data engineers expect of raw tables beyond their contracts, written in `expectations/<table>.yaml`."""

from loyalty_pipeline.validation.entries.entry import Entry, EntryError, load_entries

__all__ = ["Entry", "EntryError", "load_entries"]
