"""Alerting rules for a forecast that is exported, as a file that Prometheus loads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from stepcast.connect.errors import ConnectorError
from stepcast.connect.prometheus.durations import seconds, text
from stepcast.connect.prometheus.vintage import OWN, Vintage, quantile_of

__all__ = ["Alerts", "joined", "rules"]

SCRAPED = {"instance", "job"}  # the scrape replaces the exporter's labels of these names
# The metric's name, and labels renamed because the forecast has its own of that name.
OTHERWISE = {"metric", *(f"{name}_1" for name in OWN)}
HEAD = """\
# Alerts on forecasts that `stepcast export prometheus` serves. In the scrape configuration of the exporter:
#   honor_labels: true
groups:
  - name: stepcast
    rules:
"""


@dataclass(frozen=True)
class Alerts:
    """What to alert on: the ``query`` that was forecast, a ``threshold``, and how long a state must last."""

    query: str
    threshold: float | None = None
    lasting: str = "0s"


def rules(vintage: Vintage, leads: Sequence[str], alerts: Alerts) -> str:
    """The rules file: above its highest quantile, will exceed the threshold, forecast stale or missing."""
    quantiles = [output for output in vintage.outputs if output != "mean"]
    if not quantiles:
        raise ConnectorError("the forecast has no quantiles: add some to ForecastTypes in params.json")
    present = next((lead for lead in leads if not seconds(lead)), None)
    if present is None:
        raise ConnectorError("the rules compare the present with its forecast: add 0s to --leads")
    upper, middle = quantiles[-1], min(quantiles, key=lambda output: abs(int(output[1:]) - 50))
    labels, lasting = joined(vintage), text(seconds(alerts.lasting))
    high, furthest = quantile_of(upper), max(leads, key=seconds)
    made = [
        _rule(
            "StepcastAboveForecast",
            f"({alerts.query}) > on ({', '.join(labels)}) group_left () {_expected(labels, high, present)}",
            lasting,
            f"{{{{ $labels.{labels[0]} }}}} is {{{{ $value }}}}, above the {high} quantile of its forecast"
            if labels
            else f"{{{{ $value }}}} is above the {high} quantile of the forecast",
        )
    ]
    if alerts.threshold is not None:
        made.append(
            _rule(
                "StepcastWillExceed",
                f"{_expected(labels, quantile_of(middle), furthest)} > {alerts.threshold!r}",
                lasting,
                f"{{{{ $value }}}} is expected in {furthest}, above {alerts.threshold:g}",
            )
        )
    stale = round((vintage.moments[-1] - vintage.moments[0] + vintage.period) / 2)
    made += [
        _rule(
            "StepcastForecastStale",
            f"min(stepcast_forecast_age_seconds) > {stale}",
            lasting,
            "Half of the forecast's horizon is over, and there is no newer one",
        ),
        _rule(
            "StepcastForecastMissing",
            f'absent(stepcast_forecast{{lead="{present}"}})',
            lasting,
            "No forecast is served for this moment",
        ),
    ]
    if lost := SCRAPED.intersection(labels):
        names = " or ".join(f'count(stepcast_forecast{{exported_{name}!=""}}) > 0' for name in sorted(lost))
        made.append(
            _rule("StepcastLabelsRenamed", names, "0s", "The scrape of the exporter lacks honor_labels: true")
        )
    return HEAD + "".join(made)


def joined(vintage: Vintage) -> list[str]:
    """The labels that match the forecast's series with the query's.

    Raises:
        ConnectorError: items differ in a label that rules cannot match.
    """
    names = {name for one in vintage.series for name in one.labels} - {"item_id"}
    if own := sorted(names & OTHERWISE):
        raise ConnectorError(
            f"items differ in {', '.join(own)}, which is not a label of both sides: rename the label in "
            'the query, as in label_replace(QUERY, "of", "$1", "quantile", "(.*)"), and pull again; pull '
            "metrics of different names separately"
        )
    return sorted(names)


def _expected(labels: Sequence[str], quantile: str, lead: str) -> str:
    """One series per set of labels, however many exporters are scraped."""
    return f'max by ({", ".join(labels)}) (stepcast_forecast{{quantile="{quantile}", lead="{lead}"}})'


def _rule(name: str, expression: str, lasting: str, summary: str) -> str:
    """A rule; its texts are JSON strings, which are valid YAML."""
    return (
        f"      - alert: {name}\n        expr: {json.dumps(expression)}\n        for: {lasting}\n"
        f"        annotations:\n          summary: {json.dumps(summary, ensure_ascii=False)}\n"
    )
