"""The clients of object stores: one a bucket, with what the environment says."""

import os
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.storage.faults import ENVIRONMENT, answering

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = tuple(ENVIRONMENT)
EXTRA = "objects"
RETRIES = 6
PATIENCE = timedelta(seconds=20)
"""How long a request is tried again: a run that waits longer only holds the lock for longer."""
REQUEST_TIMEOUT = timedelta(minutes=5)

TOLD = {
    "s3": (
        "access_key_id",
        "secret_access_key",
        "session_token",
        "region",
        "default_region",
        "endpoint_url",
        "virtual_hosted_style_request",
        "skip_signature",
    ),
    "gs": ("service_account", "service_account_path"),
    "az": ("account_name", "account_key", "sas_token", "endpoint"),
}
"""What is taken from the environment by name. What else the services have, such as roles of a machine, both libraries find alike."""


def options(scheme: str) -> dict[str, str]:
    """What obstore and polars are both told, by name: credentials, region and endpoint as the environment has them."""
    prefix = ENVIRONMENT[scheme]
    found = {
        f"{prefix}{name}".lower(): os.environ[variable]
        for name in TOLD[scheme]
        if os.environ.get(variable := f"{prefix}{name}".upper())
    }
    if scheme == "s3" and not {"aws_region", "aws_default_region"} & found.keys():
        # Servers that are not Amazon's know no regions, and a signature needs one.
        found["aws_region"] = "us-east-1"
    return found


def allows_http() -> bool:
    """Whether the environment allows an endpoint that is not encrypted."""
    return os.environ.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true", "yes"}


def polars_options(scheme: str) -> dict[str, Any]:
    """The same as polars takes it, as `storage_options`."""
    limits = {"max_retries": RETRIES, "retry_timeout_ms": int(PATIENCE.total_seconds() * 1000)}
    return {**options(scheme), **limits, **({"aws_allow_http": "true"} if allows_http() else {})}


def library() -> Any:
    """The module obstore. Raises `SourceError` where it is not installed: only who keeps data in a store has it."""
    try:
        import obstore.store  # noqa: PLC0415 - as above
    except ImportError:
        message = f"An object store needs obstore: pip install 'loyalty-pipeline[{EXTRA}]'"
        raise SourceError(message) from None
    return obstore


def bucket(scheme: str, name: str) -> "ObjectStore":
    """The client of a bucket. Raises `SourceError` where obstore is not installed, `StoreError` for what it refuses."""
    return _bucket(scheme, name, tuple(sorted(options(scheme).items())), is_plain=allows_http())


@cache
def _bucket(scheme: str, name: str, told: tuple[tuple[str, str], ...], *, is_plain: bool) -> "ObjectStore":
    from_url = library().store.from_url
    place = f"{scheme}://{name}"
    config: Any = dict(told)
    with answering(place):
        client: ObjectStore = from_url(
            place,
            config=config,
            client_options={
                "allow_http": is_plain,
                "connect_timeout": timedelta(seconds=5),
                "timeout": REQUEST_TIMEOUT,
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": PATIENCE},
        )
        return client
