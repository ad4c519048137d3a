"""What came of a check, as the landing, the orchestrator and the check history tell it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from loyalty_pipeline.validation.rule import Rule, Severity

Verdict = Literal["passed", "set aside", "warned", "blocked", "failed to run"]

SAMPLES = 5


@dataclass(frozen=True)
class CheckResult:
    """What came of one rule for the rows of one extract.

    `rows` are those that were looked at, `bad_rows` those of them that break the rule; for a rule about the table both are 0 or
    the table's, and `observed` says what was found. `sample_keys` are identifiers, never personal data; `sample_values` come
    only from columns that opt in. `error` is why the check could not run.
    """

    table: str
    column: str
    rule: str
    description: str
    severity: Severity
    passed: bool
    rows: int
    bad_rows: int
    expectation: str = ""
    observed: str = ""
    error: str = ""
    sample_keys: list[str] = field(default_factory=list)
    sample_values: list[str] = field(default_factory=list)

    @property
    def share(self) -> float:
        """Bad rows over the rows that were looked at; 0 where there are none."""
        return self.bad_rows / self.rows if self.rows else 0.0

    @property
    def blocks(self) -> bool:
        """Whether it stops the run."""
        return not self.passed and self.severity == "critical"

    @property
    def verdict(self) -> Verdict:
        """In a word."""
        if self.error:
            return "failed to run"
        if not self.passed:
            return "blocked" if self.severity == "critical" else "warned"
        return "set aside" if self.bad_rows and self.severity == "critical" else "passed"

    def to_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self) | {"share": self.share, "verdict": self.verdict}


def counted(table: str, rule: Rule, rows: int, bad_rows: int, sample_keys: list[str]) -> CheckResult:
    """The result of a rule without tolerance whose bad rows somebody has counted already."""
    return CheckResult(
        table=table,
        column=rule.column,
        rule=rule.name,
        description=rule.description,
        severity=rule.severity,
        passed=not bad_rows,
        rows=rows,
        bad_rows=bad_rows,
        expectation=rule.expectation,
        sample_keys=sample_keys[:SAMPLES],
    )
