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

    def documentation(self, model: ItemModel) -> Iterator[str]:
        """Lines that explain the file to who opens it."""
        item, manifest = model.item, model.item.run.manifest
        key = ", ".join(f"{name} {part!r}" for name, part in zip(item.key_names, item.key, strict=True))
        yield f"Series: {key}; target {item.target}; a period is {item.panel.frequency}."
        yield f"Model: {model.algorithm}: {model.form}."
        yield f"Input {self.step}: {self.step_meaning(model)}."
        if self.latest:
            yield (
                f"Inputs {self.latest[0]} to {self.latest[-1]}: the latest values, {self.latest[0]} the last "
                "one. All may be left out: then the run's own values count."
            )
        quantiles = [name for name in self.outputs if name != "mean"]
        if quantiles:
            yield (
                f"Outputs {', '.join(self.outputs[name] for name in quantiles)}: quantiles; a value is below "
                "p90 with a probability of 90%."
            )
        if "mean" in self.outputs:
            yield f"Output {self.outputs['mean']}: the point forecast."
        yield f"Origin: run {manifest.run}, vintage {manifest.vintage}, predictor {manifest.predictor}."


def names_of(model: ItemModel) -> Names:
    """Names that do not collide: the target keeps the data's, the outputs the export's, wherever they can."""
    taken = {"step"}

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    outputs = {name: free(name) for name in model.outputs}
    latest = tuple(free(f"value_{place}_back") for place in range(1, len(model.latest) + 1))
    target = free(model.item.target)
    derived = {part.name: free(part.name) for part in named_in(model.point, *model.outputs.values())}
    return Names("step", latest, outputs, target, derived)
