"""What an object store answers when something is wrong, in words that hold no secret.

What the libraries say has the request's address and the server's answer in it, and some servers repeat keys and signatures:
only the status and the server's own code for it are taken from there.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from loyalty_pipeline.faults import SourceError

MARKS = (
    "object-store error",
    "Error performing",
    "Generic S3 error",
    "Generic GCS",
    "Generic MicrosoftAzure",
)
"""One of these stands in whatever polars says about a store."""

ASKED_FOR_CREDENTIALS = ("169.254.169.254", "169.254.170.2", "metadata.google.internal")
"""Who is asked on the machines of a cloud, where the environment has none."""

ENVIRONMENT = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}
"""How the variables begin that each service reads."""


class Locked(Exception):
    """Another run holds the lock, or has taken it over."""


class StoreError(SourceError):
    """An object store that cannot be reached, or refuses."""


@contextmanager
def answering(place: str) -> Iterator[None]:
    """Turn what a library raises about a store into `StoreError`, or `FileNotFoundError` for an object that is not there.

    Everything else stays as it is.
    """
    try:
        yield
    except Exception as error:
        told = said_plainly(error, place)
        if told is None:
            raise
        raise told from None


def said_plainly(error: Exception, place: str) -> Exception | None:
    """What to raise instead; None for what is not about a store, or is plain already."""
    text = str(error)
    is_theirs = type(error).__module__.startswith("obstore")
    if isinstance(error, StoreError) or not (is_theirs or any(mark in text for mark in MARKS)):
        return None
    code = next(iter(re.findall(r"<Code>(\w{1,60})</Code>", text)), "")
    if "NoSuchBucket" in code:
        return StoreError(f"{place}: there is no such bucket. Create it, or correct the address.")
    if isinstance(error, FileNotFoundError) or "NotFound" in type(error).__name__:
        return FileNotFoundError(2, "there is no such object", place)
    return StoreError(f"{place}: {_why(text, code, place)}")


def _why(text: str, code: str, place: str) -> str:
    status = next(iter(re.findall(r"status code: (\d{3})", text)), "")
    said = " ".join(filter(None, (status, code)))
    variables = ENVIRONMENT.get(place.partition("://")[0], "")
    is_asked_for = any(mark in text for mark in ASKED_FOR_CREDENTIALS)
    if is_asked_for or (not status and ("Missing" in text or "credential" in text.lower())):
        return f"no credentials or account were found. Set the variables {variables}* in the environment."
    if status in {"401", "403"}:
        return f"the store refuses access ({said}). Check the variables {variables}* and what they are allowed to do."
    if "URL scheme is not allowed" in text or "BadScheme" in text:
        return "the endpoint is plain http. Set AWS_ALLOW_HTTP=true if that is meant."
    if said:
        return f"the store answered {said}. Run again when it is well."
    return "the store cannot be reached. Check the endpoint and the network, then run again."
