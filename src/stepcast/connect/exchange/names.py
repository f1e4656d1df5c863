"""What inputs and outputs are called in files, and the words that explain them."""

from collections.abc import Iterator
from dataclasses import dataclass

from stepcast.connect.exchange.formulas import named_in
from stepcast.connect.exchange.item_model import ItemModel

__all__ = ["Names", "names_of"]


@dataclass(frozen=True)
class Names:
    """``step`` and ``latest`` are inputs; ``outputs`` and ``derived`` map the model's names to the file's."""

    step: str
    latest: tuple[str, ...]
    outputs: dict[str, str]
    target: str
    derived: dict[str, str]

    def step_meaning(self, model: ItemModel) -> str:
        first, last = model.item.moments[0], model.item.moments[-1]
        return f"how many periods ahead: 1 is {first}, {model.horizon} is {last}"

    def latest_meaning(self, place: int) -> str:
        ago = "the last value" if place == 0 else f"the value {place} periods before the last one"
        return f"{ago}; where it is missing, that which the run knew"

    def output_meaning(self, name: str) -> str:
        if name == "mean":
            return "the point forecast"
        return f"what the value is below with a probability of {name.removeprefix('p')}%"

    def documentation(self, model: ItemModel) -> Iterator[str]:
        """Lines that explain the file to who opens it."""
        item, manifest = model.item, model.item.run.manifest
        key = ", ".join(f"{name} {part!r}" for name, part in zip(item.key_names, item.key, strict=True))
        yield f"Series: {key}; target {item.target}; a period is {item.panel.frequency}."
        yield f"Model: {model.algorithm}: {model.form}."
        yield f"Input {self.step}: {self.step_meaning(model)}."
        if self.latest:
            first, last = self.latest[0], self.latest[-1]
            which = f"Input {first}" if first == last else f"Inputs {first} to {last}"
            yield f"{which}: the latest values, the last one first; what is left out is as the run knew it."
        for name, written in self.outputs.items():
            yield f"Output {written}: {self.output_meaning(name)}."
        yield f"Origin: run {manifest.run}, vintage {manifest.vintage}, predictor {manifest.predictor}."


def names_of(model: ItemModel, latest: str = "") -> Names:
    """Names that do not collide: the target keeps the data's, the outputs the export's, wherever they can.

    All latest values are one input where it has a name, ``latest``; else each is an input.
    """
    taken = {"step"}

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    outputs = {name: free(name) for name in model.outputs}
    each = (latest,) if latest else (f"value_{place}_back" for place in range(1, len(model.latest) + 1))
    inputs = tuple(map(free, each)) if len(model.latest) else ()
    target = free(model.item.target)
    derived = {part.name: free(part.name) for part in named_in(model.point, *model.outputs.values())}
    return Names("step", inputs, outputs, target, derived)
