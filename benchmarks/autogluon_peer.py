"""For benchmarks/accuracy_autogluon.py: AutoGluon-TimeSeries forecasts each window of a folder.

Its models are those of the preset ``high_quality`` that are trained on the data alone. Chronos-2 and Toto-2,
whose weights are fetched from another host, are left out. All other settings are the preset's: how it
validates, ensembles, and divides its time.
"""

import json
import resource
import sys
from pathlib import Path

import pandas as pd
from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor
from autogluon.timeseries.configs import get_hyperparameter_presets

PRETRAINED = ("Chronos2", "Toto2")


def main(folder: Path) -> None:
    order = json.loads((folder / "order.json").read_text())
    models = {
        name: given
        for name, given in get_hyperparameter_presets()["default"].items()
        if name not in PRETRAINED
    }
    imports = cpu()
    past, made, told = pd.read_parquet(folder / "past.parquet"), [], []
    for number, rows in past.groupby("number"):
        data = TimeSeriesDataFrame.from_data_frame(rows.drop(columns="number"))
        predictor = TimeSeriesPredictor(
            prediction_length=order["horizon"],
            quantile_levels=order["quantiles"],
            freq=order["freq"],
            path=str(folder / f"model-{number}"),
        )
        predictor.fit(data, hyperparameters=models, time_limit=order["seconds"])
        made.append(predictor.predict(data).reset_index().assign(number=number))
        told.append(about(predictor, list(models)))
    pd.concat(made).to_parquet(folder / "forecasts.parquet")
    said = {"imports": imports, "models": "; ".join(dict.fromkeys(told))}
    (folder / "said.json").write_text(json.dumps(said))


def about(predictor: TimeSeriesPredictor, models: list[str]) -> str:
    """The weights of the ensemble, and which models were not trained."""
    best, info = predictor.model_best, predictor.info()["model_info"]
    weights = info[best].get("model_weights") or {best: 1.0}
    shares = ", ".join(
        f"{name} {share:.2f}" for name, share in sorted(weights.items(), key=lambda one: -one[1])
    )
    absent = [name for name in models if name not in info]
    return shares + (f" (not trained: {', '.join(absent)})" if absent else "")


def cpu() -> float:
    """Seconds of this process and of its children that have ended."""
    own, children = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


if __name__ == "__main__":
    main(Path(sys.argv[1]))
