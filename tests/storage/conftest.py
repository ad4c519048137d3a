"""A prefix of a bucket for each test."""

import pytest

from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from tests.servers.objects import BUCKET, Objects, objects_server, server

__all__ = ["objects_server", "server"]


@pytest.fixture
def folder(server: Objects, request: pytest.FixtureRequest) -> ObjectPath:
    del server
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    place = place_of(f"s3://{BUCKET}/{name}")
    assert isinstance(place, ObjectPath)
    return place
