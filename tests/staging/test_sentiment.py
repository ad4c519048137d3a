import socket
import subprocess
import sys
from importlib.metadata import version as installed_version

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_pipeline.settings import SettingsError
from loyalty_pipeline.staging import sentiment

LIKED = "VADER is smart, handsome, and funny."


def of(*rows):
    texts, languages = zip(*rows, strict=True) if rows else ((), ())
    return sentiment.scored(pl.Series(texts, dtype=pl.String), pl.Series(languages, dtype=pl.String))


@pytest.fixture
def afresh():
    sentiment.analyser.cache_clear()
    yield
    sentiment.analyser.cache_clear()


# The sentences and scores of the library's README.
@pytest.mark.parametrize(
    ("text", "compound"),
    [
        (LIKED, 0.8316),
        ("VADER is VERY SMART, handsome, and FUNNY!!!", 0.9342),
        ("The book was good.", 0.4404),
        ("At least it isn't a horrible book.", 0.431),
        ("Today SUX!", -0.5461),
        ("Not bad at all", 0.431),
        ("Catch utf-8 emoji such as 💘 and 💋 and 😁", 0.875),
    ],
)
def test_a_text_has_the_score_that_the_library_publishes(text, compound):
    assert of((text, "en")).to_list() == [compound]


@pytest.mark.parametrize("language", [None, "en", "EN", "en-GB", "En-us"])
def test_a_text_is_english_where_it_says_so_or_says_nothing(language):
    assert of((LIKED, language)).to_list() == [0.8316]


@pytest.mark.parametrize("language", ["de", "eng", "fr-EN", "den", "sv", "enm"])
def test_a_text_in_another_language_has_no_score(language):
    assert of((LIKED, language)).to_list() == [None]


@pytest.mark.parametrize("text", [None, "", " ", "\n\t\u00a0"])
def test_a_blank_text_has_no_score(text):
    assert of((text, "en"), (LIKED, "en")).to_list() == [None, 0.8316]


def test_a_text_without_a_word_of_the_lexicon_is_neutral_and_not_missing():
    assert of(("The parcel is blue", None)).to_list() == [0.0]


def test_no_texts_have_no_scores():
    assert of().to_list() == []
    assert of((None, None), (None, "de")).dtype == pl.Float64


def test_each_distinct_text_is_read_once(monkeypatch):
    read = []

    class Reader:
        def polarity_scores(self, text):
            read.append(text)
            return {"compound": 0.5}

    monkeypatch.setattr(sentiment, "analyser", Reader)
    scores = of(("b", "en"), ("a", None), ("b", "de"), ("b", "en-GB"), ("", "en"), ("a", "en"))
    assert scores.to_list() == [0.5, 0.5, None, 0.5, None, 0.5]
    assert read == ["b", "a"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.none() | st.text(), st.sampled_from([None, "en", "de"])), max_size=6))
def test_every_score_is_from_minus_one_to_one_and_that_of_the_text_alone(rows):
    scores = of(*rows)
    assert scores.len() == len(rows)
    assert scores.drop_nulls().is_between(-1, 1).all()
    assert scores.to_list() == [of(row).item() for row in rows]


def test_the_version_names_the_library():
    assert sentiment.version() == f"vaderSentiment {installed_version('vaderSentiment')}"


@pytest.mark.usefixtures("afresh")
@pytest.mark.parametrize("asked", [sentiment.version, of], ids=["version", "scored"])
def test_a_missing_library_is_told_with_how_to_install_it(monkeypatch, asked):
    monkeypatch.setitem(sys.modules, "vaderSentiment", None)
    monkeypatch.delitem(sys.modules, "vaderSentiment.vaderSentiment", raising=False)
    with pytest.raises(
        SettingsError, match=r"vaderSentiment is not installed.*--extra sentiment.*\[sentiment\]"
    ):
        asked()


@pytest.mark.usefixtures("afresh")
def test_nothing_asks_the_network(monkeypatch):
    def forbidden(*_, **__):
        pytest.fail("a socket was asked for")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    assert sentiment.version()
    assert of((LIKED, "en")).to_list() == [0.8316]


def test_the_library_is_not_loaded_before_it_is_asked_for():
    told = "import sys, loyalty_pipeline.staging.sentiment; print('vaderSentiment' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
