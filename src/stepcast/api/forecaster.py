"""Forecasts of data frames."""

import inspect
import logging
import operator
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from stepcast.api import saved
from stepcast.api.document import LEVELS, Columns, Settings, document_of, write_frames, zone_of
from stepcast.api.errors import InvalidInput, NoHierarchy, NotFitted, UnknownItem, WrongFrame
from stepcast.api.fitted import Fitted, fit
from stepcast.api.frames import as_given, library_of
from stepcast.api.frequencies import frequency_of
from stepcast.api.imported import Imported
from stepcast.api.level_results import accuracy_levels_table, check_level_names, forecast_levels_table
from stepcast.api.levels import fit_levels
from stepcast.api.results import backtest_table, check_names, forecast_table, leaderboard_table
from stepcast.engine.results import Explanation, Forecast
from stepcast.engine.task import Task
from stepcast.pipeline.params import Params
from stepcast.pipeline.problems import Problem, Report
from stepcast.pipeline.shards import label
from stepcast.pipeline.task import task_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Forecaster"]

Forecasted = tuple[Fitted, tuple[Forecast, ...]]

NO_LEVELS = 'there are no levels but the series: fit with hierarchy=, such as hierarchy=["category"]'

log = logging.getLogger("stepcast")


class Forecaster:
    """Quantile forecasts of many series: ``Forecaster(horizon=14).fit(df).predict()``.

    The rules for gaps, duplicates, frequencies and grids are those of the pipeline's import, and the results
    are bit for bit those of ``stepcast run`` with the same rows and ``params_``.

    ``horizon``      periods to forecast, up to 500.
    ``freq``         "15min", "H", "D", "W", "M", "Y", a multiple of these, or pandas' word for it; None takes
                     that of the rows.
    ``quantiles``    between .01 and .99, with at most two decimals.
    ``mean``         whether the mean is forecast, too.
    ``algorithm``    "ETS", "ARIMA", "NPTS", "Prophet", "CNN-QR", "Deep_AR_Plus" or "LSTM"; None is the
                     AutoPredictor. ``parameters`` are the algorithm's, as docs/how-to/params.md lists them.
    ``network``      "CNN-QR", "Deep_AR_Plus" or "LSTM": joins the AutoPredictor where it pays, as
                     docs/how-to/neural.md explains; ``parameters`` are then the network's.
    ``season``       periods in a season, up to 1,500, where it is not the calendar's; 1 for none. None takes
                     the day and the week of minutes and hours, the week of days, the year of weeks, months.
    ``holidays``     codes of countries, such as "DE", whose public holidays may explain the series.
    ``fill``         what a period without a row holds: "zero", "nan" (unknown), "mean", "median", "min" or
                     "max". None decides by the rows: zero where they count events, unknown elsewhere.
    ``aggregation``  of several rows in one period: "sum", "avg", "first", "min" or "max".
    ``windows``      of the backtest, 1 to 5.
    ``time_budget``  CPU seconds that training may take; None is as long as it takes.
    ``bounds``       what no value can lie outside of, such as ``(0, 100)``; None on a side is no bound, and a
                     name is the column of ``metadata`` that has each item's own: ``(0, "capacity")``.
    ``time_zone``    the local time of timestamps with an offset, such as "Europe/Berlin".
    ``hierarchy``    the columns that split the total, from the top down, of ``metadata`` or of those that
                     identify a series together: ``["department", "category"]``. Sums are forecast, too, and
                     agree with the series. ``[]`` is the total alone; ``{"Levels": ["category"], "Method":
                     "BottomUp"}`` chooses a method, as docs/how-to/hierarchy.md lists them.

    After ``fit``: ``params_`` is the params.json that a run would need for the same results, ``report_`` has
    what was noticed in the data, ``freq_`` is the frequency.
    """

    def __init__(
        self,
        horizon: int,
        freq: str | None = None,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        *,
        mean: bool = False,
        algorithm: str | None = None,
        parameters: Mapping[str, Any] | None = None,
        holidays: Sequence[str] | str = (),
        fill: str | None = None,
        aggregation: str = "sum",
        windows: int = 1,
        time_budget: float | None = None,
        time_zone: str | None = None,
        network: str | None = None,
        season: int | None = None,
        bounds: tuple[float | str | None, float | str | None] | None = None,
        hierarchy: Sequence[str] | Mapping[str, Any] | None = None,
    ) -> None:
        self.horizon = horizon
        self.freq = freq
        self.quantiles = quantiles
        self.mean = mean
        self.algorithm = algorithm
        self.parameters = parameters
        self.holidays = holidays
        self.fill = fill
        self.aggregation = aggregation
        self.windows = windows
        self.time_budget = time_budget
        self.time_zone = time_zone
        self.network = network
        self.season = season
        self.bounds = bounds
        self.hierarchy = hierarchy

    def fit(
        self,
        df: Any,
        *,
        item_id: str | Sequence[str] | None = "item_id",
        timestamp: str = "timestamp",
        target: str = "target_value",
        related: Any = None,
        metadata: Any = None,
    ) -> Self:
        """Learn from ``df``, a data frame of pandas, polars, pyarrow or anything that speaks Arrow.

        Long, with a row for each item and moment; or wide, with a column for each item. Several columns may
        identify a series together; with None there is one series.

        ``related``   numbers of each item and moment that may explain the target: a price, the weather. Known
                      ahead where they go on after the end of ``df``; then they must cover the horizon.
        ``metadata``  one row for each item, with what never changes about it. An item that has no rows in
                      ``df`` is forecast like those that resemble it.

        Raises WrongFrame where a column is missing, InvalidInput with every problem of arguments and rows.
        """
        columns = Columns(_names(item_id), timestamp, target, levels=_levels(self.hierarchy))
        settings = self._settings()
        with tempfile.TemporaryDirectory(prefix="stepcast-frames-") as folder:
            files = write_frames(Path(folder), columns, df, related, metadata)
            document = document_of(settings, columns, files)
            if (zone := zone_of(files)) is not None:
                columns = replace(columns, zone=self.time_zone or zone)
            with Imported(document, files, arguments=True) as imported:
                check_names(columns, imported.task)
                if settings.hierarchy is not None:
                    check_level_names(columns, imported.params)
                imported.warn()
                with _compiling_told():
                    fitted, sums = _learned(imported, imported.task)
        self._columns, self._library = columns, library_of(df)
        self._frames = related is not None, metadata is not None
        self._fitted, self._sums, self._params = fitted, sums, imported.params
        self.params_, self.report_ = document, imported.report
        self.freq_ = str(imported.params.frequency)
        self._forecasts: tuple[Forecast, ...] | None = None
        return self

    def predict(
        self,
        df: Any = None,
        *,
        related: Any = None,
        metadata: Any = None,
        quantiles: Sequence[float] | None = None,
    ) -> Any:
        """The forecast: one row for each series and moment, in the kind of data frame that ``fit`` got.

        Columns are those that identify the series, the timestamp, ``mean`` if asked for, and p10, p50, p90.
        With ``df``, new rows are forecast from their own end, with what was learned before: nothing is
        learned jointly again. ``quantiles`` are others than those of the forecaster, from .01 to .99, of the
        same forecast. With a hierarchy, the forecasts agree with those of all sums.
        """
        (fitted, forecasts), _ = self._asked(df, related, metadata, quantiles)
        return as_given(forecast_table(fitted, forecasts, self._columns), self._library)

    def predict_levels(
        self,
        df: Any = None,
        *,
        related: Any = None,
        metadata: Any = None,
        quantiles: Sequence[float] | None = None,
    ) -> Any:
        """The forecast of every level of ``hierarchy``, from the total down to the series: these add up.

        Columns are ``level`` (``total``, the columns of ``hierarchy``, ``series``), these columns, those that
        identify the series, and then as of ``predict``, which has the same arguments. What splits a level
        below a row's own is empty. NoHierarchy where the forecaster has none.
        """
        series, sums = self._asked(df, related, metadata, quantiles)
        if sums is None:
            raise NoHierarchy(NO_LEVELS)
        table = forecast_levels_table([sums, series], self._params, self._columns)
        return as_given(table, self._library)

    def backtest(self, windows: int | None = None) -> Any:
        """What would have been forecast for the last windows of the past, and the outcome.

        One row for each series, window (1 is the latest) and observed moment. ``windows`` other than those of
        ``fit`` are learned for anew, which takes as long as ``fit``.
        """
        fitted, _ = self._known()
        if windows is not None and windows != fitted.task.windows:
            fitted = self._tested_again(windows)
        return as_given(backtest_table(fitted, self._columns), self._library)

    def leaderboard(self) -> Any:
        """Accuracy in the backtest: a row for each series, then one over all, beside SeasonalNaive's."""
        fitted, forecasts = self._known()
        table = leaderboard_table(fitted, forecasts, self._params, self._columns)
        return as_given(table, self._library)

    def accuracy_levels(self) -> Any:
        """Accuracy of every level of ``hierarchy`` in the backtest: a row for each level, one for each sum.

        ``wql_unreconciled`` is of the forecasts as they were made, one by one. NoHierarchy where the
        forecaster has none.
        """
        fitted, forecasts = self._known()
        if self._sums is None:
            raise NoHierarchy(NO_LEVELS)
        table = accuracy_levels_table(fitted, forecasts, self._sums, self._params, self._columns)
        return as_given(table, self._library)

    def explain(self, item: str | Sequence[str]) -> Explanation:
        """Why a series is forecast as it is: its members and their weights, its seasons, what was missing."""
        fitted, forecasts = self._known()
        wanted = label(_names(item))
        for shard, forecast in zip(fitted.shards, forecasts, strict=True):
            if wanted in shard.panel.ids:
                return forecast.explanations[shard.panel.ids.index(wanted)]
        raise UnknownItem(self._unknown(wanted))

    def plot(self, items: Sequence[str] | str | None = None, *, most: int = 6) -> "Figure":
        """History and forecast of ``items``, or of the ``most`` largest, as a Matplotlib figure."""
        from stepcast.api.charted import charted  # Matplotlib takes most of a second
        from stepcast.charting.drawing import figure_of

        fitted, forecasts = self._known()
        wanted = [items] if isinstance(items, str) else items
        try:
            series = list(charted(fitted, forecasts, wanted, most, self._columns.target))
        except KeyError as error:
            raise UnknownItem(self._unknown(error.args[0])) from None
        return figure_of(series)

    def save(self, path: str | Path) -> None:
        """Write everything that was learned to one file, which contains no code."""
        fitted, _ = self._known()
        facts = saved.Facts(
            arguments={name: _plain(value) for name, value in self.get_params().items()},
            columns=asdict(self._columns),
            library=self._library,
            frames=self._frames,
            document=self.params_,
            report=self.report_.to_json(),
        )
        saved.write(Path(path), facts, fitted, self._sums)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The forecaster that ``save`` wrote. WrongFile where the file is something else."""
        facts, parts = saved.read(Path(path))
        made = cls(facts.arguments["horizon"])
        for name, value in facts.arguments.items():
            setattr(made, name, tuple(value) if isinstance(value, list) else value)
        made._params = Params.model_validate(facts.document)
        task = task_of(made._params)
        made._fitted, made._sums = parts.fitted(task), parts.sums(task)
        listed = {name: tuple(facts.columns.get(name, ())) for name in ("item_id", "levels")}
        made._columns = Columns(**{**facts.columns, **listed})
        made._library = facts.library
        made._frames = facts.frames
        made.params_, made.report_ = facts.document, Report.from_json(facts.report)
        made.freq_ = str(made._params.frequency)
        made._forecasts = None
        return made

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments, as scikit-learn asks for them."""
        del deep
        return {name: getattr(self, name) for name in _ARGUMENTS}

    def set_params(self, **arguments: Any) -> Self:
        """Change arguments; ``fit`` is then due again."""
        for name, value in arguments.items():
            if name not in _ARGUMENTS:
                raise ValueError(f"there is no argument {name!r}; there are {', '.join(_ARGUMENTS)}")
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        signature = inspect.signature(type(self).__init__).parameters
        given = {name: repr(value) for name, value in self.get_params().items()}
        told = [f"{name}={text}" for name, text in given.items() if text != repr(signature[name].default)]
        return f"{type(self).__name__}({', '.join(told)})"

    def _settings(self) -> Settings:
        if isinstance(self.quantiles, float | str):
            raise _invalid("quantiles", f"{self.quantiles!r} is no list", f"Write [{self.quantiles}]")
        return Settings(
            horizon=_whole("horizon", self.horizon, 500),
            freq=None if self.freq is None else frequency_of(self.freq),
            quantiles=tuple(self.quantiles),
            mean=self.mean,
            algorithm=self.algorithm,
            parameters=dict(self.parameters or {}),
            holidays=_names(self.holidays),
            fill=self.fill,
            aggregation=self.aggregation,
            windows=_whole("windows", self.windows, 5),
            time_budget=None if self.time_budget is None else float(self.time_budget),
            time_zone=self.time_zone,
            network=self.network,
            season=self.season,
            bounds=_bounds(self.bounds),
            hierarchy=_hierarchy(self.hierarchy),
        )

    def _known(self) -> Forecasted:
        if not hasattr(self, "_fitted"):
            raise NotFitted("nothing was learned yet: call fit(df) first")
        if self._forecasts is None:
            with _compiling_told():
                self._forecasts = self._fitted.forecasts()
        return self._fitted, self._forecasts

    def _asked(
        self, df: Any, related: Any, metadata: Any, quantiles: Sequence[float] | None
    ) -> tuple[Forecasted, Forecasted | None]:
        """The series, and the sums of a hierarchy, with the forecast that ``predict`` is asked for."""
        fitted, forecasts = self._known()
        sums = self._sums
        if df is not None:
            fitted, sums = self._of_new(df, related, metadata)
        elif related is not None or metadata is not None:
            raise WrongFrame("related and metadata belong to new rows: give df, too, or fit again")
        if quantiles is not None:
            for one in quantiles:
                if not 0.01 <= one <= 0.99:
                    raise _invalid("quantiles", f"{one!r} is not allowed", "Write numbers from 0.01 to 0.99")
            fitted, sums = fitted.asked(quantiles), None if sums is None else sums.asked(quantiles)
        if fitted is not self._fitted:
            forecasts = fitted.forecasts()
        return (fitted, forecasts), None if sums is None else (sums, sums.forecasts())

    def _of_new(self, df: Any, related: Any, metadata: Any) -> tuple[Fitted, Fitted | None]:
        for name, had, given in zip(
            ("related", "metadata"), self._frames, (related is not None, metadata is not None), strict=True
        ):
            if had and not given:
                raise WrongFrame(f"fit had {name}=: give that of the new rows, too")
            if given and not had:
                raise WrongFrame(f"fit had no {name}=: leave it out, or fit with it")
        with tempfile.TemporaryDirectory(prefix="stepcast-frames-") as folder:
            files = write_frames(Path(folder), self._columns, df, related, metadata)
            with Imported(self.params_, files, arguments=True) as imported:
                imported.warn()
                return _learned(imported, self._fitted.task, self._fitted.shared)

    def _tested_again(self, windows: int) -> Fitted:
        windows = _whole("windows", windows, 5)
        task = replace(self._fitted.task, windows=windows)
        with _compiling_told():
            if self._sums is None:
                return fit(self._fitted.shards, task)
            series, _ = fit_levels(self._fitted.shards, self._sums.shards, self._params, task)
            return series

    def _unknown(self, item: str) -> str:
        import difflib

        ids = [name for shard in self._fitted.shards for name in shard.panel.ids]
        close = difflib.get_close_matches(item, ids, 3)
        meant = f"; did you mean {', '.join(map(repr, close))}?" if close else ""
        return f"there is no series {item!r} among {len(ids):,}{meant}"


_ARGUMENTS = tuple(name for name in inspect.signature(Forecaster.__init__).parameters if name != "self")


def _learned(imported: Imported, task: Task, shared: bytes | None = None) -> tuple[Fitted, Fitted | None]:
    """The series, and with a hierarchy their sums."""
    if imported.params.predictor.hierarchy is None:
        return fit(imported.shards(), task, shared), None
    return fit_levels(imported.shards(), imported.sums(), imported.params, task, shared)


def _levels(hierarchy: Any) -> tuple[str, ...]:
    """The columns that split the total."""
    given = hierarchy.get(LEVELS, ()) if isinstance(hierarchy, Mapping) else hierarchy
    if given is None:
        return ()
    if isinstance(given, Iterable) and all(isinstance(name, str) for name in given):
        return _names(given)
    raise _invalid("hierarchy", f"{given!r} is no list of columns", 'Write their names, such as ["category"]')


def _hierarchy(given: Any) -> Mapping[str, Any] | None:
    """What params.json has of it besides its levels."""
    if not isinstance(given, Mapping):
        return None if given is None else {}
    return {name: one for name, one in given.items() if name != LEVELS}


def _bounds(given: Any) -> tuple[float | str | None, float | str | None] | None:
    if given is None:
        return None
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != 2:
        raise _invalid(
            "bounds", f"{given!r} is not two bounds", "Write (minimum, maximum), such as (0, None)"
        )
    return given[0], given[1]


def _names(given: str | Iterable[str] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    return (given,) if isinstance(given, str) else tuple(given)


def _plain(value: Any) -> Any:
    """An argument as JSON has it."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value


def _whole(argument: str, given: Any, most: int) -> int:
    try:
        number = operator.index(given)
    except TypeError:
        number = 0
    if isinstance(given, bool) or not 1 <= number <= most:
        raise _invalid(argument, f"{given!r} is not a whole number from 1 to {most}", "Write one")
    return number


def _invalid(argument: str, message: str, remedy: str) -> InvalidInput:
    report = Report()
    report.add(Problem("params", "error", message, remedy, path=argument))
    return InvalidInput(report)


@contextmanager
def _compiling_told() -> Iterator[None]:
    """Say it where kernels are compiled, which takes most of a minute, once per machine."""
    from stepcast.engine.auto.compilation import compilations  # numba takes a second

    begun: list[str] = []

    def first(name: str) -> None:
        if not begun:
            log.warning("compiling the forecasting kernels, once per machine: this takes about a minute")
        begun.append(name)

    with compilations(first):
        yield
