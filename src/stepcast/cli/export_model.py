"""``stepcast export pmml`` and ``onnx``: one item's forecast as a file that other programs compute."""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepcast.cli.options import BucketName, Endpoint, Json
from stepcast.cli.output import plural, print_json, print_line

if TYPE_CHECKING:
    from stepcast.connect.exchange.item_model import ItemModel

__all__ = ["onnx", "pmml"]

ItemOption = Annotated[
    str,
    typer.Option(metavar="NAME", help="The item; with forecast dimensions, as in messages: 'lamp / Berlin'."),
]
AlgorithmOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="SeasonalNaive, ETS or ARIMA; of an AutoPredictor its ridge or trees. Default: the run's own.",
    ),
]
FileOption = Annotated[
    Path | None, typer.Option(metavar="FILE", dir_okay=False, help="The file to write. Default: stdout.")
]
RunOption = Annotated[
    str, typer.Option(metavar="RUN", help="A run, vintage or predictor; latest is the last published.")
]
ResultsOption = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        file_okay=False,
        exists=True,
        help="Instead of a running stack, the results folder of stepcast run --out.",
    ),
]


def pmml(
    item: ItemOption,
    algorithm: AlgorithmOption = None,
    out: FileOption = None,
    run: RunOption = "latest",
    results: ResultsOption = None,
    bucket: BucketName = None,
    as_json: Json = False,
    endpoint: Endpoint = None,
) -> None:
    """Write one item's forecast as PMML 4.4: the step ahead in, point forecast and quantiles out.

    The model is fitted to the history that the run kept, as its forecast was.
    """
    from stepcast.connect.exchange.formula_models import exported
    from stepcast.connect.pmml.document import document

    model = _model(exported, item, algorithm, run, results, bucket, endpoint)
    _deliver(model, document(model), out, as_json)


def onnx(
    item: ItemOption,
    out: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="The file to write.")],
    algorithm: AlgorithmOption = None,
    run: RunOption = "latest",
    results: ResultsOption = None,
    bucket: BucketName = None,
    as_json: Json = False,
    endpoint: Endpoint = None,
) -> None:
    """Write one item's forecast as ONNX: steps ahead in, point forecast and quantiles out.

    Besides what export pmml has, this takes the networks CNN-QR and LSTM.
    """
    if find_spec("onnx") is None:
        from stepcast.cli.failure import Failure

        raise Failure('the package onnx is not installed: pip install "stepcast[local,onnx]"')
    from stepcast.connect.onnx.document import document
    from stepcast.connect.onnx.networks import onnx_model

    model = _model(onnx_model, item, algorithm, run, results, bucket, endpoint)
    _deliver(model, document(model), out, as_json)


def _model(
    exported: "Callable[[Any, str], ItemModel]",
    item: str,
    algorithm: str | None,
    run: str,
    results: Path | None,
    bucket: str | None,
    endpoint: str | None,
) -> "ItemModel":
    from stepcast.cli.kept_run import opened
    from stepcast.connect.exchange.item import find_item
    from stepcast.connect.finished_run import find

    s3, name = opened(results, bucket, endpoint)
    found = find_item(find(s3, name, run), item)
    return exported(found, algorithm or found.task.algorithm)


def _deliver(model: "ItemModel", content: bytes, out: Path | None, as_json: bool) -> None:
    """Write ``content`` to the file, and say what it is; or to stdout alone."""
    if out is None:
        if as_json:
            raise typer.BadParameter("stdout is for the JSON: give the file with --out", param_hint="--json")
        sys.stdout.buffer.write(content)
        return
    out.write_bytes(content)
    facts = {
        "file": str(out),
        "item": model.item.name,
        "algorithm": model.algorithm,
        "form": model.form,
        "horizon": model.horizon,
        "first": model.item.moments[0],
        "last": model.item.moments[-1],
        "outputs": list(model.outputs),
        "predictor": model.item.run.manifest.predictor,
        "vintage": model.item.run.manifest.vintage,
    }
    if as_json:
        print_json(facts)
    else:
        print_line(
            f"{out}: {model.algorithm} of item {model.item.name!r} ({model.form}), "
            f"{plural(model.horizon, 'step')} from {model.item.moments[0]}"
        )
