"""What the made-up company's data engineers expect beyond the contracts: an example to begin with."""

from pathlib import Path

FILES = {
    "customers": """\
# What we know of customers beyond the contract. One entry is one check; `loyalty doctor` looks for mistakes.
created_in_our_time:
  expect: column_values_to_be_between
  column: created_at
  min_value: 2015-01-01
  severity: warning            # told, but the rows stay
  note: The company was founded in 2015.
""",
    "invoices": """\
total_is_plausible:
  expect: column_values_to_be_between
  column: total
  min_value: -100000
  max_value: 100000
  row_condition: {column: currency, operator: "==", value: EUR}
  severity: warning
  note: The head of finance signs what is larger.

invoiced_for_a_while:
  expect: column_max_to_be_between
  column: issued_at
  max_value: {$PARAMETER: extracted_at}
  severity: warning
  note: An invoice is not issued before its time.
""",
    "invoice_lines": """\
credit_is_a_proration:         # rows that break a critical expectation are set aside, with its name as the reason
  expect: rows_to_satisfy
  rule: amount >= 0 OR proration OR kind <> 'recurring'
  mostly: 0.99                 # more than this stops the night
  note: A recurring line is negative only where it gives back a part of an interval.
""",
}


def write_expectations(folder: Path) -> None:
    """One file a table, in the folder where the pipeline looks for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, text in FILES.items():
        (folder / f"{table}.yaml").write_text(text, encoding="utf-8")
