"""Whether a value is of the form that its schema asks for, in words that a person can act on."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from typing import Any

from loyalty_pipeline.validation.entries.vocabulary import PARAMETER, PARAMETERS, Schema, near, schema

WORDS = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "nothing",
}
LISTS = {"string": "a list of texts", "number": "a list of numbers", "integer": "a list of whole numbers"}
FORMATS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "date": ("a day such as 2026-10-17", date.fromisoformat),
    "date-time": ("an instant such as 2026-10-17T03:00:00Z", datetime.fromisoformat),
}


def wrong(value: Any, expected: Schema) -> str:
    """What was expected instead of the value; empty where it fits."""
    if isinstance(value, dict) and PARAMETER in value and _takes_parameters(expected):
        name = value[PARAMETER]
        unknown = name not in PARAMETERS
        return f"expected a parameter: {', '.join(PARAMETERS)}{near(name, PARAMETERS)}" if unknown else ""
    if fits(value, expected):
        return ""
    if inner := _wrong_inside(value, expected):
        return inner
    options = _target(expected).get("enum")
    return f"expected {words(expected)}{near(value, map(str, options)) if options else ''}"


def _wrong_inside(value: Any, expected: Schema) -> str:
    """What is wrong with a part of a mapping, or of a mapping in a list, where one is expected; else empty."""
    expected = _target(expected)
    for option in map(_target, expected.get("anyOf", [expected])):
        if isinstance(value, list) and "items" in option:
            return next(filter(None, (_wrong_inside(item, option["items"]) for item in value)), "")
        if isinstance(value, dict) and PARAMETER not in (parts := option.get("properties", {PARAMETER: ""})):
            unknown = [f"no field is called {name}{near(name, parts)}" for name in value if name not in parts]
            missing = [f"expected {name}" for name in option.get("required", ()) if name not in value]
            found = {name: wrong(value[name], part) for name, part in parts.items() if name in value}
            told = [f"{name}: {message}" for name, message in found.items() if message]
            return "; ".join([*unknown, *missing, *told])
    return ""


def fits(value: Any, expected: Schema) -> bool:
    """Whether the value has the form."""
    expected = _target(expected)
    if "anyOf" in expected:
        return any(fits(value, part) for part in expected["anyOf"])
    if "enum" in expected:
        return any(value == option and type(value) is type(option) for option in expected["enum"])
    kind = expected.get("type")
    return kind is None or (_is(value, kind) and CHECKS.get(kind, _any)(value, expected))


def named(value: Any, expected: Schema, kind: str) -> Iterator[str]:
    """The texts inside a fitting value that name something of a kind, such as a column."""
    if expected.get("$ref") == f"#/$defs/{kind}":
        yield str(value)
        return
    expected = _target(expected)
    if "anyOf" in expected:
        yield from named(value, next(part for part in expected["anyOf"] if fits(value, part)), kind)
    elif isinstance(value, list) and "items" in expected:
        for item in value:
            yield from named(item, expected["items"], kind)
    elif isinstance(value, dict):
        for name, part in expected.get("properties", {}).items():
            if name in value:
                yield from named(value[name], part, kind)


def words(expected: Schema) -> str:
    """The form in words, such as `a number or a day such as 2026-10-17`."""
    expected = _target(expected)
    if "anyOf" in expected:
        return _either([words(part) for part in expected["anyOf"]])
    if "enum" in expected:
        return _either([str(option) for option in expected["enum"]])
    if expected.get("type") == "array" and "items" in expected:
        return LISTS.get(_target(expected["items"]).get("type", ""), "a list")
    if "properties" in expected:
        return _mapping_words(expected)
    told = FORMATS.get(expected.get("format", ""), ("", str))[0]
    return told or WORDS.get(expected.get("type", ""), "a value") + _limits(expected)


def _mapping_words(expected: Schema) -> str:
    if PARAMETER in expected["properties"]:
        return f"{{{PARAMETER}: <name>}}"
    return f"a mapping with {', '.join(expected.get('required') or expected['properties'])}"


def _limits(expected: Schema) -> str:
    told = {"exclusiveMinimum": "above", "minimum": "from", "exclusiveMaximum": "below", "maximum": "to"}
    limits = [f"{word} {expected[limit]}" for limit, word in told.items() if limit in expected]
    length = " that is not empty" if expected.get("minLength") == 1 and "maxLength" not in expected else ""
    example = f" such as {expected['examples'][0]}" if "examples" in expected else ""
    return (" " + " ".join(limits) if limits else "") + length + example


def _either(parts: list[str]) -> str:
    distinct = list(dict.fromkeys(parts))
    return " or ".join([", ".join(distinct[:-1]), distinct[-1]] if len(distinct) > 1 else distinct)


def _target(expected: Schema) -> Schema:
    pointed = expected.get("$ref")
    return dict(schema()["$defs"][pointed.rpartition("/")[2]]) if pointed else expected


def _takes_parameters(expected: Schema) -> bool:
    return fits({PARAMETER: next(iter(PARAMETERS))}, expected)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if kind == "number":
        return isinstance(value, int | float)
    kinds = {"string": str, "integer": int, "array": list, "object": dict, "null": type(None)}
    return isinstance(value, kinds.get(kind, bool))


def _number_fits(value: float, expected: Schema) -> bool:
    return (
        expected.get("minimum", value) <= value <= expected.get("maximum", value)
        and ("exclusiveMinimum" not in expected or value > expected["exclusiveMinimum"])
        and ("exclusiveMaximum" not in expected or value < expected["exclusiveMaximum"])
    )


def _text_fits(value: str, expected: Schema) -> bool:
    if not expected.get("minLength", 0) <= len(value) <= expected.get("maxLength", len(value)):
        return False
    if "pattern" in expected and not re.search(expected["pattern"], value):
        return False
    try:
        FORMATS.get(expected.get("format", ""), ("", str))[1](value)
    except ValueError:
        return False
    return True


def _list_fits(value: list[Any], expected: Schema) -> bool:
    is_long = expected.get("minItems", 0) <= len(value) <= expected.get("maxItems", len(value))
    return is_long and all(fits(item, expected.get("items", {})) for item in value)


def _mapping_fits(value: Mapping[str, Any], expected: Schema) -> bool:
    parts = expected.get("properties", {})
    is_closed = expected.get("additionalProperties") is False
    return (
        set(expected.get("required", ())) <= value.keys()
        and not (is_closed and value.keys() - parts.keys())
        and all(fits(value[name], part) for name, part in parts.items() if name in value)
    )


def _any(_value: Any, _expected: Schema) -> bool:
    return True


CHECKS: dict[str, Callable[[Any, Schema], bool]] = {
    "number": _number_fits,
    "integer": _number_fits,
    "string": _text_fits,
    "array": _list_fits,
    "object": _mapping_fits,
}
