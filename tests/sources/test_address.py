"""Addresses: what the environment says is put in, and secrets are never told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_pipeline.faults import SourceError
from loyalty_pipeline.settings import Settings, SettingsError
from loyalty_pipeline.sources.address import discreet, redacted, resolved, secrets_of, shown


def test_a_variable_is_the_whole_address_or_an_encoded_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP", "postgresql://u:p@host/db")
    monkeypatch.setenv("PASSWORD", "p@ss/w:rd?#%")
    assert resolved("${SHOP}") == "postgresql://u:p@host/db"
    assert resolved("postgresql://u:${PASSWORD}@host/db") == "postgresql://u:p%40ss%2Fw%3Ard%3F%23%25@host/db"
    assert resolved("data/$HOME/{x}") == "data/$HOME/{x}"


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_or_empty_is_named(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("NOWHERE", raising=False)
    if value is not None:
        monkeypatch.setenv("NOWHERE", value)
    with pytest.raises(SourceError, match="the environment has no NOWHERE"):
        resolved("postgresql://u:${NOWHERE}@host/db")


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("exports/2024", "exports/2024"),
        ("postgresql://reader:secret@host:5432/db", "postgresql://host:5432/db"),
        ("postgresql://host/db", "postgresql://host/db"),
        ("postgresql://u:pa/ss@wo:rd@host/db", "postgresql://host/db"),
        (
            "postgresql://host/db?user=u&password=x&sslmode=require",
            "postgresql://host/db?user=u&password=***&sslmode=require",
        ),
        ("https://u:p@host/a@b.csv", "https://host/a@b.csv"),
        ("s3://bucket/a@b", "s3://bucket/a@b"),
        ("az://c/p?sig=abc&x=1", "az://c/p?sig=***&x=1"),
        ("sqlite:///shop.db", "sqlite:///shop.db"),
    ],
)
def test_what_people_see_of_an_address_has_no_user_and_no_secret(address: str, told: str) -> None:
    assert shown(address) == told


@given(
    st.text(st.characters(categories=("L", "N", "P", "S")), min_size=4),
    st.sampled_from(["postgresql", "mysql"]),
)
def test_no_password_is_left_in_what_is_told(password: str, scheme: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANY", password)
        address = resolved(f"{scheme}://reader:${{ANY}}@host/db")
    assert password in secrets_of(address)
    assert shown(address) == f"{scheme}://host/db"
    told = f"cannot log in with [{password}] at {address}"
    assert f"[{password}]" not in redacted(told, address)


def test_errors_are_told_without_the_secret_and_without_what_they_came_from() -> None:
    address = "postgresql://u:secret%21@host/db"

    def fails() -> None:
        with discreet(address):
            try:
                {}[address]
            except KeyError as error:
                message = f"{address} failed with secret!"
                raise SourceError(message) from error

    with pytest.raises(SourceError) as told:
        fails()
    assert str(told.value) == "postgresql://u:***@host/db failed with ***"
    assert told.value.__cause__ is None


@pytest.mark.parametrize(
    ("text", "setting"),
    [
        ('source = "postgresql://u:secret@host/db"', "source"),
        ('[sources.billing]\nurl = "mysql://u:secret@host/db"', "sources.billing.url"),
        ('source = "postgresql://host/db?sslmode=require&password=secret"', "source"),
        ('source = "https://host/shop?sig=secret"', "source"),
        ('source = "postgresql://host/db?sslpassword=secret&user=${NAME}"', "source"),
    ],
)
def test_a_password_in_a_file_is_refused_and_not_told(tmp_path, text: str, setting: str) -> None:
    file = tmp_path / "loyalty.toml"
    file.write_text(text)
    with pytest.raises(SettingsError) as told:
        Settings.load(file)
    assert str(told.value).startswith(f"{setting} ({file}): a password must not stand in a file")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "address", ["postgresql://h/d?password=${NAME}", "postgresql://h/d?sslkey=/etc/k.pem"]
)
def test_what_names_a_secret_or_a_file_may_stand_in_a_file(tmp_path, address: str) -> None:
    file = tmp_path / "loyalty.toml"
    file.write_text(f'source = "{address}"')
    assert Settings.load(file).source == address


def test_settings_do_not_show_addresses_when_they_are_printed() -> None:
    settings = Settings.load(
        source="postgresql://u:secret@host/db", sources={"b": {"url": "mysql://u:secret@h/d"}}
    )
    assert "secret" not in repr(settings)


def test_paths_in_a_file_start_at_the_file_and_addresses_stay(tmp_path) -> None:
    file = tmp_path / "sub" / "loyalty.toml"
    file.parent.mkdir()
    file.write_text(
        'source = "sqlite:///shop.db"\n[sources.a]\nurl = "exports"\n[sources.b]\nurl = "${SOMEWHERE}"\n'
        '[sources.c]\nurl = "sqlite:////srv/shop.db"\n'
    )
    settings = Settings.load(file)
    assert settings.source == f"sqlite:///{file.parent}/shop.db"
    urls = {name: one.url for name, one in settings.sources.items()}
    assert urls == {"a": str(file.parent / "exports"), "b": "${SOMEWHERE}", "c": "sqlite:////srv/shop.db"}
