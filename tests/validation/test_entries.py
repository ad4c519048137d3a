"""Files of expectations: what is read from them, and what is said when something in them is wrong."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from loyalty_pipeline.cli.exits import said
from loyalty_pipeline.validation.entries import Entry, EntryError, load_entries

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(text, table)`: a file of expectations; its folder comes back."""
    folder = tmp_path / "expectations"
    folder.mkdir()

    def written(text: str, table: str = "invoice_lines", suffix: str = ".yaml") -> Path:
        (folder / f"{table}{suffix}").write_text(text, "utf-8")
        return folder

    return written


def one(folder: Path) -> Entry:
    [entry] = load_entries(folder)["invoice_lines"]
    return entry


def faults(folder: Path) -> list[str]:
    """What is said, without the folder."""
    with pytest.raises(EntryError) as raised:
        load_entries(folder)
    return str(raised.value).replace(f"{folder}/", "").splitlines()


def fault(folder: Path) -> str:
    [only] = faults(folder)
    return only


def test_an_entry_is_one_named_expectation(write: Write) -> None:
    entry = one(
        write(r"""
# What a good invoice line looks like, beyond the contract.
big_enough:
  expect: column_values_to_be_between
  column: amount
  min_value: 0.01      # a cent
  mostly: 0.999
  severity: warning
  note: Nothing costs less than a cent.
  show_values: true
""")
    )
    assert (entry.name, entry.table, entry.line) == ("big_enough", "invoice_lines", 3)
    assert entry.expectation == "column_values_to_be_between"
    assert entry.arguments == {"column": "amount", "min_value": 0.01}
    assert (entry.severity, entry.mostly, entry.shows_values) == ("warning", 0.999, True)
    assert entry.note == "Nothing costs less than a cent."
    assert entry.description.endswith(f" ({entry.note})")
    assert entry.is_about_rows
    assert entry.kwargs == {
        "column": "amount",
        "min_value": 0.01,
        "mostly": 0.999,
        "severity": "warning",
        "meta": {"name": "big_enough"},
    }


def test_what_an_entry_does_not_say_has_a_default(write: Write) -> None:
    entry = one(write("rows_there: {expect: table_row_count_to_be_between, min_value: 1}"))
    assert (entry.severity, entry.mostly, entry.note, entry.shows_values) == ("critical", None, "", False)
    assert entry.description == "the row count of the table must be at least 1"
    assert not entry.is_about_rows
    assert "mostly" not in entry.kwargs


def test_the_name_of_an_expectation_may_have_the_prefix_of_great_expectations(write: Write) -> None:
    entry = one(write("there: {expect: expect_column_values_to_not_be_null, column: plan_id}"))
    assert entry.expectation == "column_values_to_not_be_null"


def test_an_entry_without_expect_changes_the_rule_of_the_contract_that_has_its_name(write: Write) -> None:
    entry = one(write("amount_can_be_read: {mostly: 0.995}"))
    assert (entry.expectation, entry.mostly, entry.severity) == ("", 0.995, "critical")
    assert entry.description == ""


def test_what_a_change_does_not_say_is_as_the_rule_has_it(write: Write) -> None:
    folder = write("country_is_a_known_value: {note: As the post office spells it.}", "customers")
    [entry] = load_entries(folder)["customers"]
    assert (entry.severity, entry.mostly, entry.shows_values) == ("warning", None, True)
    assert entry.description == "As the post office spells it."


def test_entries_keep_the_order_of_their_file_and_tables_that_of_their_names(write: Write) -> None:
    write("b: {expect: column_to_exist, column: tax}\na: {expect: column_to_exist, column: tax}")
    write("# nothing yet\n", "customers")
    found = load_entries(write("c: {expect: column_to_exist, column: name}", "plans"))
    assert list(found) == ["customers", "invoice_lines", "plans"]
    assert [entry.name for entry in found["invoice_lines"]] == ["b", "a"]
    assert found["customers"] == []


def test_without_a_folder_nothing_is_expected() -> None:
    assert load_entries(None) == {}


def test_a_folder_that_is_named_and_not_there_is_an_error(tmp_path: Path) -> None:
    assert fault(tmp_path / "nowhere").endswith(
        "nowhere: expected the folder of the expectations, found none"
    )


def test_other_files_may_stand_beside(write: Write) -> None:
    write("# How we write expectations", "README", ".md")
    write("half: [", ".#invoice_lines")
    assert load_entries(write("", "invoice_lines")) == {"invoice_lines": []}


def test_words_are_read_as_yaml_1_2_reads_them(write: Write) -> None:
    entry = one(
        write(
            "codes: {expect: column_values_to_be_in_set, column: kind, value_set: [NO, on, 010, 12:30, 2026-01-01]}"
        )
    )
    assert entry.arguments["value_set"] == ["NO", "on", "010", "12:30", "2026-01-01"]


def test_a_row_condition_becomes_the_one_of_great_expectations(write: Write) -> None:
    entry = one(
        write("""
plan:
  expect: column_values_to_not_be_null
  column: plan_id
  row_condition:
    - {column: kind, operator: in, value: [recurring, usage]}
    - {column: period_end, operator: is_not_null}
    - {column: amount, operator: ">", value: 0}
""")
    )
    membership, nullity, comparison = entry.arguments["row_condition"]["conditions"]
    assert entry.arguments["row_condition"]["type"] == "and"
    assert membership == {
        "type": "comparison",
        "column": {"name": "kind"},
        "operator": "IN",
        "parameter": ["recurring", "usage"],
    }
    assert nullity == {"type": "nullity", "column": {"name": "period_end"}, "is_null": False}
    assert (comparison["operator"], comparison["parameter"]) == (">", 0)
    assert entry.description == (
        "values of plan_id must not be null, where kind in recurring, usage and period_end is not null and amount > 0"
    )


def test_what_the_pipeline_knows_need_not_be_said(write: Write) -> None:
    text = """
fresh: {expect: table_to_be_fresh, column: updated_at, max_age: 36h}
usual: {expect: volume_to_be_usual, column: period_start}
told: {expect: volume_to_be_usual, column: period_start, day: 2026-03-01, time_zone: Asia/Tokyo}
"""
    fresh, usual, told = load_entries(write(text), time_zone="Europe/Berlin")["invoice_lines"]
    assert fresh.arguments["now"] == {"$PARAMETER": "extracted_at"}
    assert usual.arguments["day"] == {"$PARAMETER": "business_day"}
    assert usual.arguments["time_zone"] == "Europe/Berlin"
    assert (told.arguments["day"], told.arguments["time_zone"]) == ("2026-03-01", "Asia/Tokyo")
    assert fresh.description == "the newest updated_at must be at most 36h old"


def test_a_bound_may_be_what_is_known_at_each_run(write: Write) -> None:
    entry = one(
        write(
            "recent: {expect: column_max_to_be_between, column: period_start, min_value: {$PARAMETER: business_day}}"
        )
    )
    assert entry.arguments["min_value"] == {"$PARAMETER": "business_day"}
    assert entry.description == "the max of period_start must be at least business day"


def test_a_column_that_only_the_source_has_is_named_as_such(write: Write) -> None:
    text = "codes: {expect: column_values_to_match_regex, column: discount_code, regex: '^SAVE', source_column: true}"
    entry = one(write(text))
    assert entry.arguments == {"column": "discount_code", "regex": "^SAVE"}
    assert fault(write(text.replace(", source_column: true", ""))) == (
        "invoice_lines.yaml:1: codes: the contract has no column discount_code; did you mean discount_kind?"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            "expect: column_values_to_match_regexp, column: kind",
            "no expectation is called column_values_to_match_regexp; did you mean column_values_to_match_regex?",
        ),
        (
            "expect: table_to_reconcile_with_source, row_count: 3",
            "table_to_reconcile_with_source is not for entries: every table is held to it already",
        ),
        ("expect: 7", "no expectation is called 7"),
        ("expects: column_to_exist, column: kind", "no field is called expects; did you mean expect?"),
        (
            "expect: column_values_to_be_unique, colum: kind, column: tax",
            "column_values_to_be_unique takes no colum; did you mean column?",
        ),
        (
            "expect: column_to_exist, column: kind, qqq: 1",
            "column_to_exist takes no qqq; it takes expect, column, column_index, severity, note, source_column",
        ),
        ("expect: column_to_exist", "column_to_exist needs column"),
        ("expect: column_values_to_match_regex, column: kind", "column_values_to_match_regex needs regex"),
        (
            "expect: column_values_to_be_between, column: amount",
            "column_values_to_be_between needs min_value or max_value",
        ),
        (
            "expect: column_values_to_be_between, column: amount, min_value: 2, max_value: 1",
            "2 is above max_value, 1: no value is between",
        ),
        (
            "expect: column_values_to_not_be_null, column: amuont",
            "the contract has no column amuont; did you mean amount?",
        ),
        (
            "expect: column_values_to_not_be_null, column: zzzzzzz",
            "the contract has no column zzzzzzz; for a column that only the source has, say `source_column: true`",
        ),
        (
            "expect: compound_columns_to_be_unique, column_list: [invoice_id, line_on]",
            "the contract has no column line_on; did you mean line_id?",
        ),
        (
            "expect: compound_columns_to_be_unique, column_list: invoice_id",
            "column_list = 'invoice_id': expected a list of texts",
        ),
        (
            "expect: column_values_to_not_be_null, column: amount, severity: critcal",
            "severity = 'critcal': expected critical or warning; did you mean critical?",
        ),
        (
            "expect: column_values_to_not_be_null, column: amount, mostly: 0",
            "mostly = 0: expected a number above 0 to 1",
        ),
        (
            "expect: column_values_to_not_be_null, column: amount, mostly: 99.9",
            "mostly = 99.9: expected a number above 0 to 1",
        ),
        (
            "expect: column_values_to_not_be_null, column: amount, mostly: true",
            "mostly = True: expected a number above 0 to 1",
        ),
        (
            "expect: column_values_to_be_unique, column: amount, mostly: 0.9",
            "column_values_to_be_unique takes no mostly: it is kept or it is not",
        ),
        (
            "expect: table_row_count_to_equal, value: 7, mostly: 0.9",
            "table_row_count_to_equal takes no mostly: it is kept or it is not",
        ),
        ("expect: table_row_count_to_equal, value: 7.5", "value = 7.5: expected a whole number"),
        ("expect: table_row_count_to_equal, value: yes", "value = 'yes': expected a whole number"),
        (
            "expect: table_row_count_to_be_between, min_value: {$PARAMETER: extracted_at}",
            "min_value: expected a whole number",
        ),
        (
            "expect: column_max_to_be_between, column: updated_at, min_value: {$PARAMETER: busines_day}",
            "min_value: expected a parameter: extracted_at, previous_extracted_at, business_day; did you mean business_day?",
        ),
        (
            "expect: column_max_to_be_between, column: updated_at, min_value: 2026-02-30",
            (
                "min_value = '2026-02-30': expected a number, a day such as 2026-10-17, "
                "an instant such as 2026-10-17T03:00:00Z or {$PARAMETER: <name>}"
            ),
        ),
        (
            "expect: column_max_to_be_between, column: updated_at, min_value: 5",
            "updated_at is an instant: it cannot be compared with 5",
        ),
        (
            "expect: column_values_to_be_in_set, column: kind, value_set: [1, 2]",
            "kind is text: it cannot be compared with 1",
        ),
        (
            "expect: column_values_to_be_in_set, column: kind, value_set: [1, two]",
            "value_set: expected a list of texts or a list of numbers",
        ),
        (
            "expect: column_values_to_match_regex, column: amount, regex: '^1'",
            "expected a column of text; amount is an amount with at most 4 decimals",
        ),
        (
            "expect: column_values_to_match_regex, column: kind, regex: '(a'",
            "expected a regular expression: missing ), unterminated subpattern at position 0",
        ),
        (
            "expect: column_values_to_match_regex_list, column: kind, regex_list: [a, '*']",
            "expected a regular expression: nothing to repeat at position 0",
        ),
        (
            "expect: column_values_to_exist_in, column: plan_id, reference: plan, reference_column: plan_id",
            "reference = 'plan': expected customers, plans, ",
        ),
        (
            "expect: column_values_to_exist_in, column: plan_id, reference: plans, reference_column: plan",
            "plans has no column plan; did you mean plan_id?",
        ),
        (
            "expect: column_values_to_exist_in, column: plan_id, reference: plans, reference_column: name",
            "expected the key of plans: plan_id",
        ),
        ("expect: rows_to_satisfy, rule: amount >>> 1", "expected a condition in SQL: "),
        ("expect: rows_to_satisfy, rule: ' '", "expected a condition in SQL: "),
        (
            "expect: rows_to_satisfy, rule: sum(amount) > 0",
            "expected a condition on each row; this one is on the whole table",
        ),
        (
            "expect: column_max_to_be_between, column: proration, max_value: 1",
            "proration is yes or no: it cannot be compared with 1",
        ),
        (
            "expect: column_values_to_be_in_set, column: period_start, value_set: [soon]",
            "period_start is an instant: it cannot be compared with 'soon'",
        ),
        (
            "expect: column_values_to_be_null, column: tax, row_condition: {column: kind, operator: ==, value: true}",
            "kind is text: it cannot be compared with True",
        ),
        (
            "expect: rows_to_satisfy, rule: amuont > 1",
            "the contract has no column amuont; did you mean amount?",
        ),
        (
            "expect: rows_to_satisfy, rule: amount + 1",
            "expected a condition, which is true or false of a row; this is an amount with at most 4 decimals",
        ),
        (
            "expect: table_to_be_fresh, column: updated_at, max_age: 1 day",
            "max_age = '1 day': expected text such as 36h",
        ),
        (
            "expect: volume_to_be_usual, column: period_start, time_zone: Europe/Berln",
            "no time zone is called Europe/Berln; did you mean Europe/Berlin?",
        ),
        (
            "expect: column_values_to_not_be_null, column: tax, row_condition: {column: kynd, operator: ==, value: usage}",
            "the contract has no column kynd; did you mean kind?",
        ),
        (
            "expect: column_values_to_not_be_null, column: tax, row_condition: {column: kind, operator: =, value: usage}",
            "row_condition: operator: expected ==, !=, <, <=, >, >=, in, not_in, is_null or is_not_null",
        ),
        (
            "expect: column_values_to_not_be_null, column: tax, row_condition: [{column: kind, op: is_null}]",
            "row_condition: no field is called op; expected operator",
        ),
        (
            "expect: column_values_to_not_be_null, column: tax, row_condition: kind = 'usage'",
            "row_condition = \"kind = 'usage'\": expected a mapping with column, operator or a list",
        ),
        (
            "expect: column_values_to_not_be_null, column: tax, row_condition: {column: kind, operator: is_null, value: 1}",
            "is_null takes no value",
        ),
        (
            "expect: column_values_to_not_be_null, column: tax, row_condition: {column: kind, operator: ==}",
            "== takes a value",
        ),
        (
            "expect: column_values_to_not_be_null, column: tax, row_condition: {column: kind, operator: in, value: usage}",
            "in takes a list of numbers or a list of texts",
        ),
        (
            "expect: column_values_to_not_be_null, column: tax, row_condition: {column: kind, operator: ==, value: 1}",
            "kind is text: it cannot be compared with 1",
        ),
        ("mostly: 0.5", "without `expect` an entry changes a rule of the contract, and none is called so"),
    ],
)
def test_what_is_wrong_with_an_entry_is_told_in_a_sentence(write: Write, fields: str, message: str) -> None:
    assert fault(write(f"odd: {{{fields}}}")).startswith(f"invoice_lines.yaml:1: odd: {message}")


@pytest.mark.parametrize(
    "expected",
    [
        "expect: column_values_to_match_regex, column: email, regex: '@'",
        "expect: column_pair_values_to_be_equal, column_A: country, column_B: email",
        "expect: rows_to_satisfy, rule: email <> country",
    ],
)
def test_values_of_personal_columns_are_never_shown(write: Write, expected: str) -> None:
    folder = write(f"shown: {{{expected}, show_values: true}}", "customers")
    assert fault(folder) == "customers.yaml:1: shown: email is personal: its values are never shown"
    [entry] = load_entries(write(f"shown: {{{expected}}}", "customers"))["customers"]
    assert not entry.shows_values


@pytest.mark.parametrize("name", ["2nd", "line-total", "total amount", "ümlaut", "a.b"])
def test_a_name_is_letters_digits_and_underscores(write: Write, name: str) -> None:
    told = fault(write(f"{name}: {{expect: column_to_exist, column: tax}}"))
    assert told == (
        f"invoice_lines.yaml:1: {name}: expected a name of letters, digits and _, which does not start with a digit"
    )


def test_an_expectation_may_not_have_the_name_of_a_rule_of_the_contract(write: Write) -> None:
    told = fault(write("tax_is_set: {expect: column_values_to_not_be_null, column: tax}"))
    assert told.endswith(
        "tax_is_set: the contract has a rule of this name: choose another, or leave out `expect` to change the rule"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            "tax_is_sat: {mostly: 0.9}",
            "tax_is_sat: without `expect` an entry changes a rule of the contract, and none is",
        ),
        ("tax_is_set: {severity: info}", "tax_is_set: severity = 'info': expected critical or warning"),
        (
            "tax_is_set: {severity: warning}",
            "tax_is_set: the tables rely on this rule: rows that break it cannot stay",
        ),
        ("tax_is_set: {mostly: 2}", "tax_is_set: mostly = 2: expected a number above 0 to 1"),
        (
            "tax_is_set: {column: tax}",
            "tax_is_set: the change of a rule takes no column; it takes severity, mostly, note",
        ),
        ("key_is_unique: {mostly: 0.9}", "key_is_unique: this rule takes no mostly: it is kept or it is not"),
        ("tax_is_set:", "tax_is_set: expected `expect:` with its arguments, or what is changed of a rule"),
        (
            "tax_is_set: 0.9",
            "tax_is_set: expected `expect:` with its arguments, or what is changed of a rule",
        ),
    ],
)
def test_what_is_wrong_with_a_change_is_told_in_a_sentence(write: Write, change: str, message: str) -> None:
    assert fault(write(change)).startswith(f"invoice_lines.yaml:1: {message}")


def test_a_name_that_stands_twice_is_told_with_both_lines(write: Write) -> None:
    told = faults(
        write("""first: {expect: column_to_exist, column: tax}
second:
  expect: column_to_exist
  column: tax
  column: kind
first: {expect: column_to_exist, column: kind}
""")
    )
    assert told == [
        "invoice_lines.yaml:5: `column` stands here and in line 4: each name may stand once",
        "invoice_lines.yaml:6: `first` stands here and in line 1: each name may stand once",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- expect: column_to_exist", "1: expected entries by name, such as `fresh:`"),
        ("a: {expect: [}", "1: expected YAML, found a mistake: "),
        ("a: {b: 1}\n c: 2", "2: expected YAML, found a mistake: "),
        ("a: {b: 1}\n---\nc: {d: 1}", "2: expected YAML, found a mistake: "),
        ("a: {b: !!python/name:os.system 1}", "1: expected YAML, found a mistake: "),
        ("a: &a {b: *a}", "1: expected YAML, found a mistake: "),
    ],
)
def test_a_file_that_is_not_yaml_is_told_with_the_line(write: Write, text: str, message: str) -> None:
    assert fault(write(text)).startswith(f"invoice_lines.yaml:{message}")


def test_a_file_that_cannot_be_read_as_text_is_told(write: Write) -> None:
    folder = write("")
    (folder / "invoice_lines.yaml").write_bytes(b"\xff\xfe\x00")
    assert fault(folder).startswith("invoice_lines.yaml: cannot be read: ")
    (folder / "invoice_lines.yaml").write_bytes(b"a: \x07")
    assert fault(folder).startswith("invoice_lines.yaml: expected YAML, found a mistake: ")


def test_a_file_is_called_as_its_table(write: Write) -> None:
    folder = write("", "invoice_line")
    write("", "zzz")
    write("", "plans", ".yml")
    assert faults(folder) == [
        "invoice_line.yaml: no raw table is called invoice_line; did you mean invoice_lines?",
        "plans.yml: expected a file called plans.yaml",
        (
            "zzz.yaml: no raw table is called zzz; there are customers, plans, subscriptions, subscription_items, invoices, "
            "invoice_lines, refunds, fx_rates, survey_responses, referrals, interactions, support_tickets, loyalty_events, "
            "advocacy_activities, retention_costs, social_posts"
        ),
    ]


def test_all_faults_of_all_files_are_told_at_once_where_they_stand(write: Write) -> None:
    write("a: {expect: column_to_exist, column: nmae}", "customers")
    told = faults(
        write("""good: {expect: column_to_exist, column: tax}
bad:
  expect: column_values_to_be_between
  column: amuont
  min_value: 2
  max_value: 1
worse: {expect: nothing}
""")
    )
    assert [line.split(": ")[:2] for line in told] == [
        ["customers.yaml:1", "a"],
        ["invoice_lines.yaml:4", "bad"],
        ["invoice_lines.yaml:5", "bad"],
        ["invoice_lines.yaml:7", "worse"],
    ]


def test_wrong_expectations_end_a_command_as_wrong_settings_do(
    write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write("a: {expect: nothing}")
    with pytest.raises(SystemExit) as end, said():
        load_entries(folder)
    assert end.value.code == 2
    assert "invoice_lines.yaml:1: a: no expectation is called nothing" in capsys.readouterr().err


def test_reading_them_does_not_import_great_expectations(write: Write) -> None:
    folder = write("a: {expect: column_values_to_match_regex, column: kind, regex: '^[a-z_]+$'}")
    code = (
        "import sys; from pathlib import Path; from loyalty_pipeline.validation.entries import load_entries; "
        f"print(load_entries(Path({str(folder)!r}))['invoice_lines'][0].description); "
        "sys.exit('great_expectations' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "values of kind must match regex ^[a-z_]+$\n"), done.stderr


def test_the_examples_of_the_manual_are_right(write: Write) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "expectations.md").read_text("utf-8")
    examples = [part.partition("```")[0] for part in manual.split("```yaml\n")[1:]]
    tables = ["refunds", "invoice_lines", "invoice_lines", "invoices", "invoice_lines"]
    names = [
        [entry.name for entry in load_entries(write(text, table))[table]]
        for text, table in zip(examples, tables, strict=True)
    ]
    assert names == [
        ["big_refund", "fresh", "amount_can_be_read"],
        ["plan_of_recurring_lines"],
        ["amount_fits_discount"],
        ["billed_yesterday"],
        ["discount_code_form"],
    ]
    fault_shown = "line 5: big_refund: the contract has no column amuont; did you mean amount?"
    folder = write(examples[0].replace("column: amount", "column: amuont", 1), "refunds")
    assert fault_shown in manual
    assert fault(folder) == fault_shown.replace("line 5", "refunds.yaml:5")
