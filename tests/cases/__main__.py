"""``python -m tests.cases``: the expected and the actual result for every folder of ../shared/data/cases."""

import sys

from tests.cases.table import CASES, judge
from tests.shared_data import ROOT

WIDTH = 110

folder = ROOT / "cases"
if not folder.is_dir():
    sys.exit(f"{folder} is absent")
right = 0
for name, case in CASES.items():
    got, wrong = judge(folder / name)
    right += not wrong
    print(f"{name:<7}{'right' if not wrong else 'WRONG'}  expected {case}"[:WIDTH])  # noqa: T201
    print(f"{'':<14}got      {got}"[:WIDTH])  # noqa: T201
    for line in (*wrong, *([f"elsewhere: {case.elsewhere}"] if case.elsewhere else [])):
        print(f"{'':<14}{line}"[:WIDTH])  # noqa: T201
print(f"{right} of {len(CASES)} right")  # noqa: T201
