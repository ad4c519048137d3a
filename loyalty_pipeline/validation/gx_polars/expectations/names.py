"""Names that a suite gets wrong: the error says which there are, and which was meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def known(name: str, names: Iterable[str], what: str) -> str:
    """The name. Raises `ValueError` when it is not one of the names; `what` are the words before it."""
    there = list(names)
    if name in there:
        return name
    close = get_close_matches(name, there, n=1)
    hint = (
        f"did you mean {close[0]!r}?"
        if close
        else f"there are {sorted(there)}"
        if there
        else "there are none"
    )
    message = f"there is no {what} {name!r}: {hint}"
    raise ValueError(message)
