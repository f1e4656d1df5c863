"""Imported before any test: `tests` is one package of two folders, this one's and that of packages/localaws.

pytest, which imports files by their path, would make it one of the folder that it meets first.
"""

from importlib.util import find_spec

import tests  # noqa: F401

pytest_plugins = ["tests.longest_first", "tests.services.plugin"]
collect_ignore = [  # they run where MLflow or Spark is installed, and have no examples
    "src/stepcast/connect/mlflow/model.py",
    "src/stepcast/connect/spark",
]
if find_spec("sktime") is None:
    collect_ignore.append("src/stepcast/connect/sktime.py")
