"""A table function read as data: what it makes, month by month or at once, and what it reads."""

import ast
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import getdoc, signature
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import polars as pl

from loyalty_pipeline.contract import Sharded, Table
from loyalty_pipeline.lake.manifest import digest_of
from loyalty_pipeline.periods import Window

PACKAGE = __name__.partition(".")[0]
TableFunction = Callable[..., pl.LazyFrame]


@dataclass(frozen=True)
class Read:
    """One parameter that is a table, and how far it reaches."""

    parameter: str
    table: str
    reach: str
    contract: type[Table]
    is_raw: bool

    @property
    def is_sharded(self) -> bool:
        """Whether a task of one shard reads that shard only."""
        return issubclass(self.contract, Sharded)


@dataclass(frozen=True)
class Specification:
    """A table of the lake.

    `unit` is what one task makes: `month` of business time, `home` month in which raw rows are filed, or
    the `whole` table. A split table's task makes rows of several months. A sharded table has a file for each shard of a
    month, and where its unit is the month also a task.
    """

    function: TableFunction
    contract: type[Table]
    reads: tuple[Read, ...]
    settings: tuple[str, ...]
    unit: str
    is_split: bool
    code: str
    is_sharded: bool = False

    @property
    def name(self) -> str:
        """The table is named like its function."""
        return self.function.__name__

    @property
    def needs(self) -> tuple[str, ...]:
        """The raw tables without any of which there is nothing to tell."""
        return self.contract.needs

    @property
    def description(self) -> str:
        """What one row is, then how it comes about."""
        return f"{getdoc(self.contract)}\n\n{getdoc(self.function)}"


def specify(functions: Sequence[TableFunction], raw: dict[str, type[Table]]) -> dict[str, Specification]:
    """The tables that some functions make, in the order given, which must be one in which they can be computed."""
    names = {_contract(function): function.__name__ for function in functions}
    raw_names = {contract: name for name, contract in raw.items()}
    return {function.__name__: _specification(function, names, raw_names) for function in functions}


def _specification(
    function: TableFunction, names: dict[type[Table], str], raw_names: dict[type[Table], str]
) -> Specification:
    hints = get_type_hints(function, include_extras=True)
    reads, settings, takes_window = [], [], False
    for parameter in signature(function).parameters:
        contract, reach = _reach(hints[parameter])
        if hints[parameter] is Window:
            takes_window = True
        elif contract is not None:
            table = raw_names.get(contract) or names[contract]
            reads.append(Read(parameter, table, reach, contract, contract in raw_names))
        elif reach == "counted until":
            reads.append(Read(parameter, "", reach, Table, is_raw=False))
        else:
            settings.append(parameter)
    _, kind = _reach(hints["return"])
    unit = "month" if takes_window else "home" if any(read.reach == "same" for read in reads) else "whole"
    return Specification(
        function,
        _contract(function),
        tuple(reads),
        tuple(settings),
        unit,
        kind == "by month",
        code_digest(function.__module__),
        issubclass(_contract(function), Sharded),
    )


def _contract(function: TableFunction) -> type[Table]:
    contract, _ = _reach(get_type_hints(function, include_extras=True)["return"])
    if contract is None:
        message = f"{function.__name__} does not say which table it returns"
        raise TypeError(message)
    return contract


def _reach(hint: Any) -> tuple[type[Table] | None, str]:
    frame, reach = (get_args(hint)[0], get_args(hint)[1]) if get_origin(hint) is Annotated else (hint, "same")
    while len(inside := get_args(frame)) == 1:
        (frame,) = inside
    is_contract = isinstance(frame, type) and issubclass(frame, Table)
    return (frame if is_contract else None), str(reach)


@cache
def code_digest(module: str) -> str:
    """Digest of a module's statements and of all it imports from this package; docstrings and comments aside.

    Also of the versions of the libraries they import: a new one may round, order or fit differently.
    """
    modules, found = [module], {module}
    for name in modules:
        fresh = _imports(name) - found
        modules.extend(sorted(fresh))
        found |= fresh
    libraries = {f"{root}=={sys.modules[root].__version__}" for name in found for root in _libraries(name)}
    return digest_of(*sorted(libraries), *(_statements(name) for name in sorted(found)))


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse(Path(str(sys.modules[module].__file__)).read_text())


@cache
def _statements(module: str) -> str:
    tree = _tree(module)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and _is_text(body[0]):
            del body[0]
    return re.sub(r"\s+", " ", ast.dump(tree))


def _is_text(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _imports(module: str) -> set[str]:
    return {name for name in _named(module) if name.startswith(f"{PACKAGE}.") and name in sys.modules}


def _libraries(module: str) -> set[str]:
    # What a function imports when it is called is there in one process and not in another.
    roots = {name.partition(".")[0] for name in _named(module, is_top=True)}
    return {root for root in roots if hasattr(sys.modules.get(root), "__version__")}


@cache
def _named(module: str, *, is_top: bool = False) -> set[str]:
    """The modules that one names, anywhere or by the statements of its first level."""
    named, tree = set(), _tree(module)
    for node in tree.body if is_top else ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return named
