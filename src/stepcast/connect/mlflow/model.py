"""The predictor as MLflow loads it: this file is the model's code, its data is the artifact beside it."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel, PythonModelContext

from stepcast.connect.errors import ConnectorError
from stepcast.connect.mlflow.kept_predictor import KeptPredictor

KEPT = "predictor"  # the artifact


class Predictor(PythonModel):  # type: ignore[misc]  # MLflow is not installed for type checks
    """Forecasts the series named in a table; see KeptPredictor.forecast."""

    def load_context(self, context: PythonModelContext) -> None:
        self._kept = KeptPredictor(Path(context.artifacts[KEPT]))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  # MLflow passes it
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        names, given = self._kept.key_names, params or {}
        try:
            if unknown := [name for name in model_input.columns if name not in names]:
                raise ConnectorError(
                    f"unknown input column {unknown[0]!r}: the columns are {', '.join(names)}"
                )
            table = model_input.reindex(columns=list(names)).astype(object)
            wanted = [
                tuple(None if pd.isna(part) else str(part) for part in row)
                for row in table.itertuples(index=False, name=None)
            ]
            quantiles = list(given.get("quantiles", ()))
            forecast: pd.DataFrame = self._kept.forecast(wanted, given.get("horizon"), quantiles).to_pandas()
            return forecast
        except ConnectorError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from None


set_model(Predictor())
