"""A panel as arrays that windows can be cut from: every series on the same columns, the last one its end."""

from dataclasses import dataclass

import numpy as np

from stepcast.engine.arrays import Flags, Floats, Integers
from stepcast.engine.auto.series.covariates import CovariateEncoder
from stepcast.engine.neural.calendar_features import calendar_features
from stepcast.engine.panel import Panel

__all__ = ["Grid", "grid_of"]


@dataclass(frozen=True)
class Grid:
    """``length`` columns that end with the panel's end; ``ahead`` more where something is known.

    ``values``    (series, length), 0 where missing; ``known`` says where it is not.
    ``first``     (series,) columns before the series' first known value; negative where it lies before.
    ``shared``    (length + ahead, features) the same for every series: calendar and holidays.
    ``own``       (series, length + ahead, features) related features, and whether each is known.
    ``codes``     (series, attributes) numbers of the item's categories; 0 is unknown.
    """

    values: Floats
    known: Flags
    first: Integers
    shared: Floats
    own: Floats
    codes: Integers

    @property
    def length(self) -> int:
        return int(self.values.shape[1])


def grid_of(panel: Panel, encoder: CovariateEncoder, length: int, ahead: int) -> Grid:
    """The last ``length`` periods of ``panel``, and what is known of ``ahead`` more."""
    values = np.zeros((len(panel), length))
    known = np.zeros((len(panel), length), bool)
    first = np.full(len(panel), length)
    features = len(encoder.features)
    own = np.zeros(
        (len(panel), length + ahead, 2 * features), "f4"
    )  # single precision is all they are read in
    codes = np.zeros((len(panel), len(encoder.attributes)), np.int64)
    periods = panel.end - length + 1 + np.arange(length + ahead)
    shared = calendar_features(periods, panel.frequency)
    for row, (history, covariates) in enumerate(zip(panel.values, encoder.encode(panel, ahead), strict=True)):
        kept = min(len(history), length)
        finite = np.isfinite(history)
        if finite.any():
            first[row] = length - len(history) + int(finite.argmax())
        if kept:
            known[row, -kept:] = finite[-kept:]
            values[row, -kept:] = np.where(finite, history, 0.0)[-kept:]
        if covariates is None:
            continue
        if features:
            given = covariates.related[:, len(history) - kept :]
            seen = np.isfinite(given)
            own[row, length - kept :, :features] = np.where(seen, given, 0.0).T
            own[row, length - kept :, features:] = seen.T
        codes[row] = np.where(np.isfinite(covariates.codes), covariates.codes + 1, 0)
    if encoder.countries:
        from stepcast.engine.holidays import holiday_columns

        shared = np.concatenate(
            [shared, holiday_columns(encoder.countries, periods, panel.frequency).values], axis=1
        )
    return Grid(values, known, first, shared, own, codes)
