"""The files of deploy/, read."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
IMAGE = f"loyalty-pipeline:{PROJECT['project']['version']}"


def compose() -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / "compose.yaml").read_text())


def services() -> dict[str, dict[str, Any]]:
    return compose()["services"]


def manifests() -> list[dict[str, Any]]:
    """What Kubernetes is told, without what only kustomize reads."""
    files = [file for file in sorted(KUBERNETES.rglob("*.yaml")) if file.name != "kustomization.yaml"]
    return [one for file in files for one in yaml.safe_load_all(file.read_text())]


def manifest(kind: str) -> dict[str, Any]:
    (found,) = (one for one in manifests() if one["kind"] == kind)
    return found


def pods() -> Iterator[dict[str, Any]]:
    """The pod of each manifest that has one, and both of a Dask cluster."""
    for one in manifests():
        match one["kind"]:
            case "DaskCluster":
                yield from (one["spec"][part]["spec"] for part in ("scheduler", "worker"))
            case "CronJob":
                yield one["spec"]["jobTemplate"]["spec"]["template"]["spec"]
            case "Deployment":
                yield one["spec"]["template"]["spec"]


def containers() -> list[dict[str, Any]]:
    return [container for pod in pods() for container in pod["containers"]]


def commands() -> list[list[str]]:
    """All that is started in our image, in whichever way: commands and health checks."""
    ours = [service for service in services().values() if service.get("image") == IMAGE]
    checks = [service["healthcheck"]["test"][1:] for service in ours if "healthcheck" in service]
    probes = [
        probe["exec"]["command"] for one in containers() if "exec" in (probe := one.get("livenessProbe", {}))
    ]
    return [service["command"] for service in ours] + checks + [one["args"] for one in containers()] + probes
