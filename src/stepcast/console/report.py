"""The current forecast as one HTML file: the largest items, their accuracy, what changed."""

from html import escape
from importlib.resources import files
from typing import Any

import numpy as np

from stepcast import __version__
from stepcast.console.report_chart import chart
from stepcast.console.series_data import SeriesReader
from stepcast.console.vintage_index import (
    Floats,
    VintageIndex,
    central,
    changes,
    outer,
    read_index,
)
from stepcast.pipeline import layout, vintages
from stepcast.pipeline.vintages import Manifest

__all__ = ["report_page", "vintage_page"]

TOP = 20
HORIZONS_BACK = 4  # how much history precedes the forecast
MOST_CHANGED = 5


def report_page(s3: Any, bucket: str, top: int = TOP) -> str:
    """The page of the current forecast, with the ``top`` items of the largest volume.

    Raises:
        LookupError: there is no forecast yet.
    """
    manifest = vintages.current(s3, bucket)
    if manifest is None:
        raise LookupError(f"s3://{bucket}/ has no forecast yet")
    return vintage_page(s3, bucket, layout.FORECAST, manifest, top)


def vintage_page(s3: Any, bucket: str, root: str, manifest: Manifest, top: int = TOP) -> str:
    """The page of the vintage under ``root``."""
    index = read_index(s3, bucket, root, manifest)
    change, previous = _compared(s3, bucket, index)
    reader = SeriesReader(s3, bucket)
    largest = np.argsort(-index.volume, kind="stable")[:top].tolist()
    title = f"Forecast of {manifest.dataset}"
    style = (files("stepcast.console") / "report.css").read_text("utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        f"<title>{escape(title)}</title><style>\n{style}</style></head><body>",
        f"<h1>{escape(title)}</h1>",
        f"<p>{escape(_span(index))}</p>",
        _figures(index),
        _changed(index, change, previous),
        f"<h2>The {len(largest):,} largest of {len(index):,} items</h2>",
        *(_item(reader, index, place, float(change[place])) for place in largest),
        f"<footer>Vintage {manifest.vintage}, run {escape(manifest.run)}, Stepcast {__version__}</footer>",
        "</body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _compared(s3: Any, bucket: str, index: VintageIndex) -> tuple[Floats, str | None]:
    earlier = [name for name in vintages.names(s3, bucket, layout.HISTORY) if name < index.manifest.vintage]
    manifest = vintages.read(s3, bucket, earlier[-1], layout.HISTORY) if earlier else None
    if manifest is None:
        return np.full(len(index), np.nan), None
    return changes(index, read_index(s3, bucket, layout.HISTORY, manifest)), earlier[-1]


def _span(index: VintageIndex) -> str:
    manifest = index.manifest
    first, last = (_moment(text) for text in (manifest.first, manifest.last))
    steps = f"{manifest.horizon:,} steps of {manifest.frequency}, {first} to {last}"
    return f"{steps}; made {_made(manifest.vintage)} by {manifest.best}"


def _figures(index: VintageIndex) -> str:
    manifest = index.manifest
    metrics: dict[str, float | None] = next(
        (one.metrics for one in manifest.evaluations if one.model == manifest.best and one.window is None), {}
    )
    edges = outer(manifest)
    pairs = [("Items", f"{manifest.items:,}")]
    ours, naive = manifest.scores.get(manifest.best), manifest.scores.get("SeasonalNaive")
    if ours is not None:
        pairs.append((_words(manifest.metric), _number(ours)))
    if ours is not None and naive:
        pairs.append(("Compared with seasonal naive", f"{ours / naive:.2f}×"))
    if metrics.get("wape") is not None:
        pairs.append(("WAPE", f"{metrics['wape']:.1%}"))
    if metrics.get("coverage") is not None and edges is not None:
        pairs.append((f"Inside {edges[0]} to {edges[1]}", f"{metrics['coverage']:.0%}"))
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in pairs)
    return f"<dl>{cells}</dl><p>Accuracy is that of the backtest.</p>"


def _changed(index: VintageIndex, change: Floats, previous: str | None) -> str:
    """The items whose forecast moved most, by how much of a period's volume that is."""
    if previous is None or not np.isfinite(change).any():
        return ""
    mean = index.volume / index.manifest.horizon
    moved = np.where(np.isfinite(change), np.abs(mean - mean / (1 + change)), -1)
    places = [
        place for place in np.argsort(-moved, kind="stable")[:MOST_CHANGED].tolist() if moved[place] > 0
    ]
    rows = "".join(
        f"<tr><th scope=row>{_name(index, place)}</th><td class=number>{_number(float(mean[place]))}</td>"
        f"<td class=number>{float(change[place]):+.1%}</td></tr>"
        for place in places
    )
    head = "<th>Item</th><th class=number>Mean of a period</th><th class=number>Change</th>"
    return (
        f"<h2>What changed most since {_made(previous)}</h2>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _item(reader: SeriesReader, index: VintageIndex, place: int, change: float) -> str:
    manifest = index.manifest
    ahead, outputs = reader.forecast(index, place)
    edges = outer(manifest)
    band = (outputs[edges[0]], outputs[edges[1]]) if edges else None
    history = reader.history(index, place)
    past = None
    if history is not None:
        shown = slice(-HORIZONS_BACK * manifest.horizon, None)
        past = history[0][shown], np.where(history[2], history[1], np.nan)[shown]
    facts = [f"Volume {_number(float(index.volume[place]))}"]
    for name, values, form in (
        ("wQL", index.figures["wql"], _number),
        ("vs seasonal naive", index.ratio, lambda ratio: f"{ratio:.2f}×"),
        ("coverage", index.figures["coverage"], lambda share: f"{share:.0%}"),
    ):
        if np.isfinite(values[place]):
            facts.append(f"{name} {form(float(values[place]))}")
    if np.isfinite(change):
        facts.append(f"change {change:+.1%}")
    facts.append(f"{central(manifest)}{f', {edges[0]} to {edges[1]}' if edges else ''}")
    begins = int(past[0][0]) if past is not None and len(past[0]) else int(ahead[0])
    svg, bottom, top = chart(past, ahead, outputs[central(manifest)], band)
    first, last = (_moment(str(np.datetime64(t, "s"))) for t in (begins, int(ahead[-1])))
    axis = f"vertical axis: {_number(bottom)} to {_number(top)}"
    note = reader.why(index, place).get("note")
    parts = (
        f"<h3>{_name(index, place)}</h3><p>{' · '.join(facts)}</p>",
        svg,
        f"<div class=scale><span>{first}</span><span>{axis}</span><span>{last}</span></div>",
        f"<p>{escape(note)}</p>" if note else "",
    )
    return f"<section>{''.join(parts)}</section>"


def _name(index: VintageIndex, place: int) -> str:
    return escape(" · ".join(index.key(place)))


def _number(value: float) -> str:
    """Four significant digits: 12,340 but 0.1234."""
    size = abs(value)
    places = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 10 else 3
    return f"{value:,.{places}f}"


def _made(vintage: str) -> str:
    return f"{layout.moment_of(vintage):%d %b %Y, %H:%M UTC}"


def _moment(text: str) -> str:
    return text.removesuffix("T00:00:00").replace("T", " ")


def _words(metric: str) -> str:
    return {"AverageWeightedQuantileLoss": "Weighted quantile loss"}.get(metric, metric)
