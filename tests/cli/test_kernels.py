"""Where kernels are compiled for the first time, people are told, and how far it is."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numba as nb
import pytest

from stepcast.cli.kernels import names_an_algorithm
from stepcast.engine import kernel_stamp
from stepcast.engine.auto.compilation import compilations
from stepcast.pipeline.compiling import compiling_logged

ROOT = Path(__file__).parents[2]
TWICE = """
from stepcast.cli.kernels import compile_kernels
compile_kernels(print)
print("again")
compile_kernels(print)
"""


def a_kernel() -> "nb.core.dispatcher.Dispatcher":
    def double(x: float) -> float:
        return 2 * x

    double.__module__ = "stepcast.engine.auto.made_up"
    return nb.njit(double)


def test_a_kernel_is_told_when_it_is_compiled_and_not_when_it_is_used() -> None:
    begun: list[str] = []
    kernel, another = a_kernel(), nb.njit(lambda x: 3 * x)

    with compilations(begun.append):
        assert (kernel(1.0), kernel(2.0), another(1.0)) == (2, 4, 3)

    assert len(begun) == 1
    assert begun[0].startswith("stepcast.engine.auto.made_up.")
    assert begun[0].endswith("double")


def test_the_log_has_a_line_before_and_after(caplog: pytest.LogCaptureFixture) -> None:
    kernel = a_kernel()

    with compiling_logged():
        kernel(1.0)
    with compiling_logged():
        kernel(1.0)

    assert [record.message for record in caplog.records] == ["compiling_kernels", "kernels_compiled"]
    assert vars(caplog.records[1])["kernels"] == 1


def test_the_stamp_is_of_the_present_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "members").mkdir()
    for name in ("kernels.py", "members/more.py"):
        (tmp_path / name).write_text("one = 1")
    monkeypatch.setattr(kernel_stamp, "KERNELS", tmp_path)

    before = kernel_stamp.is_compiled()
    kernel_stamp.mark_compiled()
    after = kernel_stamp.is_compiled()
    (tmp_path / "members/more.py").write_text("two = 22")

    assert (before, after, kernel_stamp.is_compiled()) == (False, True, False)


def test_the_command_line_shows_how_far_it_is_once(tmp_path: Path) -> None:
    """Where a few kernels are missing, as after an upgrade: to compile all of them takes half a minute."""
    some = shutil.ignore_patterns("intermittent_kernels.*.nb?")
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=some)

    done = subprocess.run(
        [sys.executable, "-c", TWICE],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "src")},
        capture_output=True,
        text=True,
        check=True,
    )

    *lines, ready, again = done.stdout.splitlines()
    counts = [tuple(map(int, line.rpartition(": ")[2].split(" of "))) for line in lines]
    assert lines[0].startswith("compiling the forecasting kernels, once per machine: 1 of ")
    assert counts == sorted(counts)
    assert 5 < counts[-1][0] <= counts[-1][1]
    assert counts[-1][1] > 30
    assert (ready, again) == ("the forecasting kernels are compiled", "again")


@pytest.mark.parametrize(
    ("params", "named"),
    [
        (b'{"Predictor": {"AlgorithmArn": "arn:aws:forecast:::algorithm/ETS"}}', True),
        (b'{"Predictor": {"PerformAutoML": true}}', False),
        (b'{"Predictor": 3}', False),
        (b"[", False),
        (b"\xff", False),
    ],
)
def test_a_named_algorithm_needs_none(params: bytes, named: bool) -> None:
    assert names_an_algorithm(params) is named
