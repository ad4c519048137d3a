"""The image is made of what the project locks."""

import re
from fnmatch import fnmatch

from packaging.specifiers import SpecifierSet

from tests.deploy.files import DEPLOY, IMAGE, PROJECT, ROOT, containers, services

DOCKERFILE = (DEPLOY / "Dockerfile").read_text()


def test_its_extras_are_those_of_the_project() -> None:
    extras = re.findall(r"--extra (\w+)", DOCKERFILE)
    assert {"cluster", "objects", "postgres", "ui"} <= {*extras}
    assert {*extras} <= {*PROJECT["project"]["optional-dependencies"]}


def test_its_versions_are_those_of_the_lock() -> None:
    syncs = [line for line in DOCKERFILE.splitlines() if line.startswith("RUN uv sync")]
    assert len(syncs) == 2
    assert all("--locked" in line and "--no-dev" in line for line in syncs)
    assert re.search(r"^COPY .*\buv\.lock\b", DOCKERFILE, re.MULTILINE)


def test_its_uv_is_that_of_the_makefile() -> None:
    (makefile,) = re.findall(r"^UV_VERSION := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert re.findall(r"uv==(\S+)", DOCKERFILE) == [makefile]


def test_its_python_is_one_that_the_project_allows_and_the_same_in_both_stages() -> None:
    first, last = re.findall(r"^FROM python:(\S+)-slim", DOCKERFILE, re.MULTILINE)
    assert first == last
    assert first in SpecifierSet(PROJECT["project"]["requires-python"])


def test_what_it_copies_is_there_and_is_sent_to_the_builder() -> None:
    sent = [line.removeprefix("!") for line in _ignored() if line.startswith("!")]
    copied = [
        name
        for words in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
        for name in words.split()
    ]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert any(fnmatch(name, pattern) for pattern in sent), name


def test_nothing_else_is_sent_such_as_data_or_secrets() -> None:
    assert _ignored()[0] == "*"
    assert not any(line.startswith(("!data", "!deploy", "!.")) for line in _ignored())


def test_nobody_in_it_is_root() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    (user,) = re.findall(r"^USER (\d+):\d+$", final, re.MULTILINE)
    assert int(user) >= 10_000


def test_everything_names_the_image_of_this_version() -> None:
    ours = {service["image"] for service in services().values() if "loyalty" in service["image"]}
    assert ours == {IMAGE}
    assert {container["image"].rpartition("/")[2] for container in containers()} == {IMAGE}


def _ignored() -> list[str]:
    lines = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]
