"""Row conditions as text: pandas' `query` syntax, and `col("name") > 3`, which Great Expectations had before."""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from great_expectations.expectations.legacy_row_conditions import ConditionParserError

from loyalty_pipeline.validation.gx_polars.literals import COMPARISONS, compared, members

TOKENS = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|`([^`]+)`|([&|])""")
"""Text, names in backticks, and the signs that bind weaker in pandas than in Python."""
OPERATORS = {ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">="}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
NULLNESS = {"isnull": True, "isna": True, "notnull": False, "notna": False}


def parsed(text: str, schema: Mapping[str, pl.DataType]) -> pl.Expr:
    """A condition as an expression, which is null where a compared value is.

    Comparisons of columns with values and each other, `in`, `and`, `or`, `not` and `isnull()` are understood; everything else
    raises `ConditionParserError`.
    """
    quoted: dict[str, str] = {}

    def replace(token: re.Match[str]) -> str:
        literal, name, sign = token.groups()
        if literal or sign:
            return literal or {"&": " and ", "|": " or "}[sign]
        return quoted.setdefault(name, f"_quoted_{len(quoted)}_")

    try:
        tree = ast.parse(TOKENS.sub(replace, text).strip(), mode="eval").body
        names = {placeholder: name for name, placeholder in quoted.items()}
        return _Reader(schema, names).condition(tree)
    except (SyntaxError, _Unreadable) as error:
        message = f"row_condition {text!r} is not understood: {error}"
        raise ConditionParserError(message) from error


class _Unreadable(Exception):
    """Something in a text that has no meaning here."""


@dataclass(frozen=True)
class _Reader:
    schema: Mapping[str, pl.DataType]
    quoted: Mapping[str, str]

    def condition(self, node: ast.expr) -> pl.Expr:
        """What chooses rows."""
        match node:
            case ast.BoolOp(op=ast.And(), values=parts):
                return pl.all_horizontal([self.condition(part) for part in parts])
            case ast.BoolOp(op=ast.Or(), values=parts):
                return pl.any_horizontal([self.condition(part) for part in parts])
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return ~self.condition(operand)
            case ast.Compare(left=left, ops=operators, comparators=others):
                sides = [left, *others]
                pairs = zip(sides, operators, others, strict=False)
                return pl.all_horizontal([self._comparison(*pair) for pair in pairs])
            case ast.Call(func=ast.Attribute(value=value, attr=method), args=arguments):
                return self._call(value, method, arguments)
        if self._name(node) and self.schema[self._column(node)] == pl.Boolean:
            return pl.col(self._column(node))
        message = f"{ast.unparse(node)!r} is no condition"
        raise _Unreadable(message)

    def _comparison(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> pl.Expr:
        if isinstance(operator, ast.In | ast.NotIn):
            found = self._contained(left, self._value(right))
            return found if isinstance(operator, ast.In) else ~found
        sign = OPERATORS.get(type(operator))
        if sign is None:
            message = "only ==, !=, <, <=, >, >= and in compare"
            raise _Unreadable(message)
        if self._name(left) and self._name(right):
            outcome: pl.Expr = getattr(pl.col(self._column(left)), COMPARISONS[sign])(
                pl.col(self._column(right))
            )
            return outcome
        if self._name(right):
            left, right, sign = right, left, MIRRORED.get(sign, sign)
        name, value = self._column(left), self._value(right)
        if isinstance(value, list | tuple) and sign in {"==", "!="}:
            found = self._contained(left, value)
            return found if sign == "==" else ~found
        return compared(pl.col(name), sign, value, self.schema[name])

    def _contained(self, column: ast.expr, values: Any) -> pl.Expr:
        name = self._column(column)
        if not isinstance(values, list | tuple | set):
            message = f"{values!r} is no list"
            raise _Unreadable(message)
        return pl.col(name).is_in(members(values, self.schema[name]))

    def _call(self, value: ast.expr, method: str, arguments: list[ast.expr]) -> pl.Expr:
        name = self._column(value)
        if method in NULLNESS and not arguments:
            return pl.col(name).is_null() if NULLNESS[method] else pl.col(name).is_not_null()
        if method == "isin" and len(arguments) == 1:
            return self._contained(value, self._value(arguments[0]))
        message = f"{method!r} is not one of {[*NULLNESS, 'isin']}"
        raise _Unreadable(message)

    def _name(self, node: ast.expr) -> str | None:
        match node:
            case ast.Name(id=name):
                return self.quoted.get(name, name)
            case ast.Call(func=ast.Name(id="col"), args=[ast.Constant(value=str(name))]):
                return name
        return None

    def _column(self, node: ast.expr) -> str:
        name = self._name(node)
        if name is None or name not in self.schema:
            message = f"{name or ast.unparse(node)!r} is not a column"
            raise _Unreadable(message)
        return name

    def _value(self, node: ast.expr) -> Any:
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "date"
            and len(node.args) == 1
        ):
            node = node.args[0]
        try:
            return ast.literal_eval(node)
        except ValueError:
            message = f"{ast.unparse(node)!r} is no value"
            raise _Unreadable(message) from None
