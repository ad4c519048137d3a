"""deploy/kubernetes: its parts fit together. `make deploy-check` holds them to the schemas."""

import yaml

from loyalty_pipeline.settings import Settings
from tests.deploy.files import KUBERNETES, containers, manifest, manifests, pods

OBJECT_STORE, SHARED_FOLDER = KUBERNETES / "object-store", KUBERNETES / "shared-folder"


def test_every_file_that_is_applied_is_there() -> None:
    for folder in (OBJECT_STORE, SHARED_FOLDER):
        told = yaml.safe_load((folder / "kustomization.yaml").read_text())
        assert told["namespace"] == "loyalty"
        assert all((folder / name).exists() for name in told["resources"])
        assert all(
            (folder / name).exists() for m in told.get("configMapGenerator", []) for name in m["files"]
        )


def test_the_settings_name_the_service_that_the_operator_makes() -> None:
    settings, name = Settings.load(OBJECT_STORE / "loyalty.toml"), manifest("DaskCluster")["metadata"]["name"]
    assert settings.cluster == f"tcp://{name}-scheduler.loyalty.svc.cluster.local:8786"
    assert settings.shards >= manifest("DaskCluster")["spec"]["worker"]["replicas"]


def test_a_worker_has_the_name_that_the_operator_gives_it() -> None:
    (worker,) = manifest("DaskCluster")["spec"]["worker"]["spec"]["containers"]
    assert worker["args"][worker["args"].index("--name") + 1] == "$(DASK_WORKER_NAME)"


def test_the_service_leads_to_the_scheduler() -> None:
    cluster = manifest("DaskCluster")
    service = cluster["spec"]["scheduler"]["service"]
    assert service["selector"]["dask.org/cluster-name"] == cluster["metadata"]["name"]
    (container,) = cluster["spec"]["scheduler"]["spec"]["containers"]
    assert {port["targetPort"] for port in service["ports"]} == {port["name"] for port in container["ports"]}


def test_the_autoscaler_never_leaves_a_run_without_a_worker() -> None:
    autoscaler = manifest("DaskAutoscaler")["spec"]
    assert autoscaler["cluster"] == manifest("DaskCluster")["metadata"]["name"]
    assert 1 <= autoscaler["minimum"] <= autoscaler["maximum"]


def test_only_pods_of_loyalty_and_the_operator_reach_dask() -> None:
    policy = manifest("NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"] == {"dask.org/cluster-name": "loyalty"}
    part_of = policy["ingress"][0]["from"][0]["podSelector"]["matchLabels"]
    cluster = manifest("DaskCluster")["spec"]
    labelled = [cluster[part]["metadata"]["labels"] for part in ("scheduler", "worker")]
    labelled += [
        manifest("CronJob")["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"],
        manifest("Deployment")["spec"]["template"]["metadata"]["labels"],
    ]
    assert all(part_of.items() <= labels.items() for labels in labelled)


def test_nobody_is_root_or_may_become_it_or_talks_to_kubernetes() -> None:
    for pod in pods():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        assert pod["automountServiceAccountToken"] is False
    assert all(one["securityContext"]["allowPrivilegeEscalation"] is False for one in containers())


def test_every_container_says_how_much_memory_it_may_use() -> None:
    assert all("memory" in container["resources"]["limits"] for container in containers())


def test_a_night_that_cannot_get_better_is_not_tried_again_and_two_never_run_at_once() -> None:
    night = manifest("CronJob")["spec"]
    rule = night["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [1, 2])
    assert rule["onExitCodes"]["containerName"] in {one["name"] for one in containers()}
    assert night["concurrencyPolicy"] == "Forbid"


def test_secrets_come_from_a_secret() -> None:
    values = [str(one.get("value", "")) for container in containers() for one in container.get("env", [])]
    assert not any("secret" in value.lower() or "password" in value.lower() for value in values)
    assert not any(one["kind"] == "Secret" for one in manifests())
    example = (OBJECT_STORE / "secret.env.example").read_text().splitlines()
    assert [line for line in example if "SECRET" in line or "PASSWORD" in line] == [
        "POSTGRES_PASSWORD=",
        "AWS_SECRET_ACCESS_KEY=",
    ]


def test_the_shared_folder_has_one_path_in_every_pod_that_reads_it() -> None:
    told = yaml.safe_load((SHARED_FOLDER / "kustomization.yaml").read_text())
    added = [one for patch in told["patches"] for one in yaml.safe_load(patch["patch"])]
    mounts = [mount for one in added if "volumeMounts" in one["path"] for mount in _several(one["value"])]
    volumes = [volume for one in added if "/volumes" in one["path"] for volume in _several(one["value"])]
    assert [mount["mountPath"] for mount in mounts] == ["/data", "/data"]
    assert {volume["persistentVolumeClaim"]["claimName"] for volume in volumes} == {"loyalty-data"}
    (data_dir,) = (env["value"] for one in added if one["path"].endswith("/env") for env in one["value"])
    assert data_dir.startswith("/data/")


def _several(value: object) -> list:
    return value if isinstance(value, list) else [value]
