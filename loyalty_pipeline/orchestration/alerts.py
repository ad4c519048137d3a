"""Somebody is told when a run fails."""

import json
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import dagster as dg

from loyalty_pipeline.orchestration.jobs import sensor_status
from loyalty_pipeline.settings import Settings

TIMEOUT = 10
LONGEST = 2000


def failure_sensor(settings: Settings) -> dg.SensorDefinition:
    """Logs each failed run, and posts it as JSON where settings name a webhook."""

    @dg.run_failure_sensor(
        name="alert_on_failure",
        default_status=sensor_status(settings),
        minimum_interval_seconds=30,
        description="Logs a failed run and posts it to the address in LOYALTY_ALERT_WEBHOOK.",
    )
    def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
        alert = told(context)
        context.log.error("%s", alert["text"])
        if settings.alert_webhook is not None:
            try:
                post(settings.alert_webhook.get_secret_value(), alert)
            except (URLError, OSError) as fault:
                # The address is a secret, and the error may not repeat it.
                context.log.error("the alert could not be posted: %s", type(fault).__name__)  # noqa: TRY400

    return alert_on_failure


def told(context: dg.RunFailureSensorContext) -> dict[str, Any]:
    """What is said of a failed run: `text` is what chat systems show."""
    run = context.dagster_run
    steps = [event.step_failure_data.error for event in context.get_step_failure_events()]
    causes = [(error.cause or error).message.strip() for error in steps if error is not None]
    message = "; ".join(causes) or context.failure_event.message or "no message"
    text = f"{run.job_name} failed: {message}"[:LONGEST]
    return {"text": text, "job": run.job_name, "run_id": run.run_id, "message": message[:LONGEST]}


def post(address: str, alert: dict[str, Any]) -> None:
    """Post JSON to a web address, which the settings have checked."""
    request = Request(  # noqa: S310 - http or https, by the settings
        address, data=json.dumps(alert).encode(), headers={"Content-Type": "application/json"}, method="POST"
    )
    with urlopen(request, timeout=TIMEOUT):  # noqa: S310 - the same
        pass
