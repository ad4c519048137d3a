"""The databases that tests may ask for."""

import pytest

from ...servers.mariadb import database, mariadb
from .shops import SqliteShop

__all__ = ["database", "mariadb", "shop", "sqlite"]


@pytest.fixture
def sqlite(tmp_path):
    """An SQLite file with nothing in it."""
    shop = SqliteShop(tmp_path / "shop.db")
    shop.execute("PRAGMA user_version = 1")
    return shop


@pytest.fixture(params=["sqlite", "mariadb"])
def shop(request):
    """An empty database of each kind in turn."""
    return request.getfixturevalue("sqlite" if request.param == "sqlite" else "database")
