"""The examples in the docstrings of Great Expectations' core expectations, as data.

Each has a table ("Example Data"), and cases of an expectation ("Input") with its result ("Output").
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import great_expectations.expectations as gxe
import polars as pl
from great_expectations.expectations.expectation import Expectation

CASES = re.compile(r"(Passing|Failing) Case:\s*Input:(.*?)Output:\s*(\{.*?)(?=Failing Case:|\Z)", re.DOTALL)
CALL = re.compile(r"\w+\(.*\)", re.DOTALL)
CELL = re.compile(r'"[^"]*"|\S+')
ROW = re.compile(r"^\s*\d+\s")
MISSING = {"NaN", "None", "null"}


OF_TYPED_COLUMNS = {"ExpectColumnValuesToBeOfType", "ExpectColumnValuesToBeInTypeList"}
"""What they document is the result on columns of Python objects; elsewhere it is the column's type. (Counts of values are
promised up to 1.15, and told by no engine.)"""


@dataclass(frozen=True)
class Documented:
    """One case: the arguments, and the result that is promised."""

    kind: type[Expectation]
    number: int
    frame: pl.DataFrame
    arguments: dict[str, Any]
    success: bool
    result: dict[str, Any]

    @property
    def name(self) -> str:
        """The expectation, and which of its cases it is."""
        return f"{self.kind.__name__} {self.number}"


def documented() -> Iterator[Documented]:
    """All cases that the installed version documents. Raises `ValueError` or `SyntaxError` where they cannot be read."""
    for name in sorted(dir(gxe)):
        kind = getattr(gxe, name)
        text = corrected(name, (kind.__doc__ or "") if name.startswith("Expect") else "")
        if "Example Data:" not in text or "test_table_two" in text:
            continue  # The latter documents several tables.
        frame = table(text[text.index("Example Data:") : re.search("(Passing|Failing) Case:", text).start()])
        for number, (_, call, output) in enumerate(CASES.findall(text), start=1):
            promised = json.loads(_as_json(output))
            outdated = name in OF_TYPED_COLUMNS or '"value_counts"' in output
            result = {} if outdated else promised.get("result", {})
            yield Documented(kind, number, frame, arguments(call), promised["success"], result)


def table(text: str) -> pl.DataFrame:
    """The table of an "Example Data" section."""
    lines = [line for line in text.splitlines()[1:] if line.strip()]
    first = next(number for number, line in enumerate(lines) if ROW.match(line))
    names = lines[first - 1].split()
    rows = [CELL.findall(line)[1:] for line in lines[first:] if ROW.match(line)]
    columns = {name: [_value(row[place]) for row in rows] for place, name in enumerate(names)}
    return pl.DataFrame(columns, strict=False)


def arguments(call: str) -> dict[str, Any]:
    """The keyword arguments of an "Input" section."""
    parsed = ast.parse(CALL.search(call)[0].strip(), mode="eval").body
    assert isinstance(parsed, ast.Call)
    return {str(given.arg): ast.literal_eval(given.value) for given in parsed.keywords}


def _value(cell: str) -> Any:
    if cell in MISSING:
        return None
    if cell in {"True", "False"}:
        return cell == "True"
    try:
        return float(cell) if "." in cell else int(cell)
    except ValueError:
        return cell.strip('"')


def _as_json(text: str) -> str:
    without_commas = re.sub(r",(\s*[}\]])", r"\1", text)
    return re.sub(r"(?<=[\s:\[])\.(\d)", r"0.\1", without_commas)


def corrected(name: str, text: str) -> str:
    """A docstring in polars' terms, without its slips of the pen."""
    for wrong, right in [*SLIPS.get(name, []), *DIALECTS.get(name, [])]:
        assert re.search(wrong, text), f"{name} no longer says {wrong}"
        text = re.sub(wrong, right, text)
    return text


SLIPS: dict[str, list[tuple[str, str]]] = {
    "ExpectColumnPairValuesToBeInSet": [(r"\(1,2\) \(4,1\)", "(1,2), (4,1)")],
    # A second column has no name, and a quantile is not the one that was asked for.
    "ExpectColumnQuantileValuesToBeBetween": [
        (r"(Example Data:\s*test)\n", r"\1 test2\n"),
        ("0.6667", "0.667"),
    ],
    "ExpectColumnValuesToBeUnique": [(r'(66\.6+\d*\s*\},\s*"meta": \{\},\s*"success": )true', r"\1false")],
    # Two results are those of the other column; the second is also of the other rows.
    "ExpectColumnValuesToMatchRegexList": [(r'"bcc",\s*"bdd"\s*\]', '"aaa", "abb", "acc"]')],
    "ExpectColumnValuesToNotMatchRegexList": [
        (r'\[\s*"abc",\s*\]', '["bcc", "bdd"]'),
        ('"unexpected_count": 1', '"unexpected_count": 2'),
        (r"33\.3+", "66.66666666666666"),
    ],
    # An index was read as a column, and positions count from 0.
    "ExpectTableColumnsToMatchOrderedList": [
        (r'"Unnamed: 0",', ""),
        ('Position": 1', 'Position": 0'),
        ('Position": 2', 'Position": 1'),
        ('Position": 3', 'Position": 2'),
    ],
}
"""What the docstrings of 1.15.2 to 1.24.1 say against what Great Expectations' own engines do."""

TYPES = [("INTEGER|NUMBER", "Int64"), ("FLOAT|DOUBLE", "Float64"), ("STRING", "String")]
PREFIXES = [(r"\[(\w+)\]%", r"\1%")]
DIALECTS: dict[str, list[tuple[str, str]]] = {
    "ExpectColumnTypeToBe": TYPES[:2],
    "ExpectColumnValuesToBeOfType": TYPES[:2],
    "ExpectColumnValuesToBeInTypeList": TYPES,
    "ExpectColumnValuesToMatchLikePattern": PREFIXES,
    "ExpectColumnValuesToMatchLikePatternList": PREFIXES,
    "ExpectColumnValuesToNotMatchLikePattern": PREFIXES,
    "ExpectColumnValuesToNotMatchLikePatternList": PREFIXES,
}
"""Types and patterns as other databases write them."""
