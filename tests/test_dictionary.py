"""The data dictionary in docs/ is what the code says, and Markdown shows what was meant."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from loyalty_pipeline.catalogue import PUBLISHED, tables
from loyalty_pipeline.contract import Table, choice, count, polars_schema
from loyalty_pipeline.dictionary.index import OTHERS
from loyalty_pipeline.dictionary.lineage import DERIVED, origin
from loyalty_pipeline.dictionary.markdown import cell, inline, prose, table
from loyalty_pipeline.dictionary.pages import MARK, pages, write
from loyalty_pipeline.dictionary.published import Entry, entries, page
from loyalty_pipeline.settings import Settings
from loyalty_pipeline.sources.catalogue import RAW_TABLES, personal_columns

FOLDER = Path(__file__).parents[1] / "docs" / "dictionary"
RUN = "run `make docs`, and commit docs/dictionary"
MARKDOWN = MarkdownIt("commonmark").enable("table")
PAGES = pages()
ENTRIES = {entry.name: entry for entry in entries()}
EACH_ENTRY = pytest.mark.parametrize("name", ENTRIES)
EACH_PAGE = pytest.mark.parametrize("name", PAGES)


def shown(markdown):
    """What a reader sees of a text without blocks."""
    tokens = MARKDOWN.parseInline(markdown)[0].children
    return "".join(" " if token.type == "softbreak" else token.content for token in tokens)


def rows_of(markdown):
    """The cells that a reader sees, line by line, of all tables of a page."""
    rows = []
    for token in MARKDOWN.parse(markdown):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows and token.level >= 4:
            rows[-1].append("".join(child.content for child in token.children))
    return rows


def section_of(markdown, title):
    return markdown.partition(f"## {title}\n")[2].partition("\n## ")[0]


@EACH_PAGE
def test_the_page_in_docs_is_what_the_code_says(name):
    assert (FOLDER / name).is_file(), f"{name} is missing: {RUN}"
    assert (FOLDER / name).read_bytes().decode() == PAGES[name], f"{name} is stale: {RUN}"


def test_no_page_in_docs_is_left_over():
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert sorted(there - PAGES.keys()) == [], RUN


def test_there_is_a_page_for_every_published_and_every_raw_table():
    published = [f"{function.__name__}.md" for function in PUBLISHED]
    made = ["restatements.md", "validation_history.md"]
    assert list(PAGES) == ["README.md", *published, *made, *(f"raw/{name}.md" for name in RAW_TABLES)]


@EACH_ENTRY
def test_every_published_column_has_a_description_and_a_unit_or_is_a_word_a_date_or_a_flag(name):
    contract = ENTRIES[name].contract
    for column, dtype in polars_schema(contract).items():
        definition = contract.columns()[column]
        needs_no_unit = dtype in (pl.String, pl.Date, pl.Boolean)
        assert definition.description, column
        assert needs_no_unit or (definition.metadata or {}).get("unit"), column


@EACH_ENTRY
def test_a_page_shows_every_column_with_its_unit_and_its_words(name):
    contract = ENTRIES[name].contract
    header, *rows = rows_of(section_of(PAGES[f"{name}.md"], "Columns"))
    assert header == ["column", "type", "unit", "null", "what it is"]
    assert [row[0] for row in rows] == list(contract.columns())
    for (_, _, unit, null, told), column in zip(rows, contract.columns().values(), strict=True):
        assert unit == str((column.metadata or {}).get("unit", "")).replace("`", "")
        assert null == ("yes" if column.nullable else "")
        assert told.startswith(column.description.replace("`", ""))


@EACH_ENTRY
def test_the_index_has_every_table_in_a_group(name):
    assert f"[{name}]({name}.md)" in PAGES["README.md"]
    others = section_of(PAGES["README.md"], OTHERS)
    assert f"[{name}](" not in others, f"name the group of {name} in loyalty_pipeline/dictionary/index.py"


@EACH_PAGE
def test_a_page_is_marked_as_written_and_ends_with_one_newline(name):
    text = PAGES[name]
    assert text.startswith(MARK)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert "\r" not in text


@EACH_PAGE
def test_every_link_leads_to_a_page(name):
    links = [
        child.attrs["href"]
        for token in MARKDOWN.parse(PAGES[name])
        for child in token.children or []
        if child.type == "link_open"
    ]
    at = (FOLDER / name).parent
    assert links
    for link in links:
        target = (at / link).resolve()
        known = target.is_relative_to(FOLDER) and target.relative_to(FOLDER).as_posix() in PAGES
        assert known or target.is_file(), link


@EACH_PAGE
def test_every_row_of_a_table_has_as_many_cells_as_its_header(name):
    lines = PAGES[name].splitlines()
    for block in re.split(r"\n\n", "\n".join(lines)):
        if block.startswith("|"):
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}) == 1, block


@pytest.mark.parametrize("name", RAW_TABLES)
def test_a_raw_table_s_page_marks_what_is_personal(name):
    rows = rows_of(section_of(PAGES[f"raw/{name}.md"], "Columns"))
    marked = [column for column, *_, told in rows if "Personal: it never leaves" in told]
    assert marked == list(personal_columns(RAW_TABLES[name]))


def test_a_table_is_made_from_all_that_it_reads_through_others():
    churn = origin("churn", tables())
    assert {"customers", "invoices", "invoice_lines", "subscription_items", "fx_rates"} <= set(churn.raw)
    assert "social_posts" not in churn.raw
    assert {"timezone", "renewal_grace_days", "mrr_floor", "mrr_source"} <= set(churn.settings)
    assert "gross_margin" not in churn.settings
    assert "gross_margin" in origin("clv", tables()).settings


def test_a_computed_table_may_be_named_like_a_raw_one():
    catalogue = tables() | {"social_posts": replace(tables()["churn"], reads=(), settings=("gross_margin",))}
    assert origin("churn", catalogue) == origin("churn", tables())
    assert origin("advocacy", catalogue | {"referrals": catalogue["social_posts"]}) == origin(
        "advocacy", tables()
    )


def test_every_policy_of_a_table_is_a_setting_or_made_from_settings():
    policies = {policy for specification in tables().values() for policy in specification.settings}
    assert policies - DERIVED.keys() <= Settings.model_fields.keys()


def test_a_policy_that_no_setting_makes_is_told():
    catalogue = tables() | {"churn": replace(tables()["churn"], settings=("mood",))}
    with pytest.raises(LookupError, match=r"churn reads mood"):
        origin("churn", catalogue)


class Odd(Table):
    """One row per a|b pair where x < y & snake_case *stays*.

    It costs $5 [sic].
    """

    needs = ("referrals", "social_posts")

    pair = choice("Either a|b or <none>; `c|d` is _code_.", ("a|b", "<none>"), key=True)
    customers = count("Those with under_score_ & *star*.", of="a|b customers")

    @dy.rule()
    def customers_are_there(cls):
        """No a|b is without <somebody>."""
        return pl.col("customers") > 0


def odd():
    r"""Share of a|b in all, with :math:`x^*` as `opening^*`.

    .. math:: odd\_rate = \frac{a}{b} \qquad
              95 % = a \ b

    - the first
      of two
    - the second
    """


def test_bars_angles_and_underscores_reach_the_reader():
    text = "\n\n".join(page(Entry("odd", Odd, odd, origin("churn", tables()))))
    columns = rows_of(section_of(text, "Columns"))
    assert [row[-1] for row in columns[1:]] == [
        "Either a|b or <none>; c|d is _code_. One of a|b, <none>.",
        "Those with under_score_ & *star*.",
    ]
    assert [row[2] for row in columns[1:]] == ["", "a|b customers"]
    assert ["customers_are_there", "No a|b is without <somebody>."] in rows_of(text)
    assert shown(text.split("\n\n")[1]) == "One row per a|b pair where x < y & snake_case *stays*."
    assert shown(text.split("\n\n")[2]) == "It costs $5 [sic]."


def test_a_table_that_needs_others_says_so():
    told = "\n\n".join(page(Entry("odd", Odd, odd, None)))
    assert "before a row of [referrals](raw/referrals.md) or [social_posts](raw/social_posts.md) has" in told
    made_from = origin("churn", tables())
    one = type("One", (Odd,), {"needs": ("referrals",), "__doc__": "One row."})
    presence = [
        dict(row[:2] for row in rows_of("\n\n".join(page(Entry("odd", contract, odd, made_from)))))
        for contract in (Odd, one)
    ]
    assert [found["referrals"] for found in presence] == ["one is needed", "needed"]
    assert [found["customers"] for found in presence] == ["required", "required"]


def test_a_table_of_the_newest_month_says_so():
    newest = type("Newest", (Odd,), {"is_of_newest_month": True, "__doc__": "One row."})
    told = ["\n".join(page(Entry("odd", contract, odd, None))) for contract in (newest, Odd)]
    assert ["newest month only" in text for text in told] == [True, False]


def test_formulas_become_blocks_that_github_renders():
    assert prose(odd.__doc__.replace("\n    ", "\n")).split("\n\n") == [
        r"Share of a\|b in all, with $`x^*`$ as `opening^*`.",
        "```math\n\\begin{gathered}\nodd\\_rate = \\frac{a}{b} \\\\\n95 \\% = a \\ b\n\\end{gathered}\n```",
        "- the first of two\n- the second",
    ]


def test_a_backslash_before_a_space_joins_two_words():
    assert inline(r"the `row`\ s of it") == "the `row`s of it"


def test_a_table_without_rows_is_nothing():
    assert table(("a", "b"), []) == ""


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="`"), min_size=1)
)
def test_words_are_shown_as_they_were_written(words):
    assert shown(inline(words)) == words
    assert rows_of(table(("a", "b"), [(cell(words), "x")]))[1] == [words, "x"]


def test_writing_touches_what_is_stale_and_removes_what_is_gone(tmp_path):
    assert write(tmp_path) == list(PAGES)
    assert write(tmp_path) == []
    (tmp_path / "churn.md").write_text("edited")
    (tmp_path / "left.md").write_text(f"{MARK}\n")
    (tmp_path / "notes.md").write_text("not of the dictionary")
    assert write(tmp_path) == ["churn.md", "left.md"]
    assert (tmp_path / "churn.md").read_text("utf-8") == PAGES["churn.md"]
    assert {path.name for path in tmp_path.glob("*.md")} - PAGES.keys() == {"notes.md"}


def test_it_runs_as_a_module_and_says_what_it_wrote(tmp_path):
    command = [sys.executable, "-m", "loyalty_pipeline.dictionary", str(tmp_path / "pages")]
    first, second = (
        subprocess.run(command, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert first.splitlines() == [str(tmp_path / "pages" / name) for name in PAGES]
    assert second == f"{tmp_path / 'pages'} is current\n"
