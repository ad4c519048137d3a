"""A server for these tests, and a prefix of its bucket for each of them."""

from collections.abc import Iterator

import pytest

from loyalty_pipeline.storage.object_path import ObjectPath
from loyalty_pipeline.storage.place import place_of
from tests.servers.objects import BUCKET, Objects, running


@pytest.fixture(scope="session")
def objects_server() -> Iterator[Objects]:
    with running() as server, pytest.MonkeyPatch.context() as patch:
        for name, value in server.environment().items():
            patch.setenv(name, value)
        yield server


@pytest.fixture
def server(objects_server: Objects) -> Iterator[Objects]:
    objects_server.undisturbed()
    yield objects_server
    objects_server.undisturbed()
    if not objects_server.is_up():
        objects_server.start()


@pytest.fixture
def folder(server: Objects, request: pytest.FixtureRequest) -> ObjectPath:
    del server
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    place = place_of(f"s3://{BUCKET}/{name}")
    assert isinstance(place, ObjectPath)
    return place
