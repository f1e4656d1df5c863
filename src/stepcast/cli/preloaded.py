"""What several functions of the local stack import: once, instead of once in each of a dozen processes."""

from localaws import Preload

__all__ = ["PRELOADED", "PRELOADED_FOR_A_RUN"]

PRELOADED = Preload(
    modules=(
        *("aws_lambda_powertools.logging", "aws_lambda_powertools.metrics"),
        *("boto3", "botocore.endpoint", "pydantic.dataclasses"),
        # pyarrow imports pandas, if it is there, when it is first given values.
        *("numpy", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "pandas", "numba"),
    ),
    variables=("*_NUM_THREADS", "NUMBA_*", "POWERTOOLS_*"),
    services=("s3",),
)

# A stack that lives longer must not keep the sources as they were when it started: whoever changes them would
# wait for their effect.
PRELOADED_FOR_A_RUN = Preload(
    modules=(
        *PRELOADED.modules,
        "stepcast.pipeline.aws",
        *(
            f"stepcast.pipeline.steps.{step}"
            for step in ("start_execution", "create_dataset", "import_data", "monitor_drift", "fit_shared")
        ),
        *(
            f"stepcast.pipeline.steps.{step}"
            for step in ("train_predictor", "forecast", "export", "notify", "cleanup")
        ),
    ),
    variables=PRELOADED.variables,
    services=("s3", "sns"),
)
