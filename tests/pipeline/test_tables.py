from stepcast.pipeline.monitoring.findings import drift_schema
from stepcast.pipeline.monitoring.realised import monitor_schema
from stepcast.pipeline.read_params import read_params
from tests.pipeline.given import params_bytes


def test_a_dimension_may_be_called_as_a_column_of_the_monitor() -> None:
    columns = [
        {"AttributeName": "item_id", "AttributeType": "string"},
        {"AttributeName": "timestamp", "AttributeType": "timestamp"},
        {"AttributeName": "target_value", "AttributeType": "float"},
        {"AttributeName": "Kind", "AttributeType": "string"},
    ]
    params, problems = read_params(
        params_bytes(
            Datasets__0__Schema__Attributes=columns,
            Predictor__FeaturizationConfig__ForecastDimensions=["Kind"],
        )
    )

    assert problems == []
    assert params is not None
    for schema in (drift_schema(params), monitor_schema(params)):
        assert schema.names[:2] == ["item_id", "item_kind"]
        assert len(set(schema.names)) == len(schema.names)
