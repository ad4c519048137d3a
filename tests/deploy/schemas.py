"""Hold the files of deploy/ to the schemas and linters of those who read them: `make deploy-check`.

Not a test of the suite, because it needs what nothing else does: Docker Compose, hadolint, the schemas of Kubernetes and the Dask
operator's, all from Python packages, in an environment of their own.
"""

import copy
import os
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
RELEASES = ("1.30", "1.34")
NEEDED = {"POSTGRES_PASSWORD": "a", "AWS_ACCESS_KEY_ID": "b", "AWS_SECRET_ACCESS_KEY": "c"}


def main() -> None:
    """Raise for the first thing that is wrong, else say what was looked at."""
    subprocess.run(["hadolint", DEPLOY / "Dockerfile"], check=True)
    compose = [
        "docker-compose",
        "--file",
        DEPLOY / "compose.yaml",
        "--profile",
        "demo",
        "config",
        "--quiet",
    ]
    subprocess.run(compose, check=True, env=os.environ | NEEDED)
    found = [one for folder in ("object-store", "shared-folder") for one in _manifests(KUBERNETES / folder)]
    found += [_patched(patch, found) for patch in _patches()]
    for manifest in found:
        _hold(manifest)
    print(f"The image, the Compose file and {len(found)} manifests are as those who read them expect.")  # noqa: T201


def _hold(manifest: dict[str, Any]) -> None:
    schemas = _operators()
    if manifest["kind"] in schemas:
        jsonschema.Draft7Validator(schemas[manifest["kind"]]).validate(manifest)
        return
    for release in RELEASES:
        kubernetes_validate.validate(manifest, release, strict=True)


def _manifests(folder: Path) -> list[dict[str, Any]]:
    read = [file for file in sorted(folder.glob("*.yaml")) if file.name != "kustomization.yaml"]
    return [one for file in read for one in yaml.safe_load_all(file.read_text())]


def _patches() -> list[dict[str, Any]]:
    return yaml.safe_load((KUBERNETES / "shared-folder" / "kustomization.yaml").read_text())["patches"]


def _patched(patch: dict[str, Any], manifests: list[dict[str, Any]]) -> dict[str, Any]:
    """A manifest with what a patch adds to it, as kustomize would: additions are all there is."""
    kind = patch["target"]["kind"]
    patched = copy.deepcopy(next(one for one in manifests if one["kind"] == kind))
    for step in yaml.safe_load(patch["patch"]):
        *way, last = step["path"].strip("/").split("/")
        place: Any = patched
        for key in way:
            place = place[int(key)] if isinstance(place, list) else place[key]
        if step["op"] != "add":
            raise ValueError(step)
        if isinstance(place, list):
            place.append(step["value"])
        else:
            place[last] = step["value"]
    return patched


def _operators() -> dict[str, dict[str, Any]]:
    """The Dask operator's own resources by kind: a property that they do not have is an error, where Kubernetes would drop it."""
    chart = files("dask_kubernetes") / "operator/deployment/helm/dask-kubernetes-operator/crds"
    schemas = {}
    for file in chart.iterdir():
        told = yaml.safe_load(file.read_text())["spec"]
        schema = _strict(told["versions"][0]["schema"]["openAPIV3Schema"])
        schema["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {}}
        schemas[told["names"]["kind"]] = schema
    return schemas


def _strict(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    strict = {key: _strict(value) for key, value in schema.items()}
    if "properties" in strict and not strict.get("x-kubernetes-preserve-unknown-fields"):
        strict.setdefault("additionalProperties", False)
    return strict


if __name__ == "__main__":
    main()
