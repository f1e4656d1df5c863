"""The interface of Nixtla's statsforecast over ``stepcast.Forecaster``; that package itself is not needed.

Source: StatsForecast.fit, .predict and .forecast of statsforecast 2.
"""

from collections.abc import Sequence
from typing import Any, Self

import pyarrow as pa

from stepcast.api.errors import NotFitted, WrongFrame
from stepcast.api.forecaster import Forecaster
from stepcast.api.frames import as_given, library_of, table_of
from stepcast.pipeline.params import output_label

__all__ = ["StepcastForecast"]

POLARS = {"mo": "M", "q": "3M", "y": "Y"}  # what it calls otherwise than pandas


class StepcastForecast:
    """``StepcastForecast(freq="D").fit(df).predict(h=14, level=[80, 95])`` over unique_id, ds and y.

    ``freq``   of the rows, in the words of pandas or polars; None takes that of the rows.
    ``alias``  what the column of forecasts is called, and those of its intervals begin with.

    Other arguments are those of ``stepcast.Forecaster``, but for horizon, quantiles and mean.
    """

    def __init__(self, freq: str | None = None, *, alias: str = "Stepcast", **arguments: Any) -> None:
        for own, instead in (("horizon", "h"), ("quantiles", "level"), ("mean", "the column of the alias")):
            if own in arguments:
                raise TypeError(f"{own} is not an argument here: predict has {instead}")
        Forecaster(1, **arguments)  # TypeError of others that it does not have
        self.freq, self.alias, self.arguments = freq, alias, arguments
        self._fitted: dict[int, Forecaster] = {}

    def fit(
        self,
        df: Any,
        *,
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        static_df: Any = None,
    ) -> Self:
        """Keep the rows; what is learned depends on ``h``, so ``predict`` learns, once for each ``h``.

        Columns other than these three are numbers that may explain the target. ``static_df`` has a row for
        each item, with what never changes about it.
        """
        self._columns = (id_col, time_col, target_col)
        self._table, self._static, self._library = table_of(df, "df"), static_df, library_of(df)
        for name in self._columns:
            if name not in self._table.column_names:
                raise WrongFrame(
                    f"df has no column {name!r}; it has {', '.join(self._table.column_names)}: name the "
                    "columns with id_col=, time_col= and target_col="
                )
        self._fitted = {}
        return self

    def predict(
        self,
        h: int,
        X_df: Any = None,  # noqa: N803  # its name there
        level: Sequence[float] | None = None,
    ) -> Any:
        """The mean of the next ``h`` periods, and for each ``level`` the bounds of that central interval.

        ``level`` is in percent, up to 98. ``X_df`` has the explaining columns over these periods; without it,
        only their past explains.
        """
        if not hasattr(self, "_table"):
            raise NotFitted("nothing was learned yet: call fit(df) first")
        levels = sorted(set(level or ()))
        for one in levels:
            if not 0 < one <= 98:
                raise ValueError(f"level is {one!r}: write percentages above 0 and up to 98")
        bounds = {
            **{f"lo-{one:g}": round(0.5 - one / 200, 6) for one in reversed(levels)},
            **{f"hi-{one:g}": round(0.5 + one / 200, 6) for one in levels},
        }
        forecaster = self._fitted.get(h) if X_df is None else None
        if forecaster is None:
            forecaster = self._learned(h, X_df)
            if X_df is None:
                self._fitted[h] = forecaster
        made = forecaster.predict(quantiles=[*bounds.values()] or [0.5])
        named = {name: made[name] for name in self._columns[:2]}
        named[self.alias] = made["mean"]
        named |= {f"{self.alias}-{name}": made[output_label(one)] for name, one in bounds.items()}
        return as_given(pa.table(named), self._library)

    def forecast(
        self,
        h: int,
        df: Any,
        X_df: Any = None,  # noqa: N803  # its name there
        level: Sequence[float] | None = None,
        **columns: Any,
    ) -> Any:
        """``fit`` and ``predict`` at once; ``columns`` are the other arguments of ``fit``."""
        return self.fit(df, **columns).predict(h, X_df, level)

    def _learned(self, h: int, future: Any) -> Forecaster:
        item, moment, target = self._columns
        features = [name for name in self._table.column_names if name not in self._columns]
        related = self._table.select([item, moment, *features]) if features else None
        if future is not None:
            if related is None:
                raise WrongFrame("X_df belongs to explaining columns, and df has none: leave it out")
            ahead = table_of(future, "X_df")
            if missing := [name for name in related.column_names if name not in ahead.column_names]:
                raise WrongFrame(f"X_df has no column {missing[0]!r}, which df has")
            ahead = ahead.select(related.column_names).cast(related.schema)
            related = pa.concat_tables([related, ahead])
        forecaster = Forecaster(h, _frequency(self.freq), mean=True, **self.arguments)
        return forecaster.fit(
            self._table,
            item_id=item,
            timestamp=moment,
            target=target,
            related=related,
            metadata=self._static,
        )


def _frequency(freq: str | None) -> str | None:
    """``freq`` in pandas' words, where it is in those of polars: 1mo, 3mo, 1q, 1y."""
    if freq is None:
        return None
    count = freq.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = POLARS.get(freq.removeprefix(count)) if count.isdecimal() else None
    if unit is None:
        return freq
    times = int(count) * int(unit[:-1] or 1)
    return f"{times if times > 1 else ''}{unit[-1]}"
