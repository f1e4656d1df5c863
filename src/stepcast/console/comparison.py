"""The API that compares two runs: what was asked, what it was made of, how good it is, what it says."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from stepcast.console.answers import Answer, Refusal, json_answer, number
from stepcast.console.forecasts import Forecasts
from stepcast.console.requests import Request
from stepcast.console.runs import Runs
from stepcast.console.stack import Stack
from stepcast.console.vintage_index import Floats, VintageIndex, aligned
from stepcast.pipeline import layout, lineage, objects
from stepcast.pipeline.errors import ResourceNotFoundException
from stepcast.pipeline.vintages import Manifest

__all__ = ["Comparison"]

SHOWN = 20  # items of a list
ABSENT = "–"


class Comparison:
    """Of two runs that ended with a forecast."""

    def __init__(self, stack: Stack, runs: Runs, forecasts: Forecasts) -> None:
        self._stack, self._runs, self._forecasts = stack, runs, forecasts

    def read(self, request: Request) -> Answer:
        """``before`` and ``after`` are names of runs."""
        names = [request.text(one) for one in ("before", "after")]
        before, after = (self._index(name) for name in names)
        one, other = before.manifest, after.manifest
        return json_answer(
            {
                "runs": [
                    {"name": name, "vintage": index.manifest.vintage}
                    for name, index in zip(names, (before, after), strict=True)
                ],
                "facts": _differences(_facts(one), _facts(other), every=True),
                "params": _differences(self._params(before), self._params(after)),
                "files": _differences(self._files(one), self._files(other)),
                "accuracy": _accuracy(one, other),
                "key_names": after.key_names,
                **_items(before, after),
            }
        )

    def _index(self, name: str) -> VintageIndex:
        vintage = self._runs.vintage(name)
        try:
            return self._forecasts.index(vintage)
        except Refusal:
            raise Refusal(
                404, f"run {name} has no forecast to compare: it failed, or has not ended"
            ) from None

    def _params(self, index: VintageIndex) -> dict[str, str]:
        """Every value by its path."""
        for root in (layout.FORECAST, layout.HISTORY):
            try:
                key = layout.vintage_params(root, index.manifest.vintage)
                return dict(_leaves(objects.read_json(self._stack.s3, self._stack.bucket, key)))
            except ResourceNotFoundException:
                continue
        return {}

    def _files(self, manifest: Manifest) -> dict[str, str]:
        """By key, which content: its size, and enough of its ETag to tell versions apart."""
        try:
            found = lineage.read(self._stack.s3, self._stack.bucket, manifest.predictor)
        except ResourceNotFoundException:
            return {}
        return {file.key: f"{file.size:,} bytes, {file.etag.strip(chr(34))[:8]}" for file in found.files}


def _facts(manifest: Manifest) -> dict[str, str]:
    return {
        "Items": f"{manifest.items:,}",
        "Horizon": f"{manifest.horizon:,} of {manifest.frequency}",
        "Forecast from": manifest.first,
        "Forecast to": manifest.last,
        "Model": manifest.best,
        "Stepcast": " ".join(filter(None, (manifest.stepcast, manifest.commit[:8]))) or ABSENT,
    }


def _leaves(document: Any, path: str = "$") -> Iterator[tuple[str, str]]:
    """Every value of a JSON document by its path; members of a list of named things by their names."""
    if isinstance(document, dict) and document:
        for name, value in document.items():
            yield from _leaves(value, f"{path}.{name}")
    elif isinstance(document, list) and any(isinstance(one, dict) for one in document):
        for place, value in enumerate(document):
            name = value.get("DatasetName") or value.get("AttributeName") if isinstance(value, dict) else None
            yield from _leaves(value, f"{path}[{name or place}]")
    else:
        yield path, json.dumps(document, ensure_ascii=False)


def _differences(one: dict[str, str], other: dict[str, str], every: bool = False) -> list[list[str]]:
    """Name, before and after of what differs, in the order of ``other``."""
    rows = ([name, one.get(name, ABSENT), other.get(name, ABSENT)] for name in {**other, **one})
    return [row for row in rows if every or row[1] != row[2]]


def _accuracy(one: Manifest, other: Manifest) -> list[list[Any]]:
    """Metrics of the forecasts' models over all items and windows, then the score of every model."""
    own = [
        next((e.metrics for e in manifest.evaluations if (e.model, e.window) == (manifest.best, None)), {})
        for manifest in (one, other)
    ]
    rows = [[name, *(number(metrics.get(name)) for metrics in own)] for name in {**own[1], **own[0]}]
    names = {**other.scores, **one.scores}
    return rows + [
        [f"{other.metric} of {name}", number(one.scores.get(name)), number(other.scores.get(name))]
        for name in names
    ]


def _items(before: VintageIndex, after: VintageIndex) -> dict[str, Any]:
    """Totals, and the items whose forecast or whose error changed most."""
    known = aligned(after, before, np.ones(len(before)))
    both = np.isfinite(known)
    old = aligned(after, before, before.volume) / before.manifest.horizon
    new = after.volume / after.manifest.horizon
    old_error, new_error = aligned(after, before, before.figures["wql"]), after.figures["wql"]
    better, worse = new_error < old_error, new_error > old_error
    return {
        "items": {
            "both": int(both.sum()),
            "new": int((~both).sum()),
            "gone": len(before) - int(both.sum()),
            "better": int(better.sum()),
            "worse": int(worse.sum()),
        },
        "mean": [number(float(np.sum(index.volume)) / index.manifest.horizon) for index in (before, after)],
        "moved": _largest(after, np.abs(new - old), old, new),
        # An item's error counts as much as its volume does.
        "errors": _largest(after, np.abs(new_error - old_error) * np.abs(new), old_error, new_error),
    }


def _largest(index: VintageIndex, size: Floats, old: Floats, new: Floats) -> list[dict[str, Any]]:
    known = np.where(np.isfinite(size), size, -1)
    return [
        {"key": index.key(place), "before": number(old[place]), "after": number(new[place])}
        for place in np.argsort(-known, kind="stable")[:SHOWN].tolist()
        if known[place] > 0
    ]
