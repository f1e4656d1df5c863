"""What a run would report about the input, without the run."""

import tempfile
from pathlib import Path
from typing import Any

from stepcast.pipeline import layout, objects
from stepcast.pipeline.importing import import_input
from stepcast.pipeline.problems import Report
from stepcast.pipeline.read_params import read_params

__all__ = ["RUN", "check"]

RUN = "check"


def check(s3: Any, bucket: str, scratch: Path | None = None) -> Report:
    """Every problem of params.json or, if that is valid, of the files, and a summary of the data.

    Rows and shards are written as in a run, to a run named ``check``; ``s3`` must keep them out of the
    user's bucket (``FileBucket``, ``InputOnly``). ``scratch`` is the working folder of the import, by default
    the system's folder for temporary files.

    Raises ResourceNotFoundException without a params.json, Superseded if a file changes while it is read.
    """
    report = Report()
    params, problems = read_params(objects.read(s3, bucket, layout.PARAMS))
    report.extend(problems)
    if params is not None:
        with tempfile.TemporaryDirectory(prefix="stepcast-check-", dir=scratch) as folder:
            rows = layout.rows(params.target.dataset_name, RUN)
            import_input(s3, bucket, RUN, params, rows, report, Path(folder))
    return report
