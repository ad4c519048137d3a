"""What all tests share: nothing of the machine they run on decides them."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.servers.fixtures import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]

# How long an example takes says something of the machine's other work, nothing of the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("LOYALTY_")]:
            patch.delenv(name)
        yield
