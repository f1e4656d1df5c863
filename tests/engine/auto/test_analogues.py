"""Items without history are forecast as similar ones are."""

import numpy as np
import pytest

from stepcast.engine import archive
from stepcast.engine.auto import Shared, fit_shared, forecast, train
from stepcast.engine.auto.series.quantile_grid import PROBABILITIES
from stepcast.engine.auto.sources.analogues import fit_analogues
from stepcast.engine.frequency import Frequency
from stepcast.engine.panel import Metadata, Panel
from stepcast.engine.task import Task

TASK = Task(horizon=4, outputs=(0.1, 0.5, 0.9, "mean"))
LEVELS = {"lamps": 100.0, "chairs": 10.0, "tables": 1.0}


def furniture(new: tuple[str, ...], items: int = 18) -> Panel:
    """Months of sales whose size the category decides; ``new`` items of some category have none."""
    draw = np.random.default_rng(5)
    kinds = [list(LEVELS)[place % 3] for place in range(items)]
    series = [LEVELS[kind] * np.exp(draw.normal(0, 0.2) + draw.normal(0, 0.05, 30)) for kind in kinds]
    values = (*series, *[np.empty(0)] * len(new))
    ids = tuple(f"item-{place}" for place in range(len(values)))
    traits = tuple((kind, str(place % 5)) for place, kind in enumerate([*kinds, *new]))
    seen = tuple(np.isfinite(one) for one in values)
    return Panel(
        ids, values, seen, 600, Frequency.parse("M"), metadata=Metadata(("category", "shelf"), traits)
    )


def made(panel: Panel, shared: Shared | None = None) -> tuple[np.ndarray, tuple[str, ...]]:
    shared = shared or fit_shared(panel, TASK)
    found = forecast(panel, TASK, train(panel, TASK, shared))
    return found.values, found.notes


def test_a_new_item_is_forecast_like_its_category() -> None:
    values, notes = made(furniture(("lamps", "tables")))

    lamp, table = values[-2:, :, 1]
    assert lamp == pytest.approx(np.full(4, 100), rel=0.35)
    assert table == pytest.approx(np.full(4, 1), rel=0.35)
    assert "similar" not in notes[0]
    assert "other items (similar by category" in notes[-1]


def test_a_new_item_is_less_certain_than_those_it_is_like() -> None:
    values, _ = made(furniture(("lamps",)))

    width = values[:, :, 2] - values[:, :, 0]
    assert (width[-1] > 1.5 * width[0]).all()
    assert (np.diff(values[-1, :, :3], axis=-1) >= 0).all()


def test_an_item_of_an_unknown_kind_may_be_like_any() -> None:
    values, notes = made(furniture(("sofas",)))

    low, _, high, mean = values[-1, 0]
    assert low < 3
    assert high > 60
    assert low < mean < high
    assert "blended from" in notes[-1]


def test_a_panel_without_metadata_blends_all_items() -> None:
    panel = furniture(("lamps",))
    values, notes = made(Panel(panel.ids, panel.values, panel.observed, panel.end, panel.frequency))

    assert "no attributes to compare" in notes[-1]
    assert values[-1, 0, 0] < 10 < values[-1, 0, 2]


def test_new_items_are_forecast_alike_in_every_shard_and_from_bytes() -> None:
    panel = furniture(("lamps", "chairs"))
    shared = fit_shared(panel, TASK)
    whole, _ = made(panel, shared)

    alone, _ = made(panel.take([19]), archive.from_bytes(Shared, archive.to_bytes(shared)))

    assert np.array_equal(alone[0], whole[19])


def test_a_panel_of_nothing_but_new_items_is_forecast_as_zero() -> None:
    panel = furniture(("lamps", "chairs")).take([18, 19])

    values, notes = made(panel)

    assert not values.any()
    assert "zero" in notes[0]


def test_what_an_attribute_is_worth_is_what_it_explains() -> None:
    draw = np.random.default_rng(1)
    codes = np.stack([np.arange(60) % 3, draw.integers(0, 4, 60)], axis=1).astype(float)
    level = np.exp(2 * codes[:, 0] + draw.normal(0, 0.3, 60))
    tables = level[:, None, None] * np.linspace(0.8, 1.2, len(PROBABILITIES))[None, None]

    found = fit_analogues(codes, np.repeat(tables, 4, axis=1))

    assert found is not None
    assert found.importance[0] > 1
    assert found.importance[1] < 0.1 * found.importance[0]
