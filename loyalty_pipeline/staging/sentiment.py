"""Sentiment of texts by VADER (Hutto & Gilbert 2014): a lexicon and rules that come with the library."""

import warnings
from functools import cache
from importlib import import_module
from importlib.metadata import version as version_of
from typing import Any

import polars as pl

from loyalty_pipeline.settings_sources import SettingsError

LIBRARY = "vaderSentiment"
ENGLISH = "(?i)^en(-.*)?$"
MISSING = (
    f"sentiment = vader: the library {LIBRARY} is not installed. "
    "Install it with: uv sync --extra sentiment, or: pip install 'loyalty-pipeline[sentiment]'"
)


def scored(texts: pl.Series, languages: pl.Series) -> pl.Series:
    """How each text speaks: VADER's compound score, from -1 (against) to 1 (for).

    Null for a text that is blank or missing, and for one whose language is stated and is not English (`en`, `en-GB`, in
    any case): the lexicon is English, and would call what it cannot read neutral. At 0.05 or more a text is positive, at
    -0.05 or less negative, by the library's own advice. Each distinct text is read once. Raises SettingsError where the
    library is missing.
    """
    reader = analyser()
    is_english = languages.cast(pl.String).str.contains(ENGLISH).fill_null(value=True)
    is_read = is_english & (texts.cast(pl.String).str.strip_chars() != "").fill_null(value=False)
    asked = pl.select(text=pl.when(is_read).then(texts.cast(pl.String))).to_series()
    distinct = asked.drop_nulls().unique(maintain_order=True)
    scores = [float(reader.polarity_scores(text)["compound"]) for text in distinct]
    known = pl.Series(scores, dtype=pl.Float64)
    return asked.replace_strict(distinct, known, default=None, return_dtype=pl.Float64).cast(pl.Float64)


def version() -> str:
    """The library and its version, on which every score depends. Raises SettingsError where it is missing."""
    analyser()
    return f"{LIBRARY} {version_of(LIBRARY)}"


@cache
def analyser() -> Any:
    """The library's analyser, its lexicon read once. Raises SettingsError where the library is missing."""
    # By name: a table's code is told apart by the libraries its modules import, and this one may be missing.
    try:
        library = import_module(f"{LIBRARY}.{LIBRARY}")
    except ModuleNotFoundError:
        raise SettingsError(MISSING) from None
    with warnings.catch_warnings():
        # It opens its lexicon in a way that Python 3.14 calls old.
        warnings.simplefilter("ignore", DeprecationWarning)
        return library.SentimentIntensityAnalyzer()
