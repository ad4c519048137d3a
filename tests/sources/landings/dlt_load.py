"""Loading Stripe's API with dlt into a folder of Parquet: run as a program, with the API's address and the folder."""

import sys
from pathlib import Path
from typing import Any

RESOURCES = ("customers", "plans", "subscriptions", "invoices", "charges", "refunds")


def load(address: str, folder: Path) -> None:
    """One load of every resource, appended to what is there."""
    import dlt  # noqa: PLC0415 - it is an optional group
    from dlt.sources.rest_api import rest_api_source  # noqa: PLC0415 - so is this

    config: Any = {
        "client": {
            "base_url": address,
            "auth": {"type": "http_basic", "username": "sk_test_12345", "password": ""},
            "paginator": {
                "type": "cursor",
                "cursor_path": "data[-1].id",
                "cursor_param": "starting_after",
                "has_more_path": "has_more",
            },
        },
        "resource_defaults": {
            "primary_key": "id",
            "write_disposition": "append",
            "endpoint": {"data_selector": "data", "params": {"limit": 5}},
        },
        "resources": [
            {
                "name": name,
                "endpoint": {"path": name}
                | ({"params": {"status": "all", "limit": 5}} if name == "subscriptions" else {}),
            }
            for name in RESOURCES
        ],
    }
    pipeline = dlt.pipeline(
        "stripe",
        pipelines_dir=str(folder / "state"),
        destination=dlt.destinations.filesystem(folder.as_uri()),
        dataset_name="stripe",
    )
    pipeline.run(rest_api_source(config, name="stripe"), loader_file_format="parquet").raise_on_failed_jobs()


if __name__ == "__main__":
    load(sys.argv[1], Path(sys.argv[2]))
