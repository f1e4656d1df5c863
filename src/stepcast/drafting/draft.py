"""Generates a params.json from a sample of files, with all assumptions."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from stepcast.drafting.cells import decimal_comma, moment_of_cell, number_of_cell
from stepcast.drafting.errors import CannotDraft
from stepcast.drafting.grid import frequency_of_stamps
from stepcast.drafting.roles import Roles, check_names, period_columns, roles_of, value_columns
from stepcast.drafting.sample import DELIMITERS, ONE_ITEM, Sample, in_rows
from stepcast.drafting.wide import added_names
from stepcast.engine.arrays import Moments
from stepcast.engine.calendar import Periods, moment_of, period_of
from stepcast.engine.frequency import Frequency
from stepcast.engine.seasonality import season_length
from stepcast.pipeline.domains import DOMAINS, identifier_field, is_reserved, target_field
from stepcast.pipeline.importing.columns.timestamp_formats import DAY, MOMENT
from stepcast.pipeline.importing.periods.period_starts import period_starts
from stepcast.pipeline.importing.quoting import listed
from stepcast.pipeline.tables import is_taken

__all__ = ["Assumption", "Draft", "Wishes", "draft", "long_form", "schema_name"]

HORIZONS = {"D": 14, "W": 13, "Y": 3}  # periods; otherwise a season
LONGEST_HORIZON = 120  # periods assumed by default; more can be requested
SEASONS = {"min": "day", "H": "day", "D": "week", "W": "year", "M": "year"}
MOST_COLUMNS, MOST_DIMENSIONS = 13, 10  # of a target dataset
OFFSET = re.compile(r"([+-]\d\d:?\d\d|[Zz])$")
SHOWN = 6  # columns in an assumption
OFTEN = 0.1  # of the periods without a row: fewer are more likely missing than zero


@dataclass(frozen=True)
class Wishes:
    """Settings given by the user instead of assumed; None or empty if not given.

    Several ``targets``, or with ``wide`` all columns of numbers, are a series each.
    """

    time: str | None = None
    targets: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    frequency: str | None = None
    horizon: int | None = None
    domain: str | None = None
    time_format: str | None = None
    time_zone: str | None = None
    wide: bool = False


@dataclass(frozen=True)
class Assumption:
    """One assumption: the setting, its value, the reason, and how to change it."""

    what: str
    value: str
    why: str
    change: str


@dataclass(frozen=True)
class Draft:
    """``params`` ready for JSON.

    ``names``      of the columns in the schema.
    ``obstacles``  why the import cannot read the files unchanged; ``comma`` is whether numbers have
                   decimal commas.
    """

    params: dict[str, Any]
    roles: Roles
    names: dict[str, str]
    assumptions: tuple[Assumption, ...]
    obstacles: tuple[str, ...] = field(default=())
    comma: bool = False


def long_form(sample: Sample, wishes: Wishes) -> tuple[Sample, Wishes]:
    """The same with a row for each value, if the user says that columns are a series or a period each.

    CannotDraft if no column, or only one, contains numbers, or if no column has the items of several rows.
    """
    names = list(sample.columns)
    if wishes.wide and sample.header and (periods := period_columns(sample.columns)):
        time, value = added = added_names(names, periods, "timestamp")
        made = in_rows(sample, periods, added)
        wishes = replace(wishes, time=time, targets=(value,))
        if sample.rows > 1 and not roles_of(made.columns, time, value, wishes.items).items:
            raise CannotDraft(
                f"no column identifies the items of {sample.rows} rows: choose with --item COLUMN"
            )
        return made, wishes
    wide = wishes.targets
    if wishes.wide:
        wide = value_columns(sample.columns, wishes.time, wishes.items)
        if len(wide) < 2:
            only = f"only {wide[0]!r}" if wide else "none"
            raise CannotDraft(f"--wide needs several columns with numbers; there is {only}: leave it out")
    if len(wide) < 2:
        return sample, wishes
    check_names(sample.columns, wide)
    found = roles_of(sample.columns, wishes.time, wide[0], wishes.items)
    if taken := {found.time, *found.items} & set(wide):
        raise CannotDraft(f"{taken.pop()!r} cannot be the time or an item and also a --target: choose others")
    series, value = added = added_names(names, wide, "series")
    items = (*found.items, series)
    return in_rows(sample, wide, added), replace(wishes, time=found.time, targets=(value,), items=items)


def draft(sample: Sample, wishes: Wishes, span: tuple[str, str] | None = None) -> Draft:
    """The params.json for the sample's files. CannotDraft if the user must decide something.

    ``span``  the first and the last timestamp of all rows, if the sample is incomplete.
    """
    roles = roles_of(sample.columns, wishes.time, next(iter(wishes.targets), None), wishes.items)
    form = wishes.time_format or roles.form
    if " or " in form:
        raise CannotDraft(
            f"the timestamps in {roles.time!r} are ambiguous, {form}: choose with --time-format, "
            f"for example --time-format {form.split(' or ')[0]!r}"
        )
    roles = Roles(roles.time, form, roles.target, roles.items, roles.others)
    if "XXX" in form and wishes.time_zone is None:  # timestamps with offsets from UTC
        _check_offsets(sample.columns[roles.time], roles.time)
    cells = sample.columns[roles.time]  # many items have the same
    moments = {cell: moment_of_cell(cell, form, wishes.time_zone) for cell in set(cells)}
    stamps = [moments[cell] for cell in cells]
    known = [stamp for stamp in stamps if stamp is not None]
    frequency = Frequency.parse(wishes.frequency) if wishes.frequency else frequency_of_stamps(known)
    if frequency is None:
        raise CannotDraft(f"all rows have the same timestamp in {roles.time!r}; a forecast needs a history")
    comma = sample.delimiter != "," and decimal_comma(sample.columns[roles.target])
    facts = _Facts.of(sample, roles, stamps, frequency, comma)
    if span is not None:
        facts = replace(facts, longest=_periods(span, frequency))
    domain, domain_why = _domain(roles, wishes)
    names = _names(roles, domain, sample)
    horizon = wishes.horizon or _horizon(frequency, facts.longest)
    middlefill = _fill(facts)
    params = _params(sample, roles, names, domain, frequency, horizon, middlefill, _stated(form, frequency))
    if wishes.time_zone is not None:
        params["TimeZone"] = wishes.time_zone
    assumptions = [
        *_about_columns(sample, roles, names),
        Assumption(
            "frequency",
            f"{frequency}, {period_starts(frequency, facts.start)}",
            f"{facts.on_grid:.0%} of the rows are one period after the previous row",
            "--frequency TEXT",
        ),
        Assumption("season", *_season(frequency, facts.longest)),
        Assumption(
            "horizon",
            f"{_plural(horizon, 'period')} of {frequency}",
            f"the longest series has {facts.longest:,} periods",
            "--horizon N",
        ),
        Assumption("gaps", *_about_gaps(facts, middlefill)),
        Assumption("domain", domain, domain_why, "--domain NAME"),
    ]
    if facts.shared:
        assumptions.append(
            Assumption(
                "rows of one period",
                "are summed",
                f"{_plural(facts.shared, 'row')} with the same item and period as another",
                'aggregation in Featurizations ("avg", "first", "min", "max"), or more --item COLUMN',
            )
        )
    if not sample.whole:
        assumptions.append(
            Assumption(
                "sample", f"the first {sample.rows:,} rows", "the files have more rows", "the options above"
            )
        )
    return Draft(params, roles, names, tuple(assumptions), tuple(_obstacles(sample, roles, comma)), comma)


@dataclass(frozen=True)
class _Facts:
    """Facts about the grid, from the rows."""

    longest: int  # periods from the first to the last moment
    start: datetime  # the timestamp of a period, or its beginning
    periods: int  # of all items, each from its first row to the end
    observed: int
    shared: int  # rows in the item and period of another
    on_grid: float
    zeros: bool
    whole: bool
    negative: bool

    @classmethod
    def of(
        cls,
        sample: Sample,
        roles: Roles,
        stamps: Sequence[datetime | None],
        frequency: Frequency,
        comma: bool,
    ) -> "_Facts":
        numbers = [number_of_cell(cell, comma) for cell in sample.columns[roles.target]]
        keys = zip(*(sample.columns[name] for name in roles.items), strict=True) if roles.items else None
        labels = list(keys) if keys is not None else [()] * sample.rows
        rows = [
            (label, stamp, number)
            for label, stamp, number in zip(labels, stamps, numbers, strict=True)
            if stamp is not None and number is not None
        ]
        if not rows:
            raise CannotDraft(
                f"no row has both a timestamp in {roles.time!r} and a number in {roles.target!r}"
            )
        moments = np.array([stamp for _, stamp, _ in rows], "datetime64[s]")
        places = period_of(moments, frequency)
        codes = {label: number for number, label in enumerate(dict.fromkeys(label for label, _, _ in rows))}
        series = np.array([codes[label] for label, _, _ in rows])
        taken = np.unique(np.stack([series, places]), axis=1)
        first = np.full(len(codes), places.max())
        np.minimum.at(first, series, places)
        steps = np.diff(taken[1])[np.diff(taken[0]) == 0]
        values = np.array([number for _, _, number in rows])
        return cls(
            longest=int(places.max() - places.min() + 1),
            start=_start(moments, places, frequency),
            periods=int((places.max() - first + 1).sum()),
            observed=taken.shape[1],
            shared=len(rows) - taken.shape[1],
            on_grid=float((steps == 1).mean()) if len(steps) else 0.0,
            zeros=bool((values == 0).any()),
            whole=bool((values == np.round(values)).all()),
            negative=bool((values < 0).any()),
        )


def _start(moments: Moments, places: Periods, frequency: Frequency) -> datetime:
    """The latest timestamp if all have one position in their period, as month-ends do; else its beginning."""
    begins = moment_of(places, frequency)
    same = len(np.unique(moments - begins)) == 1 or frequency.unit in ("M", "Y")
    start: datetime = (moments if same else begins).max().item()
    return start


def _periods(span: tuple[str, str], frequency: Frequency) -> int:
    first, last = period_of(np.array(span, "datetime64[s]"), frequency).tolist()
    return int(last - first + 1)


def _check_offsets(cells: Sequence[str], column: str) -> None:
    """CannotDraft if timestamps have several offsets from UTC, because their local time is unknown."""
    offsets = sorted({match[0] for cell in cells if (match := OFFSET.search(cell.strip()))})
    if len(offsets) > 1:
        raise CannotDraft(
            f"the timestamps in {column!r} have {len(offsets)} offsets from UTC, "
            f"{' and '.join(offsets[:2])}: "
            "choose the time zone with --time-zone, for example --time-zone Europe/Berlin"
        )


def _domain(roles: Roles, wishes: Wishes) -> tuple[str, str]:
    if wishes.domain is not None:
        return wishes.domain, "as requested"
    given = {roles.target.lower(), *(name.lower() for name in roles.items[:1])}
    for domain in DOMAINS:
        fields = {identifier_field(domain), target_field(domain)}
        own = target_field(domain) not in ("value", "target_value")  # names that do not indicate a domain
        if fields <= given or (own and target_field(domain) in given):
            return domain, f"a column is named {target_field(domain)!r}"
    return "CUSTOM", "no column name belongs to another domain"


def _names(roles: Roles, domain: str, sample: Sample) -> dict[str, str]:
    """The schema's name for each column."""
    identifier = roles.items[0] if roles.items else None
    names = {roles.time: "timestamp", roles.target: target_field(domain)}
    if identifier is not None:
        names[identifier] = identifier_field(domain)
    taken = {*names.values(), identifier_field(domain)}
    for column in sample.columns:
        if column in names:
            continue
        name = schema_name(column, taken)
        names[column] = name
        taken.add(name)
    return names


def schema_name(column: str, taken: Collection[str]) -> str:
    """A name that params.json allows for ``column``, which is none of those ``taken``.

    >>> schema_name("Store no.", ()), schema_name("2nd", ()), schema_name("Store no.", ["store_no"])
    ('store_no', 'column_2nd', 'store_no_1')
    """
    name = re.sub(r"\W+", "_", column, flags=re.ASCII).strip("_").lower()[:50]
    name = name if name[:1].isalpha() else f"column_{name}".rstrip("_")
    if is_reserved(name) or is_taken(name):
        name = f"{name}_1" if is_reserved(name) else f"item_{name}"
    while name in taken or is_reserved(name) or is_taken(name):
        name += "_1"
    return name


def _params(
    sample: Sample,
    roles: Roles,
    names: Mapping[str, str],
    domain: str,
    frequency: Frequency,
    horizon: int,
    middlefill: str | None,
    stated: str,
) -> dict[str, Any]:
    stem = re.sub(r"\W+", "", sample.files[0].name.partition(".")[0].title(), flags=re.ASCII)
    stem = (stem if stem[:1].isalpha() else f"My{stem}")[:40]
    kinds = {"timestamp": "timestamp", target_field(domain): "float"}
    own = [identifier_field(domain)] if not roles.items else []
    columns = [*own, *(names[column] for column in sample.columns)]
    config: dict[str, Any] = {"ForecastFrequency": str(frequency)}
    if len(roles.items) > 1:
        config["ForecastDimensions"] = [names[name] for name in roles.items[1 : MOST_DIMENSIONS + 1]]
    if middlefill is not None:
        method = {
            "FeaturizationMethodName": "filling",
            "FeaturizationMethodParameters": {"middlefill": middlefill, "backfill": middlefill},
        }
        config["Featurizations"] = [
            {"AttributeName": target_field(domain), "FeaturizationPipeline": [method]}
        ]
    return {
        "DatasetGroup": {"DatasetGroupName": f"{stem}Group", "Domain": domain},
        "Datasets": [
            {
                "DatasetName": stem,
                "Domain": domain,
                "DatasetType": "TARGET_TIME_SERIES",
                "DataFrequency": str(frequency),
                "Schema": {
                    "Attributes": [
                        {"AttributeName": name, "AttributeType": kinds.get(name, "string")}
                        for name in columns
                    ]
                },
            }
        ],
        "Predictor": {
            "PredictorName": f"{stem}Predictor",
            "ForecastHorizon": horizon,
            "FeaturizationConfig": config,
            "PerformAutoML": True,
        },
        "Forecast": {"ForecastName": f"{stem}Forecast", "ForecastTypes": ["0.1", "0.5", "0.9"]},
        "TimestampFormat": stated,
        "PerformDelete": False,
    }


def _stated(form: str, frequency: Frequency) -> str:
    """The TimestampFormat: the file's if the import reads it, otherwise that of a converted file."""
    if form in (DAY, MOMENT):
        return form
    return MOMENT if frequency.has_time_of_day or "H" in form or "h" in form else DAY


def _horizon(frequency: Frequency, longest: int) -> int:
    """A season or a usual horizon, at most a third of the history, which the service allows."""
    wanted = HORIZONS.get(frequency.unit) or season_length(frequency)
    if frequency.unit in HORIZONS and frequency.count > 1:
        wanted = max(1, wanted // frequency.count)
    return max(1, min(wanted, LONGEST_HORIZON, longest // 3))


def _season(frequency: Frequency, longest: int) -> tuple[str, str, str]:
    season = season_length(frequency)
    change = "Predictor.SeasonLength, if it is another one"
    if season == 1:
        return "none", "yearly data have none", change
    if longest < 2 * season:
        return "none", f"{longest:,} periods are less than two seasons of {season:,}", change
    return (
        f"{season} periods, a {SEASONS[frequency.unit]}",
        "from the calendar; checked for each series",
        change,
    )


def _fill(facts: _Facts) -> str | None:
    """The meaning of a period without a row; None if there is none."""
    if facts.observed == facts.periods:
        return None
    often = facts.periods - facts.observed >= OFTEN * facts.periods
    return "zero" if often and facts.whole and not facts.zeros and not facts.negative else "nan"


def _about_gaps(facts: _Facts, middlefill: str | None) -> tuple[str, str, str]:
    change = "middlefill and backfill in Featurizations (docs/how-to/params.md)"
    missing = facts.periods - facts.observed
    if middlefill is None:
        return "none", "every period has a row", change
    share = f"{missing:,} of {facts.periods:,} periods have no value"
    if middlefill == "zero":
        return (
            "are zero",
            f"{share}, and no row has a zero; rows seem to be omitted when nothing happened",
            change,
        )
    return "are unknown (nan)", share, change


def _about_columns(sample: Sample, roles: Roles, names: Mapping[str, str]) -> list[Assumption]:
    def shown(column: str) -> str:
        return f"column {column}" if column in sample.given and not sample.header else repr(column)

    columns = _few([shown(name) for name in sample.columns])
    told = []
    if roles.items:
        told.append(
            Assumption("item", shown(roles.items[0]), f"chosen from the columns {columns}", "--item COLUMN")
        )
    else:
        told.append(
            Assumption(
                "item",
                f"one, {ONE_ITEM!r}",
                f"none of the columns {columns} identifies items",
                "--item COLUMN",
            )
        )
    if sample.wide:
        what = "series" if roles.time in (*sample.given, " and ".join(sample.joined)) else "periods"
        count = f"{len(sample.wide)} columns, {listed(sample.wide, SHOWN)}"
        told.append(
            Assumption(what, count, "they become rows, one for each value", "--target COLUMN for each")
        )
    if len(roles.items) > 1:
        dimensions = ", ".join(shown(name) for name in roles.items[1:])
        why = "without them, an item has several rows per timestamp"
        told.append(Assumption("dimensions", dimensions, why, "--item COLUMN, once for each column"))
    told.append(Assumption("time", shown(roles.time), f"its format is {roles.form}", "--time COLUMN"))
    told.append(Assumption("target", shown(roles.target), "it contains numbers", "--target COLUMN"))
    if roles.others:
        others = _few([f"{shown(name)} as {names[name]!r}" for name in roles.others])
        why = "kept as text but not used; numbers can go into a related series, attributes into item metadata"
        told.append(Assumption("not used", others, why, "docs/how-to/related.md"))
    return told


def _obstacles(sample: Sample, roles: Roles, comma: bool) -> list[str]:
    """Why the import cannot read the files unchanged."""
    found = []
    if sample.delimiter != ",":
        found.append(f"cells are separated by {DELIMITERS[sample.delimiter]}, not by commas")
    if sample.encoding not in ("utf-8", "utf-8-sig"):
        found.append(f"the text is {sample.encoding.upper()}, not UTF-8")
    if sample.wide:
        found.append(
            f"{len(sample.wide)} columns are a series or a period each, but the import reads a row for each "
            "value"
        )
    if sample.above:
        found.append(f"{_plural(sample.above, 'line')} above the table must be removed")
    if comma:
        found.append("numbers have decimal commas")
    if sample.joined:
        found.append(f"the timestamp is split into several columns, {' and '.join(map(repr, sample.joined))}")
    if roles.form not in (DAY, MOMENT):
        found.append(f"timestamps have the format {roles.form}, not {DAY} or {MOMENT}")
    if sample.numbers and (unread := [n for n in (*roles.items, *roles.others) if n in sample.numbers]):
        found.append(
            f"{listed(unread, SHOWN)} contain numbers, but extra columns of a target dataset must be text"
        )
    if len(sample.columns) > MOST_COLUMNS:
        found.append(
            f"there are {len(sample.columns)} columns, but a target dataset has at most {MOST_COLUMNS}"
        )
    if sample.odd:
        lines = ", ".join(map(str, sample.odd))
        found.append(f"some lines have a different number of cells: {lines}")
    return found


def _few(texts: Sequence[str]) -> str:
    """The texts with commas; of many, the first and how many there are besides."""
    text = ", ".join(texts[:SHOWN])
    return f"{text} and {len(texts) - SHOWN} more" if len(texts) > SHOWN else text


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
