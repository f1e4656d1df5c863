"""What tests of the import give, and what they look at afterwards."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stepcast.pipeline import layout, objects
from stepcast.pipeline.importing import Imported
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.shards import Shard, read_shard

ROWS = "datasets/demo/import/"
RUN = "run"
COLUMNS = "timestamp:timestamp target_value:float item_id:string"


@dataclass(frozen=True)
class Outcome:
    """What one import left behind."""

    s3: Any
    bucket: str
    imported: Imported
    report: Report

    @property
    def error(self) -> Problem:
        """The only error that there is."""
        assert self.report.errors == 1, self.report.to_markdown()
        return next(problem for problem in self.report.problems if problem.severity == "error")

    @property
    def errors(self) -> list[tuple[str, int | None, str | None]]:
        """Rule, line and item of every listed error."""
        return [(p.rule, p.line, p.item) for p in self.report.problems if p.severity == "error"]

    def warnings(self, rule: str) -> list[Problem]:
        return [p for p in self.report.problems if p.severity == "warning" and p.rule == rule]

    @property
    def shards(self) -> list[Shard]:
        numbers = objects.read_json(self.s3, self.bucket, layout.shard_list(RUN))
        return [
            read_shard(objects.read(self.s3, self.bucket, layout.shard(RUN, row["shard"]))) for row in numbers
        ]

    @property
    def series(self) -> dict[str, list[float]]:
        """Label of each series to its values."""
        panels = [shard.panel for shard in self.shards]
        return {
            name: values.tolist()
            for panel in panels
            for name, values in zip(panel.ids, panel.values, strict=True)
        }

    @property
    def observed(self) -> dict[str, list[bool]]:
        panels = [shard.panel for shard in self.shards]
        return {
            name: flags.tolist()
            for panel in panels
            for name, flags in zip(panel.ids, panel.observed, strict=True)
        }

    @property
    def rows(self) -> pa.Table:
        """The rows as stored, all parts."""
        parts = [
            io.BytesIO(objects.read(self.s3, self.bucket, f"{ROWS}part-{number}.parquet"))
            for number in range(len(list(objects.keys(self.s3, self.bucket, ROWS))))
        ]
        return pa.concat_tables([pq.read_table(part) for part in parts])

    @property
    def written(self) -> list[str]:
        """Every key but the input's."""
        return [key for key in objects.keys(self.s3, self.bucket, "") if not key.startswith(layout.INPUTS)]


ImportFiles = Callable[..., Outcome]


def params(
    columns: str = COLUMNS,
    frequency: str = "H",
    filling: Mapping[str, str] | None = None,
    dimensions: tuple[str, ...] = (),
    timestamp_format: str = "yyyy-MM-dd HH:mm:ss",
    horizon: int = 1,
    domain: str = "CUSTOM",
    related: str = "",
    metadata: str = "",
    related_filling: Mapping[str, Mapping[str, str]] | None = None,
    data_frequency: str | None = None,
    time_zone: str | None = None,
    **predictor: Any,
) -> Params:
    """Parameters of an import; ``columns`` as ``name:type``, the target being named as the domain has it.

    ``related`` and ``metadata`` are the columns of further datasets, if there are any.
    """
    target = {"CUSTOM": "target_value", "RETAIL": "demand", "EC2_CAPACITY": "number_of_instances"}[domain]
    method = {"FeaturizationMethodName": "filling", "FeaturizationMethodParameters": filling or {}}
    featurization: dict[str, Any] = {"ForecastFrequency": frequency, "ForecastDimensions": list(dimensions)}
    featurization["Featurizations"] = [{"AttributeName": target, "FeaturizationPipeline": [method]}]
    for name, given in (related_filling or {}).items():
        method = {"FeaturizationMethodName": "filling", "FeaturizationMethodParameters": given}
        featurization["Featurizations"] += [{"AttributeName": name, "FeaturizationPipeline": [method]}]
    often = {"TARGET_TIME_SERIES": data_frequency, "RELATED_TIME_SERIES": frequency}
    kinds = {"TARGET_TIME_SERIES": columns, "RELATED_TIME_SERIES": related, "ITEM_METADATA": metadata}
    return Params.model_validate(
        {
            "DatasetGroup": {"DatasetGroupName": "Demo", "Domain": domain},
            "Datasets": [
                {
                    "DatasetName": "Demo" if kind == "TARGET_TIME_SERIES" else kind.title(),
                    "Domain": domain,
                    "DatasetType": kind,
                    "Schema": {"Attributes": attributes(text)},
                    **({"DataFrequency": often[kind]} if often.get(kind) else {}),
                }
                for kind, text in kinds.items()
                if text
            ],
            "Predictor": {
                "PredictorName": "Demo",
                "ForecastHorizon": horizon,
                "PerformAutoML": "AlgorithmArn" not in predictor,
                "FeaturizationConfig": featurization,
                **predictor,
            },
            "Forecast": {"ForecastName": "Demo"},
            "TimestampFormat": timestamp_format,
            "TimeZone": time_zone,
        }
    )


def attributes(columns: str) -> list[dict[str, str]]:
    """Attributes of a schema from ``name:type name:type``."""
    pairs = [column.split(":") for column in columns.split()]
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in pairs]
