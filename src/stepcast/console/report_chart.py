"""A small chart of a series as SVG, for a page without scripts."""

import numpy as np
from numpy.typing import NDArray

from stepcast.console.vintage_index import Floats

__all__ = ["chart"]

WIDTH, HEIGHT, TOP = 640, 120, 6


def chart(
    past: tuple[NDArray[np.int64], Floats] | None,
    ahead: NDArray[np.int64],
    middle: Floats,
    band: tuple[Floats, Floats] | None,
) -> tuple[str, float, float]:
    """History and forecast, with the outer quantiles as a band; the lowest and the highest value of the axis.

    Moments are in seconds; a value that is not finite is a gap. The classes are the style sheet's.
    """
    moments, values = past if past is not None else (ahead[:0], middle[:0])
    low, high = band if band is not None else (middle, middle)
    shown = np.concatenate([values, low, high, middle])
    shown = shown[np.isfinite(shown)]
    bottom, top = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
    if 0 < bottom < top / 2:
        bottom = 0.0
    first = int(moments[0]) if len(moments) else int(ahead[0])
    span, height = max(int(ahead[-1]) - first, 1), (top - bottom) or 1.0

    def points(t: NDArray[np.int64], v: Floats) -> list[str]:
        x = (t - first) / span * WIDTH
        y = TOP + (HEIGHT - TOP) * (1 - (v - bottom) / height)
        return [f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True)]

    parts = []
    if band is not None and np.isfinite(low).all() and np.isfinite(high).all():
        outline = points(ahead, high) + points(ahead, low)[::-1]
        parts.append(f'<polygon class="band" points="{" ".join(outline)}"/>')
    for kind, t, v in (("past", moments, values), ("ahead", ahead, middle)):
        for places in _runs(np.isfinite(v)):
            line = " ".join(points(t[places], v[places]))
            parts.append(f'<polyline class="{kind}" points="{line}"/>')
    start = (int(ahead[0]) - first) / span * WIDTH
    parts.append(f'<line class="now" x1="{start:.1f}" x2="{start:.1f}" y1="0" y2="{HEIGHT}"/>')
    inner = "".join(parts)
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">{inner}</svg>'
    return svg, bottom, top


def _runs(known: NDArray[np.bool_]) -> list[slice]:
    """The stretches without a gap.

    >>> _runs(np.array([True, True, False, True]))
    [slice(0, 2, None), slice(3, 4, None)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [slice(begin, end) for begin, end in edges.reshape(-1, 2).tolist()]
