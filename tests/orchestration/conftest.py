from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from loyalty_pipeline.demo import write_company
from loyalty_pipeline.orchestration import build_defs
from loyalty_pipeline.orchestration.month_partitions import month_range
from loyalty_pipeline.settings import Settings

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass
class Company:
    settings: Settings
    instance: dg.DagsterInstance

    def definitions(self, overrides=None):
        return build_defs(self.settings, overrides)

    def run(self, job, months=None, *, overrides=None, assets=None):
        """Run a job in process; `months` is the first and the last."""
        definitions = self.definitions(overrides)
        return definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            tags=month_range(*months) if months else None,
            asset_selection=[dg.AssetKey(name) for name in assets] if assets else None,
            run_config=QUIET,
            raise_on_error=False,
        )


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    write_company(folder, customers=40, months=5, seed=7)
    return folder


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def company(source, tmp_path, instance):
    return Company(Settings.load(source=str(source), data_dir=tmp_path / "data"), instance)


@pytest.fixture(scope="session")
def landed(source, tmp_path_factory):
    """A data folder in which the company has landed; nobody writes to it."""
    settings = Settings.load(source=str(source), data_dir=Path(tmp_path_factory.mktemp("landed")))
    with dg.DagsterInstance.ephemeral() as instance:
        assert Company(settings, instance).run("ingest").success
    return settings.data_dir
