import polars as pl
import pytest

from loyalty_pipeline.demo import DemoCompany, write_company

Tables = dict[str, pl.DataFrame]


def raw_tables(company: DemoCompany) -> Tables:
    return {path.stem: pl.read_parquet(path) for path in company.folder.glob("*.parquet")}


def key_of(company: DemoCompany, source: str) -> Tables:
    return {
        path.stem: pl.read_parquet(path)
        for path in (company.folder / "answer_key" / source).glob("*.parquet")
    }


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return write_company(tmp_path_factory.mktemp("clean"), customers=1_500, months=24, mess=frozenset())


@pytest.fixture(scope="session")
def messy(tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    return write_company(tmp_path_factory.mktemp("messy"), customers=1_500, months=24)


# Few people over a long time, and many over a short one: quick to count by hand, with seeds in which every
# oddity happens, tolerated late renewals across a month's end too.
@pytest.fixture(scope="session", params=[(120, 16, 2), (700, 5, 15)], ids=["long", "short"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> DemoCompany:
    customers, months, seed = request.param
    folder = tmp_path_factory.mktemp("small")
    return write_company(folder, customers=customers, months=months, seed=seed, mess=frozenset())
