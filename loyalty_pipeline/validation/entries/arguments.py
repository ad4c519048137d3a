"""The schema of an argument of an expectation, made of what its class declares."""

import re

from loyalty_pipeline.validation.entries.vocabulary import Schema, pointer

COLUMNS = ("column", "column_A", "column_B", "column_list", "column_set", "key")
KIND_OF = {
    **dict.fromkeys(COLUMNS, "column"),
    "reference": "table",
    "regex": "regex",
    "regex_list": "regex",
    "rule": "sql",
    "max_age": "age",
    "time_zone": "time_zone",
}
"""Arguments whose text names something."""
OF_TEXT = re.compile("_match_(?!contract)|value_lengths|parseable")
"""Expectations whose column must hold text."""
OF_VALUES = re.compile("column_(values_to_be_between|max_|min_|median_)")
"""Expectations whose bounds are compared with the column's values."""
NEEDED = {
    "column_values_to_match_regex": ["regex"],
    "column_values_to_be_in_type_list": ["type_list"],
    "table_columns_to_match_set": ["column_set"],
    "table_columns_to_match_ordered_list": ["column_list"],
}
"""Arguments that their class lets one leave out, and without which nothing is expected."""
MOMENTS = {"now": "date-time", "day": "date"}
"""Moments that their class declares as text."""
SELF_EXPLAINED = [pointer(kind) for kind in ("sql", "table", "age")]
BOUNDS = ("min_value", "max_value")
INSTANTS = ("date", "date-time")
KEPT = (
    *("type", "enum", "format", "pattern", "minLength", "maxLength", "minItems", "maxItems"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
)


def argument_schema(name: str, argument: str, given: Schema, definitions: Schema) -> Schema:
    """What an expectation's argument may be, as an entry writes it. `given` is the class's own schema of it."""
    kind = "text_column" if argument == "column" and OF_TEXT.search(name) else KIND_OF.get(argument, "")
    made = _value(given, definitions, kind)
    if argument in MOMENTS:
        made = {"anyOf": [{"type": "string", "format": MOMENTS[argument]}]}
    if name.startswith("table_") and argument in BOUNDS and "anyOf" in made:
        made = _one_of([part for part in made["anyOf"] if part.get("format") not in INSTANTS])
    if any(part.get("format") in INSTANTS for part in made.get("anyOf", [])):
        made["anyOf"].append(pointer("parameter"))
    if argument == "value_set" or (argument in BOUNDS and OF_VALUES.match(name)):
        made["x-is-compared"] = True
    if argument == "column_list" and not name.startswith("table_"):
        made["minItems"] = 2
    is_told = given.get("description") and made not in SELF_EXPLAINED
    told = {"description": " ".join(given["description"].split())} if is_told else {}
    is_kept = given.get("default") is not None and argument not in NEEDED.get(name, [])
    return {**told, **made, **({"default": given["default"]} if is_kept else {})}


def _value(given: Schema, definitions: Schema, kind: str) -> Schema:
    """A value's schema without titles and examples. A bare object among several choices is Great Expectations' parameter."""
    if "$ref" in given:
        return _value(definitions[given["$ref"].rpartition("/")[2]], definitions, kind)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in given:
            parts = [_value(part, definitions, kind) for part in given[several] if part != {"type": "object"}]
            return _one_of(parts)
    if kind and given.get("type") == "string":
        return pointer(kind)
    made = {word: given[word] for word in KEPT if word in given}
    if made.get("enum"):
        made.pop("type", None)
    if isinstance(given.get("items"), dict) and given["items"]:
        made["items"] = _value(given["items"], definitions, kind)
    elif kind and given.get("type") == "array":
        made["items"] = pointer(kind)
    if "properties" in given:
        inner = {part: _value(value, definitions, kind) for part, value in given["properties"].items()}
        made |= {"properties": inner, "required": given.get("required", []), "additionalProperties": False}
    return made


def _one_of(parts: list[Schema]) -> Schema:
    flat = [inner for part in parts for inner in part.get("anyOf", [part])]
    distinct = [part for place, part in enumerate(flat) if part not in flat[:place]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}
