"""Small data frames of every frequency, the same in every session."""

import numpy as np
import pandas as pd

__all__ = ["daily", "frame_of"]

# pandas' word for each frequency of params.json; weeks and months begin where pandas has them begin.
WORDS = {
    "15min": "15min",
    "H": "h",
    "6H": "6h",
    "D": "D",
    "2D": "2D",
    "W": "W-SUN",
    "2W": "2W-MON",
    "M": "MS",
    "3M": "QE",
    "Y": "YS",
}


def frame_of(freq: str, periods: int, items: int = 3, *, gaps: bool = False) -> pd.DataFrame:
    """Long: a season of 7 and noise, later items shorter; with ``gaps``, rows are missing and doubled."""
    chance = np.random.default_rng(periods)
    parts = []
    for number in range(items):
        moments = pd.date_range("2019-01-01", periods=periods, freq=WORDS[freq])[number * 2 :]
        season = np.sin(np.arange(len(moments)) * 2 * np.pi / 7)
        values = (20 + 10 * number) * (1 + 0.3 * season + chance.normal(0, 0.05, len(moments)))
        parts.append(
            pd.DataFrame({"item_id": f"item {number}", "timestamp": moments, "target_value": values})
        )
    frame = pd.concat(parts, ignore_index=True)
    if gaps:
        frame = frame.drop(index=chance.choice(len(frame) - 10, 5, replace=False))
        frame = pd.concat([frame, frame.iloc[[3]]])
    return frame.sample(frac=1, random_state=1)


def daily(items: int = 3) -> pd.DataFrame:
    return frame_of("D", 60, items)
