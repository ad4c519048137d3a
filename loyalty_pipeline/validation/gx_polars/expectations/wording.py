"""An expectation's description in words, for people."""

import re
from typing import Any

from great_expectations.expectations.expectation import Expectation
from great_expectations.render.renderer_configuration import RendererConfiguration, RendererValueType

Rendering = RendererConfiguration[Any]
"""What a description is made into."""


def worded(expectation: type[Expectation], configuration: Rendering, template: str) -> Rendering:
    """The configuration with a template whose every `$name` is an argument of the expectation, or its default."""
    defaults = {name: field.default for name, field in expectation.__fields__.items()}
    arguments = {**defaults, **configuration.kwargs}
    for name in re.findall(r"\$(\w+)", template):
        configuration.add_param(
            name=name, param_type=RendererValueType.STRING, value=_text(arguments.get(name))
        )
    mostly = arguments.get("mostly")
    if isinstance(mostly, int | float) and mostly < 1:
        configuration.add_param(
            name="mostly_pct", param_type=RendererValueType.STRING, value=f"{mostly * 100:g}"
        )
        template += ", at least $mostly_pct % of the time"
    configuration.template_str = f"{template}."
    return configuration


def _text(value: Any) -> Any:
    if isinstance(value, dict) and "$PARAMETER" in value:
        return value
    if isinstance(value, dict):
        return ", ".join(f"{name}: {said}" for name, said in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
