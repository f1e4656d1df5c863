"""What inputs and outputs are called in files, and the words that explain them.

Outputs are named as in exports, the target as in the data: no domain has one called ``step``.
"""

from collections.abc import Iterator

from stepcast.connect.exchange.item_model import ItemModel

__all__ = ["STEP", "documentation", "output_meaning", "step_meaning"]

STEP = "step"


def step_meaning(model: ItemModel) -> str:
    first, last = model.item.moments[0], model.item.moments[-1]
    return f"how many periods ahead: 1 is {first}, {model.horizon} is {last}"


def output_meaning(name: str) -> str:
    if name == "mean":
        return "the point forecast"
    return f"what the value is below with a probability of {name.removeprefix('p')}%"


def documentation(model: ItemModel, latest: str) -> Iterator[str]:
    """Lines that explain the file to who opens it; ``latest`` names the inputs of the latest values."""
    item, manifest = model.item, model.item.run.manifest
    key = ", ".join(f"{name} {part!r}" for name, part in zip(item.key_names, item.key, strict=True))
    yield f"Series: {key}; target {item.target}; a period is {item.panel.frequency}."
    yield f"Model: {model.algorithm}: {model.form}."
    yield f"Input {STEP}: {step_meaning(model)}."
    if len(model.latest):
        yield f"Input {latest}: the latest values, the last one first; if left out, those of the run."
    for name in model.outputs:
        yield f"Output {name}: {output_meaning(name)}."
    yield f"Origin: run {manifest.run}, vintage {manifest.vintage}, predictor {manifest.predictor}."
