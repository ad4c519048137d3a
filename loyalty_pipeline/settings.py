"""Settings: every policy of the company and every place of the machine, by one name each.

`Settings(...)` is exactly what it is told, and defaults. `Settings.load` also reads the environment
(`LOYALTY_<NAME>`) and one `loyalty.toml`: arguments come before the environment, that before the file.
"""

import re
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from loyalty_pipeline.currencies import CURRENCIES
from loyalty_pipeline.settings_sources import FILE_NAME, SettingsError, gathered, said_wrong
from loyalty_pipeline.storage.place import Place, place_of


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as unknown:
        near = get_close_matches(name, available_timezones(), n=1)
        example = f"did you mean {near[0]}?" if near else "such as Europe/Berlin"
        message = f"expected the IANA name of a time zone, {example}"
        raise ValueError(message) from unknown
    return name


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        message = "expected an ISO 4217 code, such as EUR"
        raise ValueError(message)
    return code


def _cron(text: str) -> str:
    # Dagster parses it in full; what this catches is a sixth field or words, without importing Dagster.
    if len(text.split()) != 5 or re.search(r"[^\d*/,\- ]", text):  # noqa: PLR2004
        message = "expected five fields: minute hour day month weekday, such as 0 3 * * *"
        raise ValueError(message)
    return text


def _scheduler(address: str) -> str:
    if not re.fullmatch(r"(tcp|tls)://[^\s/:@]+:\d{1,5}|(tcp|tls)://\[[0-9a-fA-F:.]+\]:\d{1,5}", address):
        message = "expected the address of a Dask scheduler, such as tcp://scheduler:8786"
        raise ValueError(message)
    return address


def _web_address(address: SecretStr) -> SecretStr:
    if not address.get_secret_value().startswith(("https://", "http://")):
        message = "expected an address that starts with https://"
        raise ValueError(message)
    return address


__all__ = ["Settings", "SettingsError", "SourceSettings", "TableMapping", "settings_schema"]

DataDir = Annotated[Place, PlainValidator(place_of), WithJsonSchema({"type": "string", "format": "path"})]
Days = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
ReadAs = Literal["text", "whole", "number", "amount", "instant", "day", "flag"]
Constant = str | bool | int | Decimal | datetime | date


class TableMapping(BaseModel):
    """How one raw table is found in a source that names things its own way."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str | None = Field(None, description="Which of [sources] has it; default: the setting `source`.")
    table: str | None = Field(
        None, description="Table or view of a database, such as shop.invoices; default: its name."
    )
    file: str | None = Field(None, description="File or folder of the table; default: its name.")
    columns: dict[str, str] = Field({}, description="Contract column -> the source's name for it.")
    values: dict[str, Constant] = Field({}, description="Contract column -> constant, for what it lacks.")
    separator: str = Field(
        ",", min_length=1, description="Between the values of a text file; `whitespace` for any run of it."
    )
    has_header: bool = Field(
        default=True, description="Whether the first line names columns; else they are column_1, ..."
    )
    date_format: str = Field("", description="How dates are written, such as %Y%m%d; default: ISO 8601.")
    distinct: bool = Field(
        default=False, description="Keep one row a key, where several tables come from one file."
    )
    query: str = Field("", description="SQL that makes the rows of the tables in `reads`.")
    reads: dict[str, dict[str, ReadAs]] = Field(
        {}, description="Table of the source -> its columns that the query reads -> their types."
    )
    one_of: tuple[str, ...] = Field(
        (), description="Tables of `reads` of which one must be there; default: the first of them."
    )
    minor_units: dict[str, str] = Field(
        {}, description="Amount of the query's result that is in cents -> the column with its currency."
    )
    minor_digits: dict[str, Annotated[int, Field(ge=0, le=4)]] = Field(
        {}, description="Currency -> its decimals, where the system counts otherwise than ISO 4217."
    )

    @model_validator(mode="after")
    def _query_and_reads(self) -> Self:
        if bool(self.query) != bool(self.reads):
            message = "expected `query` and `reads` together: reads lists what the query may use"
            raise ValueError(message)
        if self.minor_units and not self.query:
            message = "expected `minor_units` with a `query`"
            raise ValueError(message)
        if unknown := [name for name in self.one_of if name not in self.reads]:
            message = f"expected tables of `reads` in `one_of`, found {', '.join(unknown)}"
            raise ValueError(message)
        return self


class SourceSettings(BaseModel):
    """One of several sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(
        min_length=1,
        repr=False,
        description="Folder or URL; ${NAME} stands for a variable of the environment, as for passwords.",
    )
    tables: tuple[str, ...] = Field((), description="Raw tables that are read from it.")
    database_schema: str = Field("", description="Schema of the database in which its tables are.")
    landing: str = Field(
        "",
        description="Whose tables they are: fivetran_stripe, for one. How they are read comes with the package.",
    )


class Settings(BaseSettings):
    """What a run is told. Unknown names are errors, so that a typing mistake cannot pass for a default."""

    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix="LOYALTY_", env_ignore_empty=True
    )

    source: str = Field(
        "data/demo",
        min_length=1,
        repr=False,
        description="Folder or URL of the raw tables; ${NAME} stands for a variable of the environment, as for passwords. "
        "Without it, where there are [sources], only they are read.",
    )
    sources: dict[str, SourceSettings] = Field(
        {}, description="Other sources by name, for the tables that they list or whose mapping names them."
    )
    overlap_minutes: Annotated[int, Field(ge=0)] = Field(
        60,
        description="How far before the newest change that has landed a database is read again: a row may be committed this "
        "long after the instant it says it changed at.",
    )
    reconcile: Literal["when needed", "weekly", "never"] = Field(
        "when needed",
        description="When all keys of a database's table are compared with what has landed, to find deleted and late rows: in each "
        "night whose counts disagree, then at most weekly, or only by loyalty extract --reconcile.",
    )
    data_dir: DataDir = Field(
        Path("data"),
        description="Folder of the lake, the landing zone and what is published, or its address in an object store, such as "
        "s3://bucket/prefix.",
    )
    shards: Annotated[int, Field(ge=1, le=1024)] = Field(
        1,
        description="Buckets of customers that big tables are kept in, and computed one by one: more need less memory. "
        "No published number depends on it.",
    )
    cluster: Annotated[str, AfterValidator(_scheduler)] | None = Field(
        None,
        description="Address of the scheduler of a Dask cluster whose workers do the tasks, such as tcp://scheduler:8786; "
        "default: this process does. Every worker must see data_dir.",
    )
    cluster_timeout_seconds: Positive = Field(
        30,
        description="How long a cluster may take to answer, and to have a worker, before a run ends in an error.",
    )
    task_timeout_minutes: Positive = Field(
        60,
        description="How long a worker may take for one task before its process is ended and another tries.",
    )
    expectations: Path | None = Field(
        None,
        description="Folder of what is expected of raw tables beyond their contracts; default: expectations beside loyalty.toml "
        "or in the source folder, where there is one.",
    )
    as_of: date | None = Field(
        None, description="Nothing from this local date on counts; default: the day of the run."
    )
    timezone: Annotated[str, AfterValidator(_time_zone)] = Field(
        "UTC", description="IANA name; a period starts at its local midnight."
    )
    reporting_currency: Annotated[str, AfterValidator(_currency)] = Field(
        "EUR", description="ISO 4217 code of the currency that amounts are published in."
    )
    fiscal_year_start_month: int = Field(
        1, ge=1, le=12, description="Month in which a year starts; its quarters follow."
    )
    mrr_source: Literal["subscription_items", "invoice_lines"] | None = Field(
        None,
        description="Where recurring lines come from; default: subscription_items when the source has them.",
    )
    # A month looks at the one after it and no further.
    renewal_grace_days: Annotated[int, Field(ge=0, le=27)] = Field(
        3, description="A renewal this late is a late renewal, not churn: payment and booking take days."
    )
    delinquency_days: Days = Field(
        30, description="How long an unpaid invoice still counts as recurring: reminders take about a month."
    )
    mrr_floor: Decimal = Field(
        Decimal("0.50"),
        ge=0,
        decimal_places=4,
        max_digits=18,
        description="MRR below this (reporting currency) is zero: what rounded prorations leave.",
    )
    activity: Literal["subscriptions", "purchases"] = Field(
        "subscriptions",
        description="What makes a customer active: a running subscription or a recent purchase.",
    )
    activity_window_days: Positive = Field(
        90, description="How recent a purchase must be, where purchases make a customer active."
    )
    gross_margin: Decimal = Field(
        Decimal("0.8"),
        ge=0,
        le=1,
        decimal_places=4,
        description="Share of revenue left after cost of goods; usual for software.",
    )
    discount_rate: Annotated[float, Field(gt=0, le=1)] = Field(
        0.10,
        description="By how much a year's delay lowers the worth of money; at zero a loyal subscriber were worth without end.",
    )
    clv_horizon_months: Positive = Field(36, description="How far lifetime value looks ahead.")
    advocacy_window_months: Positive = Field(
        12, description="How long a referred customer's revenue is credited to its advocate."
    )
    advocacy_depth: int = Field(
        5, ge=0, description="How many steps up a chain of referrals revenue is followed."
    )
    clv_holdout_months: Annotated[int, Field(ge=1, le=12)] = Field(
        6,
        description="Months that a back-test of the lifetime models holds out: long enough for churn to show.",
    )
    min_responses: Positive = Field(
        5,
        description="Responses from which on a survey counts in the advocacy index: below, one answer decides.",
    )
    cai_trust_weight: Weight = Field(1.0, description="Weight of trust in the advocacy index.")
    cai_satisfaction_weight: Weight = Field(1.0, description="Weight of satisfaction in the advocacy index.")
    cai_recommendation_weight: Weight = Field(
        1.0, description="Weight of recommendation in the advocacy index."
    )
    support_target_hours: Decimal = Field(
        Decimal(24),
        gt=0,
        decimal_places=4,
        max_digits=12,
        description="Hours within which a ticket should be resolved: a day, as most promise.",
    )
    sentiment: Literal["none", "vader"] = Field(
        "none",
        description="What reads the mood of posts for which the source gives none; vader reads English and needs the extra "
        "`sentiment`.",
    )
    reference: Path | None = Field(
        None, description="Folder of benchmarks.csv and targets.csv; default: reference in the data folder."
    )
    max_bad_share: Share = Field(0.01, description="Share of a column's values that may be unreadable.")
    keep_snapshots: int = Field(
        3, ge=3, description="Published snapshots that are kept at least, for readers and rollback."
    )
    keep_hours: int = Field(
        24, ge=24, description="Hours that a snapshot is kept at least, from when another took its place."
    )
    nightly_cron: Annotated[str, AfterValidator(_cron)] = Field(
        "0 3 * * *", description="When the nightly run starts, in the reporting time zone."
    )
    start_schedules: bool = Field(
        default=False, description="Whether schedules and sensors run without being switched on in the UI."
    )
    alert_webhook: Annotated[SecretStr, AfterValidator(_web_address)] | None = Field(
        None, description="Address told of failures. It is a secret: LOYALTY_ALERT_WEBHOOK only."
    )
    tables: dict[str, TableMapping] = Field({}, description="Raw table -> how it is found in the source.")

    @model_validator(mode="after")
    def _only_stated_sources(self) -> Self:
        if self.sources and "source" not in self.model_fields_set:
            object.__setattr__(self, "source", "")
        return self

    @classmethod
    def load(cls, file: Path | None = None, **overrides: Any) -> Self:
        """Settings from arguments, environment, file and defaults, in this order.

        The file is `file`, or the loyalty.toml in the source folder that arguments or environment name, or
        the one in the working directory, or that in the default source. Its relative paths start at its own folder; others at the working
        directory. A folder of expectations that is there need not be named. An override of None counts as not given.
        Raises SettingsError.
        """
        values, origins = gathered(cls, file, overrides)
        try:
            return cls(**values)
        except ValidationError as wrong:
            raise SettingsError(said_wrong(cls, wrong, origins)) from None

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only arguments, so that no test depends on the machine; `load` adds the others."""
        del settings_cls
        return (init_settings,)

    def as_of_date(self, today: date | None = None) -> date:
        """The as-of of a run: the setting, else `today`, which is by default the date now in `timezone`."""
        return self.as_of or today or datetime.now(ZoneInfo(self.timezone)).date()


def settings_schema() -> dict[str, Any]:
    """The JSON schema of loyalty.toml, for editors."""
    schema = Settings.model_json_schema()
    del schema["properties"]["alert_webhook"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": FILE_NAME}
